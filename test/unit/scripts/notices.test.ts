// The licences of other people's code: which packages bundles have, and what must be said of each.
import assert from 'node:assert/strict';
import { bundledPackages, titleOf } from '../../../scripts/notices.mjs';

describe('the packages in bundles', () => {
  const modules = 'node_modules';
  const sources = new Map([
    ['src/extension.ts', ['src/base/log.ts', `${modules}/yaml/a.js`, `${modules}/yaml/b.js`]],
    ['src/commandLine.ts', [`${modules}/yaml/a.js`, `${modules}/@vscode/l10n/dist/main.js`]],
    ['src/ui/page.ts', [`${modules}/@novnc/novnc/core/rfb.js`, `${modules}/@novnc/novnc/vendor/pako/lib/x.js`]],
  ]);
  const packages = bundledPackages(sources);

  it('are each there once, with those that another one has copied', () => {
    assert.deepEqual(
      packages.map(({ name, folder, within }) => [name, folder, within]),
      [
        ['@novnc/novnc', `${modules}/@novnc/novnc`, undefined],
        ['@vscode/l10n', `${modules}/@vscode/l10n`, undefined],
        ['pako', `${modules}/@novnc/novnc/vendor/pako`, '@novnc/novnc'],
        ['yaml', `${modules}/yaml`, undefined],
      ],
    );
  });

  it('know where they are part of, and their files', () => {
    const yaml = packages.at(-1)!;
    assert.deepEqual(yaml.places, ['the extension', 'the command line']);
    assert.deepEqual(yaml.files, [`${modules}/yaml/a.js`, `${modules}/yaml/b.js`]);
    assert.deepEqual(packages[0]!.places, ['pages of the extension']);
  });

  it('are named with their version, a copy with that of the package that has it', () => {
    assert.match(titleOf(packages[0]!), /^@novnc\/novnc \d+\.\d+\.\d+$/u);
    assert.match(titleOf(packages[2]!), /^pako, in @novnc\/novnc \d+\.\d+\.\d+$/u);
  });

  it('of another package inside one are that package’s', () => {
    const [inner] = bundledPackages(new Map([['src/library.ts', [`${modules}/a/${modules}/b/x.js`]]]));
    assert.deepEqual([inner?.name, inner?.folder], ['b', `${modules}/a/${modules}/b`]);
  });
});
