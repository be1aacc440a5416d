// RAM handed over through a pipe to somebody who does not read all of it.
import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/domain/failure.js';
import { throughPipe } from '../../../src/driver/files/ramForFork.js';

describe('RAM that is handed over through a pipe', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-ram-'));
    // More than any pipe holds.
    await writeFile(join(dir, 'ram'), Buffer.alloc(4 * 1024 * 1024, 7));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  const handOver = (use: (path: string) => Promise<void>, from = join(dir, 'ram')): Promise<void> => {
    const path = join(dir, 'pipe');
    const head = Buffer.from('head');
    return throughPipe({ from, ramAt: 0, path, head, heads: 1 }, () => use(path));
  };
  const readHead = async (path: string): Promise<void> => {
    const pipe = await open(path, 'r');
    const { buffer } = await pipe.read(Buffer.alloc(4), 0, 4);
    await pipe.close();
    assert.equal(String(buffer), 'head');
  };

  /** A promise that is rejected and that nobody waits for ends a process. */
  let unheard: unknown[];
  const listener = (reason: unknown): unknown => unheard.push(reason);
  beforeEach(() => {
    unheard = [];
    process.on('unhandledRejection', listener);
  });
  afterEach(async () => {
    process.off('unhandledRejection', listener);
    assert.deepEqual(unheard, []);
    assert.deepEqual(await readdir(dir), ['ram']);
  });

  it('is no failure of anybody where it is not read to its end', async () => {
    await handOver(readHead);
    await assert.rejects(
      handOver(() => Promise.reject(new Error('made up'))),
      /made up/u,
    );
  });

  it('is what failed where it cannot be read, however that was told to who was to load it', async () => {
    const loads = async (path: string): Promise<void> => {
      assert.equal(await readFile(path, 'utf8'), 'head');
      throw new Error('too short');
    };
    // A folder can be opened, and not read.
    await assert.rejects(handOver(loads, dir), (error) => error instanceof Failure && error.details.path === dir);
  });
});
