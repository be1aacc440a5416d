// What a restore looks at before it writes anything: the room that it needs, and what another one left.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisComputer } from '../../../../src/base/fileSystem.js';
import { markOfUs } from '../../../../src/journal/processMark.js';
import { discardChecks } from '../../../../src/wings/copies/restore/leftChecks.js';
import { beginFolder, readLeftRestore } from '../../../../src/wings/copies/restore/restoreFolder.js';

describe('the folder of a restore', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is not begun without the room for all that is written, and says whether holes are the reason', async () => {
    const bytes = Number.MAX_SAFE_INTEGER;
    const folder = join(dir, 'web');
    for (const [needed, kind] of [
      [1, 'noRoomWhole'],
      [bytes, 'noRoom'],
    ] as const) {
      await assert.rejects(
        beginFolder(thisComputer, folder, { needed, bytes }),
        ({ problem }: { problem: { kind: string; bytes: number } }) => problem.kind === kind && problem.bytes === bytes,
      );
    }
    assert.deepEqual(readdirSync(dir), []);
    await beginFolder(thisComputer, folder, { needed: 1, bytes: 1 });
    assert.equal(readdirSync(dir).length, 1);
  });

  const markFile = '.virt-rewind-restoring';
  const room = { needed: 1, bytes: 1 };

  /** A folder with the mark of a process. */
  function leave(name: string, mark: object): string {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, markFile), JSON.stringify({ uuid: 'u', ...mark }));
    return join(dir, name);
  }

  it('is begun without what was left before the computer was started anew', async () => {
    const mark = { ...(await markOfUs()), boot: 'another' };
    leave('web.restoring-0', mark);
    await beginFolder(thisComputer, join(dir, 'web'), room);
    assert.equal(readdirSync(dir).includes('web.restoring-0'), false);
    assert.equal((await readLeftRestore(thisComputer, leave('web', mark)))?.pid, process.pid);
  });

  it('leaves alone what a process works on that cannot be seen', async () => {
    const us = await markOfUs();
    const engine = { withCopies: () => Promise.reject(new Error('a VM was undefined')) };
    const unseen = [
      { ...us, pid: 2 ** 30, pidNamespace: 'pid:[1]' },
      { ...us, boot: 'another', host: 'another' },
    ];
    for (const [at, mark] of unseen.entries()) {
      const folder = leave(`web${at}`, mark);
      leave(`web${at}.restoring-0`, mark);
      leave(`web-check-0000000${at}.restoring-0`, mark);
      leave(`web-check-0000000${at}`, { ...mark, isCheck: true });
      await assert.rejects(readLeftRestore(thisComputer, folder), { problem: { kind: 'restoreRuns', folder } });
      await beginFolder(thisComputer, folder, room);
    }
    const before = readdirSync(dir);
    await discardChecks(engine, { connection: '', files: thisComputer }, dir);
    assert.deepEqual(readdirSync(dir), before);
    assert.equal(before.length, unseen.length * 5);
  });
});
