// What the marketplace shows of the extension: a picture that is one, in the size that it wants, a banner, words to
// find it by.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, inflateSync } from 'node:zlib';
import { root } from '../../../scripts/rig/root.mjs';

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly icon: string;
  readonly displayName: string;
  readonly galleryBanner: { readonly color: string; readonly theme: string };
  readonly categories: readonly string[];
  readonly keywords: readonly string[];
  readonly contributes: {
    readonly viewsContainers: { readonly activitybar: readonly { readonly title: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly name: string }[]>>;
  };
};
const nls = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;

/** Those that the marketplace has a page for, as far as this could be one of them. */
const categories = ['AI', 'Chat', 'Debuggers', 'Education', 'Other', 'SCM Providers', 'Testing', 'Visualization'];
/** More are cut off there. */
const mostKeywords = 30;
/** At 250 pixels a view has room for so many letters beside its buttons. */
const longestTitle = 14;

/** The parts of a PNG, each with its checksum looked at. */
function chunksOf(png: Buffer): ReadonlyMap<string, Buffer> {
  assert.equal(png.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const typed = png.subarray(at + 4, at + 8 + length);
    assert.equal(crc32(typed), png.readUInt32BE(at + 8 + length), 'a part of it is broken');
    const type = typed.toString('latin1', 0, 4);
    chunks.set(type, Buffer.concat([chunks.get(type) ?? Buffer.alloc(0), typed.subarray(4)]));
    at += length + 12;
  }
  return chunks;
}

describe('the page of the marketplace', () => {
  it('has a picture that can be drawn, twice as large as the lists show it', () => {
    const chunks = chunksOf(readFileSync(join(root, manifest.icon)));
    const header = chunks.get('IHDR');
    assert.ok(header);
    const [width, height, depth, colours] = [
      header.readUInt32BE(0),
      header.readUInt32BE(4),
      header.readUInt8(8),
      header.readUInt8(9),
    ];
    assert.deepEqual([width, height, depth, colours], [256, 256, 8, 3]);
    const palette = chunks.get('PLTE');
    assert.ok(palette !== undefined && palette.length % 3 === 0);
    const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
    assert.equal(rows.length, height * (1 + width));
    const used = new Set<number>();
    for (let row = 0; row < height; row++) {
      const line = rows.subarray(row * (width + 1), (row + 1) * (width + 1));
      assert.equal(line[0], 0, 'a filter, which this test does not undo');
      line.subarray(1).forEach((one) => used.add(one));
    }
    assert.ok(used.size > 8, 'there is nothing in it');
    assert.ok(Math.max(...used) < palette.length / 3, 'a colour that is in no table');
    assert.ok(chunks.has('IEND'));
  });

  it('has a banner, categories that there are, and words to find it by', () => {
    const { galleryBanner, keywords } = manifest;
    assert.match(galleryBanner.color, /^#[\da-f]{6}$/u);
    assert.ok(['dark', 'light'].includes(galleryBanner.theme));
    const dark =
      (Number.parseInt(galleryBanner.color.slice(1, 3), 16) + Number.parseInt(galleryBanner.color.slice(3, 5), 16)) / 2;
    assert.equal(galleryBanner.theme, dark < 128 ? 'dark' : 'light');
    assert.notEqual(manifest.categories.length, 0);
    assert.deepEqual(
      manifest.categories.filter((one) => !categories.includes(one)),
      [],
    );
    assert.ok(keywords.length > 4 && keywords.length <= mostKeywords);
    assert.equal(new Set(keywords).size, keywords.length);
    for (const word of ['libvirt', 'qemu', 'snapshot', 'virtual machine']) {
      assert.ok(keywords.includes(word), word);
    }
  });

  it('points at no page of the sources, which are not installed with it', () => {
    assert.deepEqual(
      Object.values(nls).filter((text) => /\bdocs\//u.test(text)),
      [],
    );
  });

  it('has short titles', () => {
    const { viewsContainers, views } = manifest.contributes;
    const titles = [
      manifest.displayName,
      ...viewsContainers.activitybar.map(({ title }) => title),
      ...Object.values(views)
        .flat()
        .map(({ name }) => name),
    ].map((title) => nls[title.replaceAll('%', '')] ?? title);
    assert.deepEqual(
      titles.filter((title) => title.length > longestTitle),
      [],
    );
  });
});
