// The house rules as data: which room may import which, and where the editor's API may appear.
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** room -> rooms it may import, or single files of one. A room not named here may import nothing but itself. */
const rooms = {
  lifetime: [],
  log: [],
  xdr: [],
  model: [],
  chains: ['model'],
  plans: ['chains', 'model'],
  recovery: ['plans', 'chains', 'model'],
  doctor: ['plans', 'chains', 'model'],
  health: ['doctor', 'plans', 'model'],
  host: ['model', 'log', 'lifetime'],
  libvirt: ['xdr', 'log', 'lifetime'],
  hypervisor: ['libvirt', 'host', 'model', 'log', 'lifetime'],
  journal: ['model', 'log', 'lifetime'],
  inventory: ['hypervisor', 'journal', 'doctor', 'recovery', 'plans', 'chains', 'model', 'log', 'lifetime'],
  manifest: [],
  watch: ['inventory', 'health', 'model', 'manifest', 'log', 'lifetime'],
  lesson: ['texts', 'inventory', 'model', 'log', 'lifetime'],
  texts: ['inventory', 'health', 'model', 'manifest'],
  webview: ['model', 'texts/bytesText', 'texts/layerLetter', 'texts/translate'],
  views: [
    'lesson',
    'webview/messages',
    'watch',
    'texts',
    'health',
    'inventory',
    'model',
    'manifest',
    'log',
    'lifetime',
  ],
  dialogue: [
    'lesson',
    'views',
    'watch',
    'texts',
    'health',
    'inventory',
    'plans',
    'model',
    'manifest',
    'log',
    'lifetime',
  ],
  commands: [
    'lesson',
    'dialogue',
    'views',
    'watch',
    'texts',
    'health',
    'inventory',
    'plans',
    'model',
    'manifest',
    'log',
    'lifetime',
  ],
};
const editorRooms = ['manifest', 'texts', 'views', 'dialogue', 'commands'];

/** The single files of a room that may be imported, as an expression; where there are none, one that no file has. */
const filesOf = (room, mayImport) =>
  mayImport
    .filter((one) => one.startsWith(`${room}/`))
    .map((one) => one.slice(room.length + 1))
    .join('|') || '-';

const roomRules = Object.entries(rooms).map(([room, mayImport]) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: editorRooms.includes(room)
          ? []
          : [{ name: 'vscode', message: `src/${room} knows nothing of the editor.` }],
        patterns: [
          ...Object.keys(rooms)
            .filter((other) => other !== room && !mayImport.includes(other))
            .map((other) => ({
              regex: `(^|/)${other}(/(?!(${filesOf(other, mayImport)})\\.js$)|$)`,
              message: `src/${room} may not import src/${other} (see ARCHITECTURE.md).`,
            })),
          { group: ['**/extension', '**/extension.js'], message: 'Nothing imports extension.ts.' },
        ],
      },
    ],
  },
}));

/**
 * What of the editor's API reads a text for links, icons or markup, and the one file that may call it: there, text from a
 * libvirt is made text again.
 */
const doors = [
  {
    file: 'src/views/notify.ts',
    calls:
      'showInformationMessage|showWarningMessage|showErrorMessage|withProgress|setStatusBarMessage|createStatusBarItem',
  },
  {
    file: 'src/views/ask.ts',
    calls: 'showInputBox|showQuickPick|createInputBox|createQuickPick|showWorkspaceFolderPick',
  },
  {
    file: 'src/views/treeItems.ts',
    classes: 'TreeItem|MarkdownString',
    gives: 'message|tooltip|badge|isTrusted|supportHtml|supportThemeIcons',
  },
  // Nothing is said in these ways, so nobody has a door yet.
  {
    calls:
      'createTerminal|registerHoverProvider|registerCodeLensProvider|createTextEditorDecorationType|createChatParticipant',
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
    files: ['src/extension.ts', ...editorRooms.map((room) => `src/${room}/**/*.ts`)],
    rules: { 'no-restricted-syntax': ['error', ...doorSelectors(undefined)] },
  },
  ...doors
    .filter(({ file }) => file !== undefined)
    .map(({ file }) => ({ files: [file], rules: { 'no-restricted-syntax': ['error', ...doorSelectors(file)] } })),
];

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
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  ...roomRules,
  ...doorRules,
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
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
