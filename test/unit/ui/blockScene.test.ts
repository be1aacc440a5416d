// What stands beside a layer: its words, or its mark, or what would become of it; and as much as there is room for.
import assert from 'node:assert/strict';
import { bytesText } from '../../../src/text/bytesText.js';
import { Blocks } from '../../../src/ui/picture/page/blocks.js';
import { type BlockScene, drawBlocks } from '../../../src/ui/picture/page/blockScene.js';
import { cellWords } from '../../../src/ui/picture/page/blockWords.js';
import { wholeDisk } from '../../../src/ui/picture/page/diskWindow.js';
import type { PictureRow } from '../../../src/ui/picture/messages.js';
import { slidePalette } from '../../../src/ui/picture/page/palette.js';

const mebibyte = 1024 ** 2;
const row = (id: string, kind: PictureRow['kind'], file: string): PictureRow => ({
  id,
  kind,
  file,
  title: id,
  words: `kind · 5 MB · ${file}`,
  extents: Float64Array.of(0, mebibyte),
  kinds: Uint8Array.of(0),
});
const blocks = new Blocks({
  kind: 'blocks',
  disk: 'vda',
  virtualBytes: 10 * mebibyte,
  clusterBytes: 65_536,
  rows: [row('inside', 'internalSnapshot', '/img'), row('present', 'present', '/img')],
  reads: new Float64Array(),
  words: '',
});

function wordsOf(changes: Partial<BlockScene>): readonly string[] {
  const texts: string[] = [];
  const surface = {
    rect: () => undefined,
    line: () => undefined,
    text: (text: string) => texts.push(text),
  };
  const window = wholeDisk(blocks.map);
  drawBlocks(surface, { blocks, window, width: 800, palette: slidePalette, ...changes });
  return texts.filter(
    (text) => text.includes('kind') || text.includes('⚠') || text.includes('would') || text === '5 MB',
  );
}

describe('the words beside a layer', () => {
  const mark = { file: '/img', mark: '⚠ 1 error', words: 'It is damaged.' };
  const marks = new Map([[mark.file, mark]]);

  it('are its own, and in little room its size', () => {
    assert.deepEqual(wordsOf({}), ['kind · 5 MB · /img', 'kind · 5 MB · /img']);
    assert.deepEqual(wordsOf({ width: 120 }), ['5 MB', '5 MB']);
  });

  it('begin with what is wrong with its file; a snapshot inside it is none', () => {
    assert.deepEqual(wordsOf({ marks }), ['kind · 5 MB · /img', '⚠ 1 error · kind · 5 MB · /img']);
    assert.deepEqual(wordsOf({ marks, width: 120 }), ['5 MB', '⚠ 1 error · 5 MB']);
  });

  it('are what would become of it, before all else', () => {
    const fates = new Map([['present', { fate: 'dropped', words: 'would be dropped' } as const]]);
    assert.deepEqual(wordsOf({ marks, fates }), ['kind · 5 MB · /img', 'would be dropped']);
  });
});

describe('the words of a cell', () => {
  it('tell whole bytes only where a size rounds them away', () => {
    const where = (from: number, to: number): string => cellWords(blocks, { row: 0, from, to }).split(' · ')[0] ?? '';
    const size = (bytes: number): string => bytesText(bytes);
    assert.equal(where(0, 65_536), `${size(0)} to ${size(65_536)} (${size(65_536)})`);
    assert.equal(
      where(mebibyte, mebibyte + 65_536),
      `${size(mebibyte)} to ${size(mebibyte + 65_536)} (byte ${mebibyte + 65_536}) (${size(65_536)})`,
    );
  });
});
