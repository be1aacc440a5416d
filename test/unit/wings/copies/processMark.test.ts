// Whether a process that began something still works on it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { isLeft, markOfUs } from '../../../../src/wings/copies/host/processMark.js';

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
    assert.equal(await isLeft(markOfUs()), false);
    assert.equal(await isLeft({ pid: process.pid }), false);
  });
});
