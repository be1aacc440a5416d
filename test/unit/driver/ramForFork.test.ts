// RAM handed over through a pipe to somebody who does not read all of it.
import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/domain/failure.js';
import { throughCopy, throughPipe } from '../../../src/driver/files/ramForFork.js';
import { SavedState } from '../../../src/driver/files/savedState.js';

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

describe('a file with RAM of ours', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const replace = async (name: string): Promise<void> => {
    await writeFile(at('own'), 'precious');
    await rename(at('own'), at(name));
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-ram-'));
    await writeFile(at('ram'), 'ram');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const handed = () => ({ from: at('ram'), ramAt: 0, path: at('handed'), head: Buffer.from('head') });

  it('is gone when it was read', async () => {
    await throughCopy(handed(), async () => assert.equal(await readFile(at('handed'), 'utf8'), 'headram'));
    assert.deepEqual(await readdir(dir), ['ram']);
  });

  for (const [what, act] of [
    ['a copy is not made over it', () => replace('handed').then(() => throughCopy(handed(), () => Promise.resolve()))],
    [
      'it took the place of a copy',
      () => throughCopy(handed(), () => replace('handed').then(() => Promise.reject(no))),
    ],
    [
      'it took the place of a pipe',
      () => throughPipe({ ...handed(), heads: 1 }, () => replace('handed').then(() => Promise.reject(no))),
    ],
  ] as const) {
    it(`leaves that of somebody else: ${what}`, async () => {
      await assert.rejects(act());
      assert.equal(await readFile(at('handed'), 'utf8'), 'precious');
    });
  }

  it('leaves that of somebody else: it took the place of what QEMU was to write', async () => {
    const saved = await SavedState.begin(at('snapshot'), '<domain/>');
    await replace('snapshot.part');
    await saved.discard();
    assert.equal(await readFile(at('snapshot.part'), 'utf8'), 'precious');
  });
});

const no = new Error('made up');
