// An image in memory, whose reader is watched.
import assert from 'node:assert/strict';
import { boundedBytes, type ImageBytes } from '../../../src/qemu/imageBytes.js';
import { type Qcow2Header, readQcow2Header } from '../../../src/qemu/qcow2Header.js';

export const mebibyte = 1024 * 1024;

/** Counts what is read, and throws for what no file has: a reader that asked for it has a hole. */
export function inMemory(bytes: Buffer, most = 64 * mebibyte): ImageBytes & { readonly total: () => number } {
  let total = 0;
  const bounded = boundedBytes(bytes.length, most, (into, at) => {
    assert.ok(at >= 0 && at + into.length <= bytes.length, 'read outside the file');
    total += into.length;
    return Promise.resolve(bytes.copy(into, 0, at, at + into.length));
  });
  return { ...bounded, total: () => total };
}

export async function headerOf(image: ImageBytes): Promise<Qcow2Header> {
  const header = await readQcow2Header(image);
  assert.ok(header !== 'notQcow2');
  return header;
}
