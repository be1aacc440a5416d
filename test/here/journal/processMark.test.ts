// Whether a process that began something still works on it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { isLeft, markOfName, markOfUs, nameOfMark } from '../../../src/journal/processMark.js';

const aDay = (): Promise<number> => Promise.resolve(24 * 60 * 60 * 1000);
const gone = 2 ** 30;

describe('what a process has begun', () => {
  it('is left where that process is dead and not yet collected by its parent', async () => {
    // A program that collects nobody: what it says back tells that it runs in place of the shell.
    const parent = spawn('/bin/sh', ['-c', 'sleep 600 & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const told = (): Promise<string> => new Promise((hear) => parent.stdout.once('data', (text) => hear(String(text))));
    try {
      const pid = Number(await told());
      parent.stdin.write('there');
      await told();
      assert.equal(await isLeft({ pid, host: hostname() }), false);
      process.kill(pid, 'SIGKILL');
      let isGone = false;
      for (let tries = 0; tries < 10_000 && !isGone; tries += 1) {
        isGone = await isLeft({ pid, host: hostname() });
      }
      assert.ok(isGone);
      assert.equal(await isLeft({ pid, host: `not-${hostname()}` }), false);
    } finally {
      parent.kill();
    }
  });

  it('is not left while that process is there', async () => {
    assert.equal(await isLeft(await markOfUs(), aDay), false);
    assert.equal(await isLeft({ pid: process.pid }), false);
  });

  it('is left where another process has its number', async () => {
    const us = await markOfUs();
    assert.ok(us.startTime !== undefined);
    assert.equal(await isLeft({ ...us, startTime: us.startTime - 1 }), true);
    // The computer was started anew.
    assert.equal(await isLeft({ ...us, boot: 'another' }), true);
  });

  it('is not left for a day where its process cannot be seen', async () => {
    const us = await markOfUs();
    assert.notEqual(us.host, hostname());
    const unseen = [
      { ...us, boot: 'another', host: `${hostname()}.another` },
      { ...us, boot: 'another', host: hostname() },
      { ...us, pid: gone, pidNamespace: 'pid:[1]' },
    ];
    for (const mark of unseen) {
      assert.deepEqual([await isLeft(mark), await isLeft(mark, aDay)], [false, true]);
    }
  });

  it('is found by a name', async () => {
    const us = await markOfUs();
    const { startTime: _, pidNamespace: __, ...few } = us;
    for (const mark of [us, few]) {
      assert.deepEqual(markOfName(nameOfMark(mark)), mark);
    }
    assert.ok(Buffer.byteLength(nameOfMark({ ...us, host: `${'n'.repeat(64)}.${'0'.repeat(32)}` })) < 240);
    assert.deepEqual(markOfName('12@web'), { pid: 12, host: 'web' });
    assert.equal(markOfName('12'), undefined);
  });
});
