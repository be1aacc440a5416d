// The pages in the npm package: no link leads to what is not in it, and what the help of the command line names is.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deadLinks, linksOf } from '../../../scripts/docs/links.mjs';
import { packedPages, packedSchemas } from '../../../scripts/docs/packedPages.mjs';
import { root } from '../../../scripts/rig/root.mjs';
import { commands } from '../../../src/tables.js';

const pages = packedPages((path) => readFileSync(join(root, path), 'utf8'));
const places = new Set([...pages.keys(), ...packedSchemas.values()]);

describe('the pages of the npm package', () => {
  it('link to what is in it, and to nothing else', () => {
    assert.deepEqual(
      deadLinks(pages, (path) => places.has(path)),
      [],
    );
    assert.ok(linksOf(pages.get('README.md')!).includes('docs/undo.md'));
    assert.ok(linksOf(pages.get('lab-file.md')!).includes('lab-file.schema.json'));
    assert.ok(linksOf(pages.get('docs/undo.md')!).every((link) => !link.includes('features.md')));
  });

  it('are there where the help names them', () => {
    const named = Object.values(commands).flatMap(({ more }) => more?.match(/docs\/[a-z-]+\.md/gu) ?? []);
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter((path) => !places.has(path)),
      [],
    );
  });

  it('keep the words of a link that leads elsewhere', () => {
    const read = (path: string): string =>
      path === 'docs/library.md' ? 'See [all limits](limits.md#x), ![a](b.png)[systems](systems.md#in-it).\n' : '# A\n';
    assert.equal(packedPages(read).get('library.md'), 'See all limits, [systems](systems.md#in-it).\n');
  });
});
