// Whole files and beginnings of larger ones, in as little memory as they need.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAtMost } from '../../../src/base/readFileAtMost.js';

describe('reading a file up to a length', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function read(content: Buffer, most: number): Promise<Buffer> {
    const path = join(folder, 'file');
    await writeFile(path, content);
    const file = await open(path);
    try {
      return await readAtMost(file, most);
    } finally {
      await file.close();
    }
  }

  for (const length of [0, 1, 16_383, 16_384, 16_385, 65_536, 65_537, 300_000]) {
    it(`gives all of ${String(length)} bytes, and of more the beginning`, async () => {
      const content = randomBytes(length);
      assert.deepEqual(await read(content, 1_000_000), content);
      assert.deepEqual(await read(content, length), content);
      assert.deepEqual(await read(Buffer.concat([content, randomBytes(10)]), length), content);
    });
  }

  it('takes no more memory for a small file than for its size', async () => {
    const bytes = await read(Buffer.from('{}'), 4 * 1024 * 1024);
    assert.ok(bytes.buffer.byteLength <= 16_384, String(bytes.buffer.byteLength));
  });

  it('reads a file of the kernel’s, which says that it has no length', async () => {
    const file = await open('/proc/self/status');
    try {
      assert.match((await readAtMost(file, 1_000_000)).toString(), /^Name:/);
    } finally {
      await file.close();
    }
  });
});
