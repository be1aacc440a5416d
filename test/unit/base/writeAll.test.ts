// A write that the system cuts short goes on, and one that gets nowhere fails.
import assert from 'node:assert/strict';
import type { FileHandle } from 'node:fs/promises';
import { writeAll } from '../../../src/base/writeAll.js';

describe('a write of all', () => {
  /** @param most at once */
  function shortFile(into: Buffer, most: number): Pick<FileHandle, 'write'> {
    const write = (bytes: Buffer, from: number, length: number, at: number): Promise<{ bytesWritten: number }> =>
      Promise.resolve({ bytesWritten: bytes.copy(into, at, from, from + Math.min(most, length)) });
    return { write } as unknown as FileHandle;
  }

  it('goes on where one write was short', async () => {
    const into = Buffer.alloc(12);
    await writeAll(shortFile(into, 3), Buffer.from('abcdefgh'), 2);
    assert.equal(into.toString('latin1'), '\0\0abcdefgh\0\0');
  });

  it('fails where nothing is written', async () => {
    await assert.rejects(writeAll(shortFile(Buffer.alloc(12), 0), Buffer.from('a'), 0));
  });
});
