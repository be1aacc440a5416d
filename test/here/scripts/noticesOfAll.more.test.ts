// NOTICES has an entry for each package that esbuild puts into a door or a page, and where the source of noVNC is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packedSources } from '../../../scripts/build.mjs';
import { bundledPackages, titleOf } from '../../../scripts/notices.mjs';
import { root } from '../../../scripts/rig/root.mjs';

describe('NOTICES', () => {
  const entries = readFileSync(join(root, 'NOTICES'), 'utf8').split(/^={80}$/mu);
  const entryOf = (title: string): string | undefined => entries.find((entry) => entry.startsWith(`\n${title}\n`));

  it('has an entry with a licence for each package that is bundled, and for no other', async () => {
    const titles = bundledPackages(await packedSources()).map(titleOf);
    assert.ok(titles.length >= 8, titles.join());
    assert.deepEqual(
      titles.filter((title) => !/permission|terms/iu.test(entryOf(title) ?? '')),
      [],
    );
    assert.equal(entries.length, titles.length + 1);
  });

  it('tells where the source of noVNC is, in the version that is bundled, with the licences of its parts', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'node_modules/@novnc/novnc/package.json'), 'utf8')) as {
      readonly version: string;
    };
    const entry = entryOf(`@novnc/novnc ${version}`) ?? '';
    assert.ok(entry.includes(`https://github.com/novnc/noVNC/tree/v${version}`), entry.slice(0, 400));
    assert.match(entry, /MPL 2\.0 \(Mozilla\s+Public License 2\.0\)[^]*mozilla\.org\/MPL\/2\.0\//u);
    assert.match(entry, /Widget Workshop/u);
  });
});
