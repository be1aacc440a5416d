// RAM handed over through a pipe to somebody who does not read all of it.
import assert from 'node:assert/strict';
import { mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/domain/failure.js';
import { localRam, type RamAccess } from '../../../src/driver/files/ramForFork.js';
import { SavedState } from '../../../src/driver/files/savedState.js';
import { shellFiles } from '../../../src/driver/files/shellHost.js';
import { runOk } from '../../../scripts/rig/run.mjs';
import { shellLogin } from '../../shellLogin.js';
import { silentLog } from '../../silentLog.js';

const far = shellFiles({ login: shellLogin(), log: silentLog });
after(() => far.dispose());

for (const [where, ram] of [
  ['here', localRam],
  ['by a shell', far.ram],
] as const) {
  describePipe(where, ram);
  describeCopy(where, ram);
}

function describePipe(where: string, { throughPipe }: RamAccess): void {
  describe(`RAM that is handed over through a pipe, ${where}`, () => {
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

    it('is handed to nobody where it cannot be read: who opens a pipe waits for somebody to write', async () => {
      const loads = (): Promise<void> => assert.fail('it is opened');
      // A folder can be opened, and not read.
      await runOk('mkfifo', [join(dir, 'unwritten')]);
      for (const from of [dir, join(dir, 'unwritten')]) {
        await assert.rejects(handOver(loads, from), (error) => error instanceof Failure && error.details.path === from);
      }
      await rm(join(dir, 'unwritten'));
    });

    it('comes as often as it is opened, its head each time', async () => {
      const [path, from] = [join(dir, 'pipe'), join(dir, 'ram')];
      // As a header is: all bytes, and longer than an argument of a program may be.
      const head = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 256));
      await throughPipe({ from, ramAt: 1024, path, head, heads: 2 }, async () => {
        const first = await open(path, 'r');
        const read = Buffer.alloc(head.length);
        for (let at = 0; at < head.length;) {
          at += (await first.read(read, at, head.length - at)).bytesRead;
        }
        await first.close();
        assert.ok(read.equals(head));
        const rest = await readFile(path);
        assert.ok(rest.equals(Buffer.concat([head, Buffer.alloc(4 * 1024 * 1024 - 1024, 7)])));
      });
    });
  });
}

function describeCopy(where: string, { throughCopy, throughPipe }: RamAccess): void {
  describe(`a file with RAM of ours, ${where}`, () => {
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
      [
        'a copy is not made over it',
        () => replace('handed').then(() => throughCopy(handed(), () => Promise.resolve())),
      ],
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
  });
}

describe('a file with RAM of ours', () => {
  let dir: string;
  const at = (name: string): string => join(dir, name);
  const replace = async (name: string): Promise<void> => {
    await writeFile(at('own'), 'precious');
    await rename(at('own'), at(name));
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'vr-ram-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('leaves that of somebody else: it took the place of what QEMU was to write', async () => {
    const saved = await SavedState.begin(at('snapshot'), '<domain/>');
    await replace('snapshot.part');
    await saved.discard();
    assert.equal(await readFile(at('snapshot.part'), 'utf8'), 'precious');
  });
});

const no = new Error('made up');
