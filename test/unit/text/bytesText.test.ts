import assert from 'node:assert/strict';
import { bytesText } from '../../../src/text/bytesText.js';

describe('bytes', () => {
  const rows: readonly (readonly [bytes: number, text: string])[] = [
    [-5, '0 B'],
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KB'],
    [1_536, '1.5 KB'],
    [10_189, '10 KB'],
    [10 * 1_024 ** 2, '10 MB'],
    [1.25 * 1_024 ** 3, '1.3 GB'],
    [5_000 * 1_024 ** 5, '5000 PB'],
  ];
  for (const [bytes, text] of rows) {
    it(`${bytes} are ${text}`, () => assert.equal(bytesText(bytes), text));
  }
});
