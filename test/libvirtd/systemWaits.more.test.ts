// What is waited for between the members of a system, on real guests: the agent, a TCP port, the success of a command,
// seconds. The second one is not started before, and not at all where it was in vain.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import type { MemberOutcome, StartWait, StoredSystem } from '../../src/domain/system.js';
import type { VmRef } from '../../src/domain/vm.js';
import type { SystemPowerPlan } from '../../src/systems/systemPower.js';
import type { Daemon, Guest } from './engineRig.js';
import { act, libraryIn, openSystems, type SystemsHere } from './systemRig.js';

const never = new AbortController().signal;
const seconds = 120;

describe('what is waited for between the members of a system', () => {
  let daemon: Daemon;
  let folder: string;
  let here: SystemsHere;
  let db: Guest;
  let api: Guest;
  let refs: readonly VmRef[];

  const virsh = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const agentAnswers = async (name: string): Promise<boolean> =>
    (await daemon.virsh(['qemu-agent-command', name, '{"execute":"guest-ping"}', '--timeout', '5'])).code === 0;
  /** `api` comes after `db`, which counts as up when that is there. */
  const waiting = async (wait: StartWait): Promise<StoredSystem> => {
    await here.systems.setStart(await pair(), refs[0]!.uuid, { after: [], wait });
    await here.systems.setStart(await pair(), refs[1]!.uuid, { after: [refs[0]!.uuid] });
    return pair();
  };
  const pair = async (): Promise<StoredSystem> => (await here.systems.find('pair'))!;
  /**
   * Both are started in their order; resolves with what became of each.
   * @param atSecond when the second one's turn has come
   */
  const start = async (
    wait: StartWait,
    atSecond: () => Promise<void>,
    atFirst: () => Promise<void> = () => Promise.resolve(),
  ): Promise<readonly MemberOutcome[]> => {
    const plan = await here.systems.planPower(await waiting(wait), 'start');
    const act = async ({ member, plan: own }: SystemPowerPlan['members'][number]): Promise<void> => {
      await (member.name === 'api' ? atSecond() : atFirst());
      await here.engine.runOperation(own.request);
    };
    return (await here.systems.runPower(plan, { signal: never, act })).members;
  };
  const failed = (members: readonly MemberOutcome[]): readonly (string | undefined)[] =>
    members.flatMap(({ failure }) => failure?.kind ?? []);

  before(async () => {
    daemon = await startPrivateDaemon();
    folder = join(daemon.dir, 'journal');
    mkdirSync(folder, { recursive: true });
    db = await defineTestGuest(daemon, { name: 'db' });
    api = await defineTestGuest(daemon, { name: 'api' });
    here = await openSystems(daemon.uri, folder, daemon.env);
    const views = ['db', 'api'].map((name) => here.engine.findVms(name)[0]!);
    refs = views.map(({ ref }) => ref);
    await here.systems.make('pair', views);
  });
  after(async () => {
    here.dispose();
    await daemon.stop();
  });
  afterEach(async () => {
    for (const guest of [db, api]) {
      if ((await guest.state()) !== 'shut off') {
        await virsh('destroy', guest.name);
      }
    }
  });

  it('is the guest agent: it answers when the next one starts', async () => {
    let answered: boolean | undefined;
    const members = await start({ kind: 'agent', seconds }, async () => {
      answered = await agentAnswers('db');
    });
    assert.deepEqual([answered, failed(members), await api.state()], [true, [], 'running']);
  });

  it('is the success of a command in the guest, however often it fails before', async () => {
    let [isReady, wasReady] = [false, false];
    const ready = async (): Promise<void> => {
      await db.waitForAgent();
      isReady = true;
      await db.run('touch', ['/tmp/ready']);
    };
    let making: Promise<void> | undefined;
    const command = { kind: 'command', program: 'test', args: ['-e', '/tmp/ready'], seconds } as const;
    const members = await start(
      command,
      () => {
        wasReady = isReady;
        return Promise.resolve();
      },
      () => {
        making = ready();
        return Promise.resolve();
      },
    );
    await making;
    assert.deepEqual([wasReady, failed(members), await api.state()], [true, [], 'running']);
  });

  it('is a TCP port', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    let [isOpen, wasOpen] = [false, false];
    const members = await start(
      { kind: 'port', host: '127.0.0.1', port, seconds },
      () => {
        wasOpen = isOpen;
        return Promise.resolve();
      },
      () => {
        // Its guest takes its time; what answers there stands for it.
        void db.waitForAgent().then(() => {
          isOpen = true;
          server.listen(port, '127.0.0.1');
        });
        return Promise.resolve();
      },
    );
    server.close();
    assert.deepEqual([wasOpen, failed(members), await api.state()], [true, [], 'running']);
  });

  it('is some time', async () => {
    let [first, second] = [0, 0];
    const now = (set: (at: number) => void) => (): Promise<void> => {
      set(performance.now());
      return Promise.resolve();
    };
    await start(
      { kind: 'time', seconds: 1 },
      now((at) => (second = at)),
      now((at) => (first = at)),
    );
    assert.ok(second - first >= 1_000, `${second - first} ms`);
  });

  it('is nothing where they are shut down: each goes when those are off that come after it', async () => {
    await Promise.all([db.start(), api.start()]);
    const plan = await here.systems.planPower(await waiting({ kind: 'agent', seconds }), 'shutDown');
    const seen: (readonly [string, string])[] = [];
    const { members } = await here.systems.runPower(plan, {
      signal: never,
      act: async ({ member, plan: own }) => {
        seen.push([member.name, await api.state()]);
        await here.engine.runOperation(own.request);
      },
    });
    assert.deepEqual(failed(members), []);
    assert.deepEqual(seen, [
      ['api', 'running'],
      ['db', 'shut off'],
    ]);
    assert.equal(await db.state(), 'shut off');
  });

  for (const wait of [
    { kind: 'agent', seconds: 0 },
    { kind: 'port', host: '127.0.0.1', port: 1, seconds: 1 },
    { kind: 'command', program: 'false', args: [], seconds: 5 },
  ] as const) {
    it(`leaves the next one off where it was in vain: ${wait.kind}`, async () => {
      const members = await start(wait, () => Promise.reject(new Error('its turn did not come')));
      assert.deepEqual(failed(members), ['failed', 'stopped']);
      assert.deepEqual(
        members.map(({ outcome }) => outcome),
        ['done', 'asBefore'],
      );
      assert.deepEqual([await db.state(), await api.state()], ['running', 'shut off']);
    });
  }

  it('ends with guests whose clocks are right, though their RAM is of another time', async () => {
    await Promise.all([db.start(), api.start()]);
    await waiting({ kind: 'agent', seconds });
    for (const guest of [db, api]) {
      await guest.waitForAgent();
      // As if it had been kept long ago.
      await guest.run('date', ['-s', '@1000000000']);
    }
    await act(here, 'pair', { kind: 'checkpoint', title: 'long ago' });
    const { members } = await act(here, 'pair', { kind: 'revert', title: 'long ago' });
    // Whose agent was too slow is told of.
    assert.ok(members.every(({ clockBehindMs = 1_000 }) => clockBehindMs >= 1_000));
    for (const guest of [db, api]) {
      let behind = Infinity;
      while (Math.abs(behind) >= 60) {
        // Nobody waits longer than a second for a slow guest, so it may come a moment later.
        behind = Date.now() / 1_000 - Number((await guest.run('date', ['+%s'])).stdout);
      }
    }
  });

  it('holds after a revert, too: who was waited for in vain runs and lets the next one stand still, and that is told', async () => {
    await Promise.all([db.start(), api.start()]);
    await waiting({ kind: 'command', program: 'test', args: ['-e', '/tmp/ready'], seconds: 5 });
    await act(here, 'pair', { kind: 'checkpoint', title: 'not ready' });
    await db.run('touch', ['/tmp/ready']);
    await act(here, 'pair', { kind: 'checkpoint', title: 'ready' });
    const ready = await act(here, 'pair', { kind: 'revert', title: 'ready' });
    assert.deepEqual(
      ready.members.map(({ outcome }) => outcome),
      ['done', 'done'],
    );
    assert.deepEqual([await db.state(), await api.state()], ['running', 'running']);
    const { members } = await act(here, 'pair', { kind: 'revert', title: 'not ready' });
    assert.deepEqual(
      members.map(({ outcome }) => outcome),
      ['done', 'notStarted'],
    );
    assert.deepEqual(failed(members), ['failed', 'stopped']);
    assert.deepEqual([await db.state(), await api.state()], ['running', 'paused']);
  });

  it('is an error of the library where it was in vain after a revert, or nobody waits any longer: all are back', async () => {
    await Promise.all([db.start(), api.start()]);
    await waiting({ kind: 'command', program: 'false', args: [], seconds: 5 });
    await act(here, 'pair', { kind: 'checkpoint', title: 'never' });
    const rewind = await libraryIn(folder, daemon.uri);
    try {
      const system = await rewind.system('pair');
      const told = /Reverted the system pair to “never”.*db.*api/u;
      await assert.rejects(system.revert('never'), { name: 'VirtRewindError', kind: 'failed', message: told });
      assert.deepEqual([await db.state(), await api.state()], ['running', 'paused']);
      await waiting({ kind: 'command', program: 'false', args: [], seconds });
      // So that it runs again as soon as it is waited for, and not before.
      await virsh('destroy', db.name);
      const stop = new AbortController();
      const doing = assert.rejects(system.undo({ signal: stop.signal }), { kind: 'cancelled' });
      const over = doing.then(() => true);
      while ((await db.state()) !== 'running' && !(await Promise.race([over, Promise.resolve(false)]))) {
        // Not yet.
      }
      stop.abort();
      await doing;
      assert.equal(await db.state(), 'running');
    } finally {
      await rewind.close();
    }
  });
});
