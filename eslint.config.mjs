// The house rules as data: which room may import which, and where the editor's API may appear.
import { join } from 'node:path';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import { beforePackagesRules } from './scripts/lint/beforePackages.mjs';
import { houseRules } from './scripts/lint/house.mjs';
import { commentRules } from './scripts/lint/comments.mjs';
import { nameRules } from './scripts/lint/names.mjs';

/** Folder of src/ -> folders or single files that it may import. What is not named here is in no room. */
const rooms = {
  base: [],
  hosts: ['base'],
  'libvirt/xdr': [],
  libvirt: ['libvirt/xdr', 'hosts', 'base'],
  domain: ['hosts/login'],
  'domain/chains': ['domain'],
  qemu: ['domain', 'base'],
  steps: ['domain/chains', 'domain'],
  operations: ['steps', 'domain/chains', 'domain'],
  'operations/describe': ['operations', 'domain'],
  'operations/undo': ['domain'],
  'operations/rename': ['operations/describe', 'operations', 'steps', 'domain/chains', 'domain'],
  'operations/create': ['operations', 'steps', 'domain/chains', 'domain'],
  'operations/clone': ['operations/create', 'operations', 'steps', 'domain/chains', 'domain'],
  'operations/power': ['operations/clone', 'operations', 'steps', 'domain/chains', 'domain'],
  'operations/revert': ['operations/create', 'operations', 'steps', 'domain/chains', 'domain'],
  'operations/delete': ['operations', 'steps', 'domain/chains', 'domain'],
  'operations/prune': ['operations/delete', 'operations', 'domain'],
  'operations/consolidate': ['operations/delete', 'operations', 'steps', 'domain/chains', 'domain'],
  'operations/repair': [
    'operations/revert',
    'operations/delete',
    'operations/rename',
    'operations',
    'steps',
    'domain/chains',
    'domain',
  ],
  // The rows of all, and what decides about any of them.
  'operations/decide': [
    'operations/clone',
    'operations/consolidate',
    'operations/create',
    'operations/delete',
    'operations/describe',
    'operations/power',
    'operations/prune',
    'operations/rename',
    'operations/repair',
    'operations/revert',
    'operations',
    'steps',
    'domain/chains',
    'domain',
  ],
  diagnosis: [
    'operations/create',
    'operations/delete',
    'operations/revert',
    'operations/repair',
    'operations',
    'steps',
    'domain/chains',
    'domain',
  ],
  journal: ['operations', 'steps', 'domain', 'base'],
  driver: ['driver/xml', 'libvirt', 'steps', 'domain', 'hosts', 'base'],
  'driver/xml': ['steps', 'domain'],
  'driver/files': ['driver', 'driver/xml', 'libvirt', 'qemu', 'domain', 'hosts', 'base'],
  'driver/run': ['driver', 'driver/xml', 'libvirt', 'steps', 'domain', 'base'],
  'driver/guest': ['driver', 'driver/xml', 'libvirt', 'domain', 'hosts', 'base'],
  'driver/cluster': ['driver/xml', 'domain', 'hosts', 'base'],
  'driver/connection': [
    'driver',
    'driver/cluster',
    'driver/files',
    'driver/guest',
    'driver/run',
    'driver/xml',
    'libvirt',
    'qemu',
    'steps',
    'domain',
    'hosts',
    'base',
  ],
  live: ['driver', 'operations', 'domain/chains', 'domain', 'hosts', 'base'],
  'engine/leases': ['live', 'journal', 'domain', 'base'],
  'engine/look': [
    'engine/leases',
    'live',
    'driver',
    'journal',
    'diagnosis',
    'operations/decide',
    'operations',
    'steps',
    'domain/chains',
    'domain',
    'base',
  ],
  'engine/run': ['engine/look', 'engine/leases', 'live', 'driver', 'journal', 'operations', 'steps', 'domain', 'base'],
  'engine/recover': [
    'engine/run',
    'engine/look',
    'engine/leases',
    'live',
    'journal',
    'operations/decide',
    'operations',
    'steps',
    'domain',
    'base',
  ],
  'engine/after': [
    'engine/run',
    'engine/look',
    'live',
    'journal',
    'operations/decide',
    'operations',
    'domain/chains',
    'domain',
    'base',
  ],
  engine: [
    'engine/after',
    'engine/recover',
    'engine/run',
    'engine/look',
    'engine/leases',
    'live',
    'driver',
    'journal',
    'diagnosis',
    'operations/decide',
    'operations/clone/planDiscard',
    'operations/clone/cloneDisks',
    'operations/undo',
    'operations',
    'steps',
    'domain/chains',
    'domain',
    'hosts',
    'base',
  ],
  systems: ['live', 'engine', 'journal', 'operations/prune/pruneRule', 'operations', 'domain', 'base'],
  bisect: ['live', 'engine', 'journal', 'operations', 'domain', 'base'],
  health: ['live', 'engine', 'diagnosis', 'domain', 'manifest', 'base'],
  manifest: ['domain'],
  verbs: ['domain'],
  session: [
    'bisect',
    'systems',
    'engine',
    'engine/leases/busyElsewhere',
    'live',
    'journal',
    'driver',
    'driver/connection',
    // A file of a guest is copied on a connection of its own.
    'driver/guest',
    'libvirt',
    'operations/revert/afterChoices',
    'operations/decide/losesNothingBut',
    'operations',
    'text/guests/copyFailure',
    // A repair is asked for by the name that its report has.
    'diagnosis/examination',
    'domain',
    'manifest',
    'hosts',
    'base',
  ],
  text: [
    'manifest',
    'verbs',
    'bisect/bisectStop',
    'bisect/finding',
    'bisect/search',
    'systems',
    'live',
    'diagnosis',
    'operations/undo/undoRules',
    'operations/revert/endState',
    'operations',
    'steps',
    'domain',
    'hosts',
    'base',
  ],
  // VMs that we make, for a lab or alone.
  made: ['session', 'text', 'engine', 'live', 'journal/labStore', 'qemu', 'domain', 'base'],
  lab: [
    'made',
    // What was fetched into their store.
    'driver/files/keptImages',
    'driver/files/labImages',
    'session',
    'text',
    'systems',
    'qemu',
    'engine',
    'live',
    'journal/labStore',
    'journal/entry',
    'journal/refusedRequests',
    'journal/writer',
    'diagnosis/thresholds',
    'operations',
    'domain',
    'base',
  ],
  lesson: ['lab/readYaml', 'lab/shapeParts', 'text', 'engine', 'diagnosis', 'steps', 'domain/chains', 'domain', 'base'],
  agents: [
    'session',
    'driver/connection/standstill',
    'text',
    'engine',
    'live',
    'journal/agentCheckpoints',
    'journal/audit',
    'operations',
    'domain',
    'manifest',
    'base',
  ],
  'agents/mcp': ['agents', 'base'],
  api: [
    'lab',
    'session',
    'systems',
    'text',
    'engine',
    'live',
    'operations/power/alreadyInState',
    'operations',
    'domain',
    'manifest',
    'base',
  ],
  // Files of VMs, looked at and sent between hosts.
  transfer: [
    'session/sessionFolder',
    'text',
    'engine',
    'live',
    'journal',
    'driver/files',
    'qemu',
    'hosts',
    'domain/chains',
    'domain',
    'base',
  ],
  // What a wing hands in at the doors. No room imports one: the core knows none.
  wings: [
    'cli/context',
    'session/readers',
    'session/leftWork',
    'ui',
    'ui/commands',
    'ui/tree',
    'engine',
    'verbs/verb',
    'base',
  ],
  ...roomsOfWings(),
  cli: [
    'lab',
    'lesson',
    'agents',
    'agents/mcp',
    'session',
    'systems',
    'bisect',
    'health',
    'text',
    'engine',
    'live',
    'journal/readAudit',
    'diagnosis',
    'qemu/layerCosts',
    'operations/prune/pruneRule',
    'operations/undo/undoRules',
    'operations/power/alreadyInState',
    'operations',
    'steps',
    'domain',
    'manifest',
    'base',
  ],
  ui: ['text', 'engine', 'live', 'manifest', 'verbs', 'base'],
  'ui/documents': ['engine', 'domain', 'base'],
  'ui/prompts': [
    'ui',
    'text',
    'systems',
    'engine',
    'live',
    'operations/prune/pruneRule',
    'domain',
    'manifest',
    'verbs',
    'hosts',
    'base',
  ],
  'ui/health': [
    'health',
    'ui/prompts',
    'ui',
    'text',
    'engine',
    'live',
    'diagnosis',
    'domain',
    'manifest',
    'verbs',
    'base',
  ],
  'ui/tree': [
    'bisect/knownBisects',
    'ui/health',
    'health',
    'ui',
    'text',
    'systems',
    'engine',
    'live',
    'diagnosis',
    'domain',
    'manifest',
    'verbs',
    'base',
  ],
  'ui/picture': [
    'systems',
    'ui/tree',
    'ui/health',
    'health',
    'ui/prompts',
    'ui',
    'text',
    'engine',
    'live',
    'diagnosis',
    'operations/consolidate/consolidateWays',
    'operations/revert/endState',
    'operations/revert/afterChoices',
    'operations',
    'domain',
    'manifest',
    'verbs',
    'base',
  ],
  // Runs in a browser: it shares the messages, and what says sizes and letters.
  'ui/picture/page': ['ui/picture/messages', 'operations/whatIf', 'domain', 'text/bytesText', 'text/rows/layerLetter'],
  'ui/guest/page': ['ui/guest'],
  'ui/history': ['ui/tree', 'ui', 'text', 'journal', 'engine', 'live', 'domain', 'manifest', 'verbs', 'base'],
  'ui/problems': ['ui/tree', 'ui', 'text', 'engine', 'live', 'domain', 'manifest', 'verbs', 'base'],
  'ui/vms': ['ui/tree', 'health', 'ui', 'text', 'engine', 'live', 'domain', 'manifest', 'verbs', 'base'],
  'ui/lesson': [
    // Its goal is drawn as the picture draws.
    'ui/picture/messages',
    'ui/picture/page',
    'ui',
    'lesson',
    'text',
    'domain',
    'manifest',
    'verbs',
    'base',
  ],
  'ui/guest': ['ui/prompts', 'ui', 'text', 'engine', 'live', 'domain', 'manifest', 'verbs', 'base'],
  'ui/agents': ['agents', 'session', 'ui', 'text', 'engine', 'manifest', 'verbs', 'base'],
  'ui/lab': ['lab', 'ui', 'text', 'manifest', 'verbs', 'base'],
  'ui/commands': [
    'made',
    'bisect',
    'lab',
    'session',
    'journal/labStore',
    'ui/guest',
    'ui/history',
    'ui/problems',
    'ui/vms',
    'ui/lesson',
    'ui/picture',
    'ui/tree',
    'ui/health',
    'health',
    'ui/prompts',
    'ui/documents',
    'ui',
    'lesson',
    'text',
    'systems',
    'engine',
    'engine/leases/operationStatus',
    'live',
    'driver/sharedHost',
    'libvirt/uri',
    'journal/agentCheckpoints',
    'journal/readAudit',
    'diagnosis',
    'operations/decide/planners',
    'operations/consolidate/consolidateWays',
    'operations/prune/pruneRule',
    'operations/revert/endState',
    'operations/revert/afterChoices',
    'operations',
    'steps',
    'domain',
    'manifest',
    'verbs',
    'base',
  ],
  'ui/tasks': [
    'ui/commands',
    'ui/prompts',
    'text',
    'engine',
    'operations/power/alreadyInState',
    'domain',
    'manifest',
    'verbs',
    'base',
  ],
};

/** What stands in each wing, from the ground up: each may use what is before it. `.`: in no folder of the wing. */
function wings() {
  return {
    inside: ['insideFailure', 'bytes', 'read', 'back', '.', 'changes', 'commands', 'editor'],
    copies: ['copiesFailure', 'repository', 'plain', 'restore', 'schedules', '.', 'commands', 'editor'],
    guest: ['guestFailure', 'images', 'make', 'ssh', '.', 'commands', 'editor'],
    cluster: ['clusterFailure', 'live', 'move', 'given', 'placement', '.', 'commands', 'editor'],
  };
}

/** The law of wings: one uses itself and the core; its commands the command line, its editor the editor. */
function roomsOfWings() {
  const core = [
    // What an agent may read of a text of others.
    'agents/guestText',
    ...[
      'made',
      'transfer',
      'session',
      'text',
      'engine',
      'live',
      'journal',
      'driver/files',
      'driver/sharedHost',
      'driver/migrationHost',
      'qemu',
      'operations',
    ],
    'hosts',
    ...['domain/chains', 'domain', 'base'],
  ];
  /** Of single wings, beside that. */
  const more = {
    cluster: ['libvirt/uri', 'driver/cluster'],
  };
  const shells = { commands: ['cli'], editor: ['ui/commands', 'ui/guest', 'ui/prompts', 'ui/tree', 'ui'] };
  return Object.fromEntries(
    Object.entries(wings()).flatMap(([wing, folders]) => {
      const paths = folders.map((folder) => (folder === '.' ? `wings/${wing}` : `wings/${wing}/${folder}`));
      return folders.map((folder, at) => [
        paths[at],
        [...paths.slice(0, at), 'wings/wing', 'verbs/verb', ...(shells[folder] ?? []), ...(more[wing] ?? []), ...core],
      ]);
    }),
  );
}
const editorRooms = Object.keys(rooms).filter(
  (room) => /^ui(\/|$)|^wings$|\/editor$/u.test(room) && !room.endsWith('/page'),
);

/** Those that start a program on images take a `JudgedChain`; the rest tell people what to type. */
const imageDoors = [
  'qemu/qemuImg.ts',
  'driver/files/shellHost.ts',
  'driver/run/openImages.ts',
  'libvirt/procedures.ts',
  'wings/inside/bytes/servedImage.ts',
  'wings/inside/bytes/servedThere.ts',
  'steps/',
  'text/',
];

/**
 * What of the editor's API reads a text for links, icons or markup, and the one file that may call it: there, text from
 * a libvirt is made text again.
 */
const doors = [
  {
    file: 'src/ui/prompts/notify.ts',
    calls:
      'showInformationMessage|showWarningMessage|showErrorMessage|withProgress|setStatusBarMessage|createStatusBarItem',
  },
  {
    file: 'src/ui/prompts/ask.ts',
    calls: 'showInputBox|showQuickPick|createInputBox|createQuickPick|showWorkspaceFolderPick',
  },
  {
    file: 'src/ui/tree/treeItems.ts',
    classes: 'TreeItem|MarkdownString',
    gives: 'message|tooltip|badge|isTrusted|supportHtml|supportThemeIcons',
  },
  { file: 'src/ui/guest/terminals.ts', calls: 'createTerminal' },
  { file: 'src/ui/lab/labLanguage.ts', calls: 'registerHoverProvider|registerCodeLensProvider' },
  // Nothing is said in these ways, so nobody has a door yet.
  {
    calls: 'createTextEditorDecorationType|createChatParticipant',
  },
];

/** @param {string | undefined} file whose own door stays open */
const doorSelectors = (file) => [
  // A part of the API under another name would go past the rest.
  { selector: "VariableDeclarator[init.name='vscode']", message: 'Name the parts of vscode in full.' },
  {
    selector: "VariableDeclarator[init.object.name='vscode'][init.property.name='window']",
    message: 'Name vscode.window in full.',
  },
  { selector: "MemberExpression[computed=true][object.name='vscode']", message: 'Name the parts of vscode in full.' },
  {
    selector: "MemberExpression[computed=true][object.object.name='vscode'][object.property.name='window']",
    message: 'Name the parts of vscode.window in full.',
  },
  {
    selector: "ImportDeclaration[source.value='vscode'][importKind!='type'] > ImportSpecifier[importKind!='type']",
    message: "Import vscode as a whole: the rules about text from outside look for 'vscode.'.",
  },
  ...doors
    .filter((door) => door.file === undefined || door.file !== file)
    .flatMap(({ file: door = 'a file of its own', calls, classes, gives }) => [
      ...(calls === undefined
        ? []
        : [{ selector: `MemberExpression[property.name=/^(${calls})$/]`, message: `Only ${door} calls this.` }]),
      ...(classes === undefined
        ? []
        : [{ selector: `NewExpression[callee.property.name=/^(${classes})$/]`, message: `Only ${door} makes these.` }]),
      ...(gives === undefined || file !== undefined
        ? []
        : [
            {
              selector: `AssignmentExpression[left.type='MemberExpression'][left.property.name=/^(${gives})$/]`,
              message: `Only ${door} gives texts to the tree.`,
            },
          ]),
    ]),
];

const doorRules = [
  {
    files: ['src/extension.ts', 'src/ui/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...doorSelectors(undefined)] },
  },
  ...doors
    .filter(({ file }) => file !== undefined)
    .map(({ file }) => ({ files: [file], rules: { 'no-restricted-syntax': ['error', ...doorSelectors(file)] } })),
  {
    files: ['src/cli/**/*.ts', 'src/wings/*/commands/*.ts'],
    ignores: ['src/cli/printed.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='has'][arguments.0.value='json']",
          message: 'Only cli/printed.ts knows --json: a command returns its answer and its text.',
        },
      ],
    },
  },
];

/**
 * What is told to the person who is asked must steer nothing that is done: a recovery reads what a plan was decided on.
 * The type `PlannedWork` has neither, and here nobody casts or asks for a whole plan.
 */
const untold = [
  {
    files: [
      'src/driver/**/*.ts',
      'src/engine/recover/*.ts',
      'src/engine/run/{journaledRun,stepRunner,rules}.ts',
      'src/journal/{entry,entryText,journal,openEntry,originText}.ts',
      'src/operations/**/recover*.ts',
      'src/operations/{filesNamedBy,interrupted,interruptedStep,matchesPlan,unseenMerge}.ts',
      'src/operations/originRefusal.ts',
      'src/operations/decide/{planRecovery,remainingPlan,unchangedSince,powerUnchanged}.ts',
      'src/operations/delete/{unfinishedMerges,mergeAgain,releasedSnapshot,staleNames}.ts',
      'src/steps/**/*.ts',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          'MemberExpression[property.name=/^(losses|warnings)$/]',
          'MemberExpression[property.value=/^(losses|warnings)$/]',
          'ObjectPattern > Property[key.name=/^(losses|warnings)$/]',
        ].map((selector) => ({ selector, message: 'This is told to people: read `before` and what the plan does.' })),
      ],
    },
  },
];

/** What somebody runs in a clone without node_modules, and what installs the packages itself. */
const installers = ['test', 'testDeep', 'testVersions', 'start', 'histories', 'bench', 'screenshots'].map(
  (name) => `scripts/${name}.mjs`,
);

export default tseslint.config(
  { ignores: ['dist', 'out-test', 'artifacts', 'node_modules', 'test/fixtures'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.{ts,mjs,cjs}'],
    plugins: { comments: commentRules },
    rules: { 'comments/fits-width': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { house: houseRules(join(import.meta.dirname, 'src'), rooms, editorRooms, imageDoors) },
    rules: {
      'house/arrows': 'error',
      'house/no-cycle': 'error',
      'house/image-programs': 'error',
      'house/opened-to-read': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    // What others import keeps its names.
    ignores: ['src/api/publicApi.ts'],
    plugins: { names: nameRules },
    rules: { 'names/no-bare-participle': 'error' },
  },
  {
    files: ['src/**/*.ts'],
    // What the editor, a shell, who imports the library and the scripts call.
    ignores: ['src/extension.ts', 'src/commandLine.ts', 'src/library.ts', 'src/tables.ts'],
    rules: { 'house/imported-exports': 'error' },
  },
  ...doorRules,
  ...untold,
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CallExpression[callee.property.name="timeout"][callee.object.type=/^(This|Call)Expression$/]',
          message: 'A test has no time limit: it ends by silence (scripts/rig/silence.cjs).',
        },
      ],
    },
  },
  {
    files: ['test/oracle/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['**/src/**'], message: 'What judges the extension is no part of it.' }] },
      ],
    },
  },
  {
    files: ['scripts/**/*.mjs'],
    plugins: { beforePackages: beforePackagesRules(installers.map((name) => join(import.meta.dirname, name))) },
    rules: { 'beforePackages/node-alone': 'error' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'process',
          'console',
          'Buffer',
          'URL',
          'URLSearchParams',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'performance',
          'AbortController',
          'AbortSignal',
          'fetch',
          'document',
          'window',
        ].map((g) => [g, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['require', 'module', 'exports', 'process', 'console', 'setInterval'].map((g) => [g, 'readonly']),
      ),
    },
    rules: { 'no-undef': 'off' },
  },
);
