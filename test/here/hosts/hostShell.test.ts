// What a shell answers, in which order, and what becomes of questions at its end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { HostShell, ShellEnded, ShellSilent } from '../../../src/hosts/hostShell.js';
import { shellLogin } from '../../shellLogin.js';

const shells = ['sh', 'dash', 'bash --posix', 'busybox sh', 'zsh --emulate sh'].filter((words) => {
  try {
    execFileSync('/bin/sh', ['-c', `${words} -c :`], { stdio: 'ignore' });
    return true;
  } catch {
    // It is not installed.
    return false;
  }
});

for (const words of shells) {
  describe(`a shell of ours: ${words}`, () => {
    let shell: HostShell;
    beforeEach(async () => {
      shell = await HostShell.open(shellLogin({ words: words.split(' ') }), { setUp: 'held() { exec 9<"$1"; }\n' });
    });
    afterEach(() => shell.close());
    const text = async (...command: readonly string[]): Promise<string> =>
      (await shell.ask(...command)).out.toString('utf8');

    it('gives a command its words, and tells its output, errors and exit apart', async () => {
      const odd = [`it's`, 'two\nlines\n', '', '$(id)', '-n'];
      assert.equal(await text('printf', '<%s>', ...odd), odd.map((one) => `<${one}>`).join(''));
      const { code, out, said } = await shell.ask('sh', '-c', 'echo out; echo error >&2; exit 7');
      assert.deepEqual([code, out.toString(), said], [7, 'out\n', 'error']);
      await assert.rejects(shell.ask('echo', 'a\0b'), { code: 'EINVAL' });
    });

    it('keeps what a command opens', async () => {
      assert.equal((await shell.keep('held', '/dev/null')).code, 0);
      assert.equal(await text('readlink', '/proc/self/fd/9'), '/dev/null\n');
    });

    it('feeds commands, and answers what was asked meanwhile behind them', async () => {
      const fed = shell.feed(
        [
          ['read', '-r', 'line'],
          ['head', '-c', '4'],
          ['echo', 'done'],
        ],
        (input) => {
          input.write('a line\ndata');
          return Promise.resolve();
        },
      );
      const later = text('echo', 'later');
      assert.equal((await fed).said, 'datadone');
      assert.equal(await later, 'later\n');
    });

    it('ends where what it feeds fails', async () => {
      assert.equal((await shell.feed([['false'], ['exit', '3']], () => Promise.resolve())).code, 3);
      await assert.rejects(shell.ask('true'), ShellEnded);
    });

    it('ends a program that it watches, and goes on', async () => {
      const stop = new AbortController();
      const watched = shell.watch(['sh', '-c', 'echo begun; exec sleep 1000'], stop.signal, () => stop.abort());
      const later = text('echo', 'later');
      assert.equal((await watched).code, 128 + 15);
      assert.equal(await later, 'later\n');
    });

    it('becomes a command', async () => {
      const stream = shell.become([['echo', 'bare'], ['cat']]);
      const said: Buffer[] = [];
      // The shell may read what comes sooner together with the commands.
      stream.once('data', () => stream.end('and what it reads'));
      await once(stream.on('data', (part: Buffer) => said.push(part)).resume(), 'end');
      assert.equal(Buffer.concat(said).toString(), 'bare\nand what it reads');
    });

    it('is silent for the first question, and ended for the others', async () => {
      shell.patienceMs = 50;
      const [first, second] = [shell.ask('sh', '-c', 'cat <&4 >/dev/null'), shell.ask('true')];
      await assert.rejects(first, ShellSilent);
      await assert.rejects(second, (error) => error instanceof ShellEnded && !(error instanceof ShellSilent));
    });
  });
}

describe('a shell here', () => {
  it('ends with what hangs in it', async () => {
    const shell = await HostShell.open(undefined, {});
    const [program] = (await shell.ask('sh', '-c', 'sleep 305 >/dev/null 2>&1 & echo $!')).out.toString().split('\n');
    // In the same group.
    shell.patienceMs = 50;
    await assert.rejects(shell.ask('sleep', '305'), ShellSilent);
    const runs = async (): Promise<boolean> =>
      (await readFile(`/proc/${program}/cmdline`, 'utf8').catch(() => '')).includes('305');
    while (await runs()) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
});

describe('a shell at another host', () => {
  it('is none of ours where the login leads elsewhere', async () => {
    await assert.rejects(HostShell.open({ ...shellLogin(), hostname: 'elsewhere' }, {}), ShellEnded);
  });
});
