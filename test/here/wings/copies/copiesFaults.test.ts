// How commands for copies end by what went wrong, and what says that a backup is damaged.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import type { HostLogin } from '../../../../src/hosts/hostLogin.js';
import { copiesFailure } from '../../../../src/wings/copies/copiesFailure.js';
import { failureText } from '../../../../src/text/failures/failureText.js';
import { isDamage, resticFailure } from '../../../../src/wings/copies/repository/resticFailure.js';
import { resticThere } from '../../../../src/wings/copies/repository/resticProgram.js';
import { Scheduler } from '../../../../src/wings/copies/schedules/installSchedule.js';
import { restoredSetText, setBackedUpText, setMomentText } from '../../../../src/wings/copies/setText.js';
import { ofWing } from '../../../ofWing.js';

describe('faults of copies', () => {
  it('name no VM where its name is not known yet', () => {
    const { sentence } = failureText(copiesFailure('hostFile', { file: '/boot/vmlinuz' }));
    assert.match(sentence, /^\S/u);
  });

  const pack = '3bd848f20ccdea70b010ea7bd7c5b607cc3623c21adf33045c0d93c6a9f8b4c8';
  /** As restic 0.14 to 0.18 says them. */
  const said: readonly (readonly [string, boolean])[] = [
    [`cannot dump file: decrypting blob ${pack} failed: ciphertext verification failed`, true],
    ['ignoring error for /big: ciphertext verification failed\nFatal: There were 1 errors', true],
    [`loading tree for snapshot "532c9d" failed: id ${pack} not found in repository`, true],
    [`cannot dump file: ReadFull(<data/3bd848f20c>): open r/data/3b/${pack}: no such file or directory`, true],
    ['ignoring error for /: ReadFull(<data/93a0bdeedb>): EOF\nFatal: There were 2 errors', true],
    ['ignoring error for /src/big: StreamPack: ReadFull: unexpected EOF', true],
    ['Fatal: load <index/cd98502ceb>: invalid data returned', true],
    [`read blob <data/3bd848f2> from 3bd848f2: wrong data returned, hash is ${pack}`, true],
    [`decompressing blob ${pack} failed: magic number mismatch`, true],
    ['the connection to the host ended', false],
    ['a signal ended it', false],
    ['ignoring error for /vms/data/web: open /srv/data/vms/web: no such file or directory', false],
    ['Load(<data/3bd848f20c>, 1, 0) failed: dial tcp 127.0.0.1:8000: connect: connection refused', false],
    ['Fatal: unable to open config file: Head "http://nas/config": EOF', false],
    ['runtime: out of memory: cannot allocate 4194304-byte block', false],
  ];
  for (const [words, isOfData] of said) {
    it(`are ${isOfData ? '' : 'not '}of the data: ${words}`, () => {
      const fault = resticFailure('failed', words);
      assert.equal(isDamage(fault), isOfData);
      assert.equal(failureText(fault).sentence.includes('restic repair packs'), isOfData);
    });
  }

  describe('of programs', () => {
    let dir: string;
    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'virt-rewind-test-'))));
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    function makeProgram(name: string, script: string): void {
      writeFileSync(join(dir, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(dir, name), 0o755);
    }

    it('say whether a schedule was not added or not removed', async () => {
      for (const script of ['echo broken >&2; exit 1', 'cat "$0"', '[ "$1" = -l ] || exit 1']) {
        makeProgram('crontab', script);
        const scheduler = new Scheduler({ PATH: `${dir}:/bin:/usr/bin` });
        const schedule = { name: 'web-day', by: 'cron' } as Parameters<Scheduler['install']>[0];
        await assert.rejects(scheduler.install(schedule, '/run.sh'), { reason: 'notInstalled' });
        if (script !== 'cat "$0"') {
          await assert.rejects(scheduler.uninstall(schedule), { reason: 'notRemoved' });
        }
      }
    });

    it('say what is understood without systemd, where cron is and where an editor has to do it', async () => {
      makeProgram('systemctl', 'exit 1');
      const scheduler = new Scheduler({ PATH: dir });
      for (const by of ['editor', 'cron']) {
        if (by === 'cron') {
          makeProgram('crontab', 'exit 0');
        }
        assert.equal(await scheduler.choose('day'), by);
        await assert.rejects(scheduler.choose('Mon..Fri 22:30'), { reason: 'needsSystemd' });
      }
    });

    it('write no manifest on a host that gives no folder for it', async () => {
      makeProgram('mktemp', 'echo "No space left on device" >&2; exit 1');
      const shell = spawn('sh', {
        env: { PATH: `${dir}:/bin:/usr/bin`, folder: dir },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const login = {
        hostname: hostname(),
        openShell: () => Promise.resolve(Duplex.from({ readable: shell.stdout, writable: shell.stdin })),
      } as unknown as HostLogin;
      const program = resticThere(login, {}, new AbortController().signal);
      const name = `manifest-${process.pid}.json`;
      const used = program.withFile(name, 'a password', () => Promise.reject(new Error('it was used')));
      await assert.rejects(used, ofWing('cannotWrite', { folder: hostname(), said: 'No space left on device' }));
      assert.deepEqual([existsSync(`/${name}`), existsSync(join(dir, name))], [false, false]);
    });
  });
});

describe('sentences of a set', () => {
  const set = { id: 'set-1f0c22ab', vms: 3 };
  it('say of all VMs only where all have a backup', () => {
    assert.notEqual(restoredSetText(set, 0), restoredSetText(set, 1));
  });

  it('name an option of a backup only where one was made', () => {
    assert.match(setBackedUpText(set, false), /--checkpoint/u);
    assert.doesNotMatch(setMomentText(set), /--checkpoint/u);
    assert.equal(setBackedUpText({ ...set, moment: 0 }, false), setMomentText({ ...set, moment: 0 }));
  });
});
