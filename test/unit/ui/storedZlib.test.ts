// The text that is pasted into a guest, as zlib reads it.
import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import { StoredZlib } from '../../../src/ui/guest/page/storedZlib.js';

describe('text that goes to a guest as zlib has it', () => {
  for (const length of [0, 1, 65_535, 65_536, 200_000]) {
    it(`is read back by zlib: ${length} bytes`, () => {
      const data = Uint8Array.from({ length }, (_, at) => (at * 7 + 255) % 256);
      assert.deepEqual(new Uint8Array(inflateSync(new StoredZlib().deflate(data))), data);
    });
  }
});
