// Checks with real programs: on this computer, and typed at a console behind which a real shell reads.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../../../src/base/clock.js';
import { runHere } from '../../../src/base/hostProgram.js';
import { BisectStop } from '../../../src/bisect/bisectStop.js';
import { checkClone, type CheckOptions, runAtConsole } from '../../../src/bisect/checks.js';
import type { Failure } from '../../../src/domain/failure.js';
import type { BisectTry } from '../../../src/domain/bisect.js';
import type { PowerState, Vm } from '../../../src/domain/vm.js';
import { disk, ref, vm } from '../../unit/domain/someFacts.js';

const never = new AbortController().signal;
const point = { name: 'p1', title: 'P 1', createdAt: 0 };

const nobody: CheckOptions['guests'] = {
  runIn: () => Promise.reject(new Error('no guest')),
  consoleOf: () => Promise.reject(new Error('no console')),
  addressesOf: () => Promise.resolve([]),
};
const readVm = (): Promise<Vm> => Promise.reject(new Error('not to be read'));

describe('bisect: a program on this computer', () => {
  const guests: CheckOptions['guests'] = {
    ...nobody,
    addressesOf: () => Promise.resolve([{ address: '192.0.2.7', family: 'ipv4' } as never]),
  };
  const clone = { ref, vm: vm({ name: 'probe', power: 'running', disks: [disk('vda', '/img/a b.qcow2')] }) };
  const check = (script: string, checkMs = 20_000, signal = never): Promise<BisectTry | undefined> =>
    checkClone(
      {
        check: { kind: 'host', program: 'sh', args: ['-c', script] },
        checkMs,
        startMs: 0,
        guests,
        readVm,
        environment: { ...process.env, OWN: 'kept' },
      },
      point,
      clone,
      signal,
    );

  it('says good, bad and skip by its exit code', async () => {
    assert.deepEqual(await check('exit 0'), { verdict: 'good', exit: 0 });
    assert.deepEqual(await check('exit 3'), { verdict: 'bad', exit: 3 });
    assert.deepEqual(await check('exit 125'), { verdict: 'skip', exit: 125 });
    for (const [script, exit] of [
      ['echo why; exit 127', 127],
      ['kill -9 $$', 137],
    ] as const) {
      await assert.rejects(check(script), (error: unknown) => {
        assert.ok(error instanceof BisectStop && error.reason.kind === 'badExit');
        assert.equal(error.reason.exit, exit);
        return true;
      });
    }
  });

  it('is told of the clone', async () => {
    const told = Object.entries({
      VIRT_REWIND_VM: 'probe',
      VIRT_REWIND_UUID: ref.uuid,
      VIRT_REWIND_URI: ref.connection,
      LIBVIRT_DEFAULT_URI: ref.connection,
      VIRT_REWIND_IP: '192.0.2.7',
      VIRT_REWIND_DISK: '/img/a b.qcow2',
      VIRT_REWIND_DISK_VDA: '/img/a b.qcow2',
      VIRT_REWIND_RESTORE_POINT: 'p1',
      OWN: 'kept',
    });
    const script = told.map(([name, value]) => `test "$${name}" = '${value}' || { echo ${name}; exit 1; }`).join('\n');
    assert.deepEqual(await check(script), { verdict: 'good', exit: 0 });
  });

  it('is bad when it takes too long, and ends with all that it has started', async () => {
    assert.deepEqual(await check('sleep 600 & sleep 600', 50), { verdict: 'bad', why: 'late' });
    const stop = new AbortController();
    stop.abort();
    assert.equal(await check('sleep 600', 20_000, stop.signal), undefined);
    const { said } = await runHere(
      { program: 'sh', args: ['-c', 'sleep 600 & echo $!'], environment: process.env, atMostMs: 20_000 },
      never,
    );
    const left = Number(said.trim());
    // Until it is gone, or dead and not yet collected: a signal takes a moment.
    const state = spawn('sh', ['-c', `while cat /proc/${left}/stat 2>/dev/null | grep -qv ' Z '; do :; done`]);
    assert.equal(await new Promise((resolve) => state.once('close', resolve)), 0);
  });

  it('is heard to the last word, also of what outlives it, and its errors by themselves', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'check-'));
    try {
      // It leaves the group of the first one, and speaks when that is gone.
      const other = 'touch "$1"; while kill -0 "$2" 2>/dev/null; do :; done; echo last >&2';
      const script = `setsid sh -c '${other}' sh "$0" $$ & until test -e "$0"; do :; done; echo first`;
      const args = ['-c', script, join(dir, 'there')];
      const { exit, said, errors } = await runHere(
        { program: 'sh', args, environment: process.env, atMostMs: 20_000 },
        never,
      );
      assert.deepEqual([exit, errors], [0, 'last\n']);
      assert.deepEqual(said.trim().split('\n').sort(), ['first', 'last']);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('stops the bisect where there is no such program', async () => {
    const options = { check: { kind: 'host', program: '/none/such', args: [] }, checkMs: 1, startMs: 1 } as const;
    await assert.rejects(
      checkClone({ ...options, guests, readVm, environment: {} }, point, clone, never),
      (error: unknown) => error instanceof BisectStop && error.reason.kind === 'cannotRun',
    );
  });
});

describe('bisect: a program at the console', () => {
  const open = (shell: string): { console: { open(): Promise<Duplex> }; end: () => void } => {
    const child = spawn('sh', ['-c', shell], { stdio: ['pipe', 'pipe', 'ignore'] });
    return {
      console: { open: () => Promise.resolve(Duplex.from({ readable: child.stdout, writable: child.stdin })) },
      end: () => child.kill('SIGKILL'),
    };
  };
  const typed = async (
    shell: string,
    words: readonly string[],
    more: { startMs?: number; atMostMs?: number } = {},
  ): Promise<unknown> => {
    const { console: line, end } = open(shell);
    const [program = '', ...args] = words;
    try {
      const limits = { startMs: 20_000, atMostMs: 20_000, ...more };
      return await runAtConsole(line, { program, args, ...limits }, never, systemClock);
    } finally {
      end();
    }
  };

  it('brings its exit code back, whatever its words are', async () => {
    assert.deepEqual(await typed('exec sh', ['true']), { exit: 0 });
    assert.deepEqual(await typed('exec sh', ['sh', '-c', 'exit 7']), { exit: 7 });
    assert.deepEqual(await typed('exec sh', ['test', `a'b "$HOME" ; exit 3`, '=', `a'b "$HOME" ; exit 3`]), {
      exit: 0,
    });
  });

  it('does not take the echo of what was typed for an answer', async () => {
    assert.deepEqual(await typed('exec cat', ['true'], { startMs: 100 }), { why: 'noStart' });
  });

  it('says nothing where its console ends and its guest does not, and is bad where the guest goes', async () => {
    const judged = async (...powers: readonly PowerState[]): Promise<BisectTry | undefined> => {
      const { console: line, end } = open('exec sh');
      let looks = 0;
      // A second for each look at the VM, and none of them is waited for.
      const clock: Clock = {
        ...systemClock,
        ticks: () => looks * 1_000,
        setTimer: (ms, then) => systemClock.setTimer(looks === 0 ? ms : 0, then),
      };
      const options: CheckOptions = {
        check: { kind: 'console', program: 'exit', args: ['0'] },
        ...{ checkMs: 20_000, startMs: 20_000, environment: {}, clock },
        guests: {
          ...nobody,
          consoleOf: () => Promise.resolve({ ...line, dispose: () => undefined } as never),
        },
        readVm: () => {
          looks += 1;
          return Promise.resolve(vm({ power: powers[looks - 1] ?? 'running' }));
        },
      };
      try {
        return await checkClone(options, point, { ref, vm: vm() }, never);
      } finally {
        end();
      }
    };
    await assert.rejects(judged('running'), ({ kind }: Failure) => kind === 'busy');
    const bad = { verdict: 'bad', why: 'late' };
    assert.deepEqual([await judged('off'), await judged('shuttingDown', 'running', 'crashed')], [bad, bad]);
  });

  it('types nothing where nobody wants it any more', async () => {
    const stop = new AbortController();
    stop.abort();
    const { console: line, end } = open('exec sh');
    const stream = await line.open();
    const written: unknown[] = [];
    stream.write = (chunk: unknown) => written.push(chunk) > 0;
    const limits = { startMs: 20_000, atMostMs: 20_000 };
    try {
      const words = { program: 'true', args: [], ...limits };
      const ended = await runAtConsole({ open: () => Promise.resolve(stream) }, words, stop.signal, systemClock);
      assert.deepEqual([ended, written], [{ why: 'stopped' }, []]);
    } finally {
      end();
    }
  });

  it('waits for a shell that comes late, and knows one that never comes', async () => {
    assert.deepEqual(await typed('read -r first; exec sh', ['sh', '-c', 'exit 4']), { exit: 4 });
    assert.deepEqual(await typed('exit 0', ['true'], { startMs: 20_000 }), { why: 'noStart', isCut: true });
    assert.deepEqual(await typed('exec sh', ['read', 'x'], { atMostMs: 100 }), { why: 'late' });
  });
});
