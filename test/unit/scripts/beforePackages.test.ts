// What a script loads before the npm packages are installed.
import assert from 'node:assert/strict';
import { packagesLoadedWith } from '../../../scripts/lint/beforePackages.mjs';

const packagesOf = (files: Readonly<Record<string, string>>): readonly string[] =>
  packagesLoadedWith('/s/test.mjs', (file) => files[file] ?? '').map(
    ({ source, via }) => `${via.map((one) => one.replace('/s/', '')).join(' > ')}: ${source}`,
  );

describe('what is loaded before the packages are installed', () => {
  it('names a package with the files on the way to it', () => {
    const files = {
      '/s/test.mjs': "// Tests.\nimport { a } from './rig/a.mjs';\n",
      '/s/rig/a.mjs': "import { join } from 'node:path';\nexport { b } from '../b.mjs';\n",
      '/s/b.mjs': "import {\n  one,\n  two,\n} from 'valibot';\nimport 'esbuild';\n",
    };
    assert.deepEqual(packagesOf(files), [
      'test.mjs > rig/a.mjs > b.mjs: valibot',
      'test.mjs > rig/a.mjs > b.mjs: esbuild',
    ]);
  });

  it('lets be what is loaded late, and files that import each other', () => {
    const files = {
      '/s/test.mjs': "import { a } from './a.mjs';\nexport const late = () => import('esbuild');\n",
      '/s/a.mjs':
        "import './test.mjs';\n/** @typedef {import('valibot').Schema} S */\nconst text = `\nimport { c } from 'x';\n`;\n",
    };
    assert.deepEqual(packagesOf(files), []);
  });
});
