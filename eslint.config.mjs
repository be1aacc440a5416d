// The house rules as data: which room may import which, and where the editor's API may appear.
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** room -> rooms it may import. A room not named here may import nothing but itself. */
const rooms = {
  lifetime: [],
  log: [],
  xdr: [],
  model: [],
  host: ['model', 'log', 'lifetime'],
  libvirt: ['xdr', 'log', 'lifetime'],
  hypervisor: ['libvirt', 'host', 'model', 'log', 'lifetime'],
  journal: ['model', 'log', 'lifetime'],
  inventory: ['hypervisor', 'journal', 'model', 'log', 'lifetime'],
  manifest: [],
  views: ['inventory', 'model', 'manifest', 'log', 'lifetime'],
  commands: ['views', 'inventory', 'model', 'manifest', 'log', 'lifetime'],
};
const editorRooms = ['manifest', 'views', 'commands'];

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
              group: [`**/${other}/*`, `**/${other}`],
              message: `src/${room} may not import src/${other} (see ARCHITECTURE.md).`,
            })),
          { group: ['**/extension', '**/extension.js'], message: 'Nothing imports extension.ts.' },
        ],
      },
    ],
  },
}));

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
