// What a task of tasks.json does, says and ends with.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { systemClock } from '../../../src/base/clock.js';
import { Failure } from '../../../src/domain/failure.js';
import type { GuestOutputBytes, GuestRun } from '../../../src/domain/guestCommand.js';
import type { Vm } from '../../../src/domain/vm.js';
import type { TaskRun } from '../../../src/ui/tasks/runTask.js';
import { runTask } from '../../../src/ui/tasks/runTask.js';
import { CommandError } from '../../../src/ui/prompts/commandError.js';
import { FakeClock, settled } from '../engine/fakeClock.js';
import { vmView } from './samples.js';

interface Ended {
  readonly code: number;
  readonly lines: readonly string[];
  /** The commands that were executed, with what they were given. */
  readonly calls: readonly (readonly [string, object])[];
}

async function run(definition: TaskRun['definition'], with_: Partial<TaskRun> = {}): Promise<Ended> {
  const lines: string[] = [];
  const calls: (readonly [string, object])[] = [];
  const done = { state: 'running', durationMs: 5 };
  const { execute = () => Promise.resolve(done), ...others } = with_;
  const code = await runTask({
    definition: { type: 'virt-rewind', ...definition },
    isTrusted: true,
    clock: systemClock,
    signal: new AbortController().signal,
    write: (line) => lines.push(line),
    execute: (command, given) => {
      calls.push([command, given]);
      return execute(command, given);
    },
    readVm: () => assert.fail('looked at the VM'),
    guestPort: () => assert.fail('asked for the way to a port'),
    show: (text) => lines.push(text),
    runIn: () => assert.fail('ran a program'),
    untilUp: () => assert.fail('waited for a system'),
    ...others,
  });
  return { code, lines, calls };
}

/** On a port of its own; each connection is closed. */
async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => socket.destroy());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return { server, port: address.port };
}
const vm = (values: Partial<Vm> = {}): Vm => ({ ...vmView().vm, agentChannel: true, power: 'running', ...values });
const refusedWith = (reason: 'notOff' | 'notRunning', state: string): CommandError =>
  new CommandError('refused', 'It is not done.', {
    refusal: { reason, facts: { vm: 'x', state, wanted: 'start' } },
  });

describe('a task', () => {
  it('is the command of its action, with its arguments', async () => {
    const given = { vm: 'web', connection: 'qemu:///session', snapshot: 'clean', after: 'running', confirm: false };
    const { code, calls } = await run({ action: 'revert', ...given });
    assert.deepEqual(calls, [['virtRewind.revert', given]]);
    assert.equal(code, 0);
    for (const action of ['start', 'shutDown', 'forceOff']) {
      assert.deepEqual((await run({ action, vm: 'web' })).calls, [[`virtRewind.${action}`, { vm: 'web' }]]);
    }
  });

  it('is that of a system, whose result says what became of each of its VMs, and is done with it', async () => {
    const result = { members: [{ name: 'db', outcome: 'done' }], durationMs: 5 };
    const execute = (): Promise<object> => Promise.resolve(result);
    for (const action of ['start', 'shutDown']) {
      const { code, calls } = await run({ action, system: 'shop' }, { execute });
      assert.deepEqual([code, calls], [0, [[`virtRewind.${action}`, { system: 'shop' }]]]);
    }
    const { code, calls } = await run({ action: 'forceOff', system: 'shop' }, { execute });
    assert.deepEqual([code, calls], [1, []]);
  });

  it('ends with 1 where all VMs are back and one does not come up, so that what depends on it does not start', async () => {
    const execute = (): Promise<never> => Promise.reject(new CommandError('failed', 'api did not come up.', {}));
    for (const definition of [
      { action: 'resetLab' },
      { action: 'revert', system: 'shop', snapshot: 'clean', confirm: false },
    ]) {
      const { code, lines } = await run(definition, { execute });
      assert.deepEqual([code, lines.at(-1)], [1, 'api did not come up.']);
    }
  });

  it('waits for all VMs of a system, and ends with 1 where one does not come up', async () => {
    const waits: (readonly [string, number])[] = [];
    const untilUp = (system: string, atMostMs: number): Promise<void> => {
      waits.push([system, atMostMs]);
      return atMostMs > 1_000 ? Promise.resolve() : Promise.reject(new Failure('failed', { vm: 'db' }));
    };
    assert.equal((await run({ action: 'wait', system: 'shop' }, { untilUp })).code, 0);
    const { code, lines } = await run({ action: 'wait', system: 'shop', seconds: 1 }, { untilUp });
    assert.equal(code, 1);
    assert.match(lines.join(' '), /all VMs of shop.*db/);
    assert.deepEqual(waits, [
      ['shop', 120_000],
      ['shop', 1_000],
    ]);
    // Whether one VM or all of them are meant is not guessed.
    assert.equal((await run({ action: 'wait', system: 'shop', vm: 'db' })).code, 1);
  });

  it('takes a checkpoint by itself, or a snapshot with its title', async () => {
    const quick = await run({ action: 'checkpoint', vm: 'web' });
    assert.deepEqual(quick.calls, [['virtRewind.quickCheckpoint', { vm: 'web' }]]);
    const titled = await run({ action: 'checkpoint', vm: 'web', title: 'Before' });
    assert.deepEqual(titled.calls, [['virtRewind.createSnapshot', { kind: 'auto', vm: 'web', title: 'Before' }]]);
  });

  it('says what the snapshot is called, and where the present is kept', async () => {
    const execute = (): Promise<object> => Promise.resolve({ snapshot: 'clean', checkpoint: 'before-1' });
    const { lines } = await run({ action: 'revert', vm: 'web', snapshot: 'clean' }, { execute });
    assert.ok(lines.some((line) => line.includes('before-1')));
  });

  it('does nothing in a workspace that is not trusted', async () => {
    const { code, calls, lines } = await run({ action: 'start', vm: 'web' }, { isTrusted: false });
    assert.deepEqual([code, calls], [1, []]);
    assert.equal(lines.length, 1);
  });

  it('fails with the sentence of the command', async () => {
    const execute = (): Promise<never> => Promise.reject(new CommandError('refused', 'A rule forbids it.'));
    const { code, lines } = await run({ action: 'revert', vm: 'web', snapshot: 'clean' }, { execute });
    assert.equal(code, 1);
    assert.equal(lines.at(-1), 'A rule forbids it.');
  });

  it('writes nothing into its terminal that steers it', async () => {
    const execute = (): Promise<never> => Promise.reject(new CommandError('failed', 'A name: \u001b[2Jx\r\nhidden'));
    const { lines } = await run({ action: 'start', vm: 'web\u001b[31m' }, { execute });
    assert.ok(lines.every((line) => !/\p{Cc}/u.test(line)));
  });

  it('fails when its question is left', async () => {
    const { code } = await run({ action: 'forceOff', vm: 'web' }, { execute: () => Promise.resolve(undefined) });
    assert.equal(code, 1);
  });

  it('is done where the VM is in the wanted state already, and only there', async () => {
    const ends = async (action: string, error: CommandError): Promise<number> =>
      (await run({ action, vm: 'web' }, { execute: () => Promise.reject(error) })).code;
    assert.equal(await ends('start', refusedWith('notOff', 'running')), 0);
    assert.equal(await ends('shutDown', refusedWith('notRunning', 'off')), 0);
    assert.equal(await ends('forceOff', refusedWith('notRunning', 'off')), 0);
    assert.equal(await ends('start', refusedWith('notOff', 'paused')), 1);
    assert.equal(await ends('start', refusedWith('notRunning', 'off')), 1);
  });

  it('is refused where it is not understood', async () => {
    const wrong: readonly TaskRun['definition'][] = [
      {},
      { action: 'explode', vm: 'web' },
      { action: 'start' },
      { action: 'start', vm: 7 },
      { action: 'revert', vm: 'web' },
      { action: 'wait' },
      { action: 'wait', port: 22 },
      { action: 'wait', host: 'a' },
      { action: 'wait', host: 'a', port: 70_000 },
      { action: 'wait', seconds: -1 },
      { action: 'wait', seconds: 1, snapshot: 'x' },
    ];
    for (const definition of wrong) {
      const { code, calls } = await run(definition);
      assert.deepEqual([code, calls], [1, []], JSON.stringify(definition));
    }
  });
});

describe('a task that runs a program', () => {
  const bytes = (text: string): GuestOutputBytes => ({ bytes: Buffer.from(text), isCut: false });
  const ended = (stdout: string, exit: object): GuestRun => ({
    kind: 'ended',
    stdout: bytes(stdout),
    stderr: bytes(''),
    ...exit,
  });

  it('shows what it wrote, without what steers a terminal, and ends as it did', async () => {
    const asked: unknown[] = [];
    const { code, lines } = await run(
      { action: 'run', vm: 'web', program: 'make', args: ['test'] },
      {
        runIn: ({ vm, command }) => {
          asked.push([vm, command]);
          return Promise.resolve(ended('one\u001B]0;x\u0007\ntwo\n', { exitCode: 3 }));
        },
      },
    );
    assert.deepEqual(asked, [['web', { program: 'make', args: ['test'], atMostMs: 60_000 }]]);
    assert.equal(code, 3);
    assert.ok(lines.includes('one\r\ntwo\r\n'), lines.join('|'));
    const killed = await run(
      { action: 'run', vm: 'web', program: 'x' },
      { runIn: () => Promise.resolve(ended('', { signal: 9 })) },
    );
    assert.equal(killed.code, 137);
  });

  it('fails where it does not end in time, or cannot be run', async () => {
    const late = { runIn: () => Promise.resolve({ kind: 'late', pid: 7 } as const) };
    assert.equal((await run({ action: 'run', vm: 'web', program: 'x', seconds: 1 }, late)).code, 1);
    const none = { runIn: () => Promise.reject(new Failure('unsupported', { vm: 'web' })) };
    assert.equal((await run({ action: 'run', vm: 'web', program: 'x' }, none)).code, 1);
    for (const wrong of [{}, { program: '' }, { program: 'x', args: 'y' }, { program: 'x', seconds: 0 }]) {
      assert.equal((await run({ action: 'run', vm: 'web', ...wrong })).code, 1, JSON.stringify(wrong));
    }
  });
});

describe('a task that waits', () => {
  it('waits for the guest agent', async () => {
    const clock = new FakeClock();
    let seen = vm({ agentConnected: false });
    const ended = run({ action: 'wait', vm: 'web' }, { clock, readVm: () => Promise.resolve(seen) });
    await settled();
    seen = vm({ agentConnected: true });
    await clock.advance(1_000);
    assert.equal((await ended).code, 0);
  });

  it('waits in vain, and says so', async () => {
    const clock = new FakeClock();
    const readVm = (): Promise<Vm> => Promise.resolve(vm({ agentConnected: true, power: 'paused' }));
    const ended = run({ action: 'wait', vm: 'web', seconds: 1 }, { clock, readVm });
    for (let step = 0; step < 5; step += 1) {
      await settled();
      await clock.advance(500);
    }
    assert.equal((await ended).code, 1);
  });

  it('does not wait for an agent that cannot come, or a VM that is not there', async () => {
    const without = (): Promise<Vm> => Promise.resolve(vm({ agentChannel: false }));
    assert.equal((await run({ action: 'wait', vm: 'web' }, { readVm: without })).code, 1);
    const gone = (): Promise<Vm> => Promise.reject(new Failure('notFound', { vm: 'web' }));
    const { code, lines } = await run({ action: 'wait', vm: 'web' }, { readVm: gone });
    assert.equal(code, 1);
    assert.match(lines.at(-1)!, /web/);
  });

  it('waits for a port', async () => {
    const { server, port } = await listening();
    assert.equal((await run({ action: 'wait', host: '127.0.0.1', port })).code, 0);
    await new Promise((resolve) => {
      server.close(resolve);
    });
    assert.equal((await run({ action: 'wait', host: '127.0.0.1', port, seconds: 0 })).code, 1);
  });

  it('waits for a port of the VM, to which it finds the way by itself', async () => {
    const { server, port } = await listening();
    const asked: unknown[] = [];
    const guestPort: TaskRun['guestPort'] = (call) => {
      asked.push([call.vm, call.connection, call.port]);
      return Promise.resolve({ what: 'port', host: '127.0.0.1', port, atMostMs: call.atMostMs });
    };
    const wanted = { action: 'wait', vm: 'web', connection: 'qemu:///session', port };
    assert.equal((await run(wanted, { guestPort })).code, 0);
    assert.deepEqual(asked, [['web', 'qemu:///session', port]]);
    for (const found of ['late', 'stopped'] as const) {
      assert.equal((await run(wanted, { guestPort: () => Promise.resolve(found) })).code, 1);
    }
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });

  it('waits for some time, and can be broken off', async () => {
    assert.equal((await run({ action: 'wait', seconds: 0 })).code, 0);
    const broken = new AbortController();
    const ended = run({ action: 'wait', seconds: 1_000 }, { signal: broken.signal });
    await settled();
    broken.abort();
    assert.equal((await ended).code, 1);
  });
});
