// What a program reads from us is gone afterwards, also where we were killed.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { markOfUs, nameOfMark } from '../../../src/journal/processMark.js';
import { withWorkFolder } from '../../../src/transfer/workFolder.js';

describe('a folder for what a program reads', () => {
  let state: string;
  beforeEach(() => (state = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'))));
  afterEach(() => rmSync(state, { recursive: true, force: true }));

  const use = <T>(work: (folder: string) => Promise<T>): Promise<T> =>
    withWorkFolder({ VIRT_REWIND_STATE: state }, work);

  /** As a process leaves it. */
  function leave(pid: number, host = hostname()): string {
    const folder = join(state, 'copying', `${pid}@${host}-abcdef`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'secret'), '');
    return folder;
  }

  it('is for this user alone, and gone afterwards, also where the work fails', async () => {
    const made = await use((folder) => {
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      return Promise.resolve(folder);
    });
    await assert.rejects(use(() => Promise.reject(new Error('no'))));
    assert.equal(existsSync(made), false);
    assert.deepEqual(readdirSync(join(state, 'copying')), []);
  });

  it('is removed by the next one where its process was killed', async () => {
    const ended = leave(spawnSync('true').pid);
    const [ours, elsewhere] = [leave(process.pid), leave(2 ** 30, `not-${hostname()}`)];
    assert.equal(await use((folder) => Promise.resolve(existsSync(folder))), true);
    assert.deepEqual([ended, ours, elsewhere].map(existsSync), [false, true, true]);
  });

  it('is removed by the next one where its computer was started anew, and stays where it may be used', async () => {
    const us = await markOfUs();
    const [rebooted, unseen] = [
      { ...us, boot: 'another' },
      { ...us, pid: 2 ** 30, pidNamespace: 'pid:[1]' },
    ].map((mark) => join(state, 'copying', `${nameOfMark(mark)}-abcdef`));
    mkdirSync(rebooted ?? '', { recursive: true });
    mkdirSync(unseen ?? '');
    await use((own) => {
      assert.deepEqual([own, rebooted ?? '', unseen ?? ''].map(existsSync), [true, false, true]);
      return use(() => Promise.resolve(existsSync(own))).then(assert.ok);
    });
    for (const [days, isThere] of [
      [3, true],
      [8, false],
    ] as const) {
      const at = Date.now() / 1000 - days * 86_400;
      utimesSync(unseen ?? '', at, at);
      await use(() => Promise.resolve());
      assert.equal(existsSync(unseen ?? ''), isThere);
    }
    assert.equal(existsSync(unseen ?? ''), false);
  });

  it('stays as long as a program works in it that goes on', async () => {
    const left = leave(2 ** 30);
    const program = spawn('cat', { cwd: left, stdio: ['pipe', 'ignore', 'inherit'] });
    await new Promise((resolve) => program.once('spawn', resolve));
    await use(() => Promise.resolve());
    assert.ok(existsSync(left));
    const ended = new Promise((resolve) => program.once('close', resolve));
    program.stdin.end();
    await ended;
    await use(() => Promise.resolve());
    assert.equal(existsSync(left), false);
  });
});
