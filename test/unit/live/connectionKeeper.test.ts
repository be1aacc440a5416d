import assert from 'node:assert/strict';
import type { OpenHypervisor } from '../../../src/driver/hypervisor.js';
import { ConnectionKeeper, type KeeperState } from '../../../src/live/connectionKeeper.js';
import { silentLog } from '../../silentLog.js';
import { Failure, type FailureKind } from '../../../src/domain/failure.js';
import { FakeClock, settled } from '../engine/fakeClock.js';
import { FakeHypervisor } from '../engine/fakeHypervisor.js';

const uri = 'qemu:///system';

function keeperOf(open: OpenHypervisor): { keeper: ConnectionKeeper; clock: FakeClock; states: KeeperState[] } {
  const clock = new FakeClock();
  const keeper = new ConnectionKeeper({ uri, open, clock, log: silentLog, random: () => 0 });
  const states: KeeperState[] = [];
  keeper.onDidChange((state) => states.push(state));
  return { keeper, clock, states };
}

/** Opens what `answers` says, one after the other; the last one for ever. */
function opening(...answers: readonly (FailureKind | 'ok' | 'hang')[]): {
  open: OpenHypervisor;
  opened: FakeHypervisor[];
  attempts: () => number;
} {
  const opened: FakeHypervisor[] = [];
  let attempts = 0;
  const open: OpenHypervisor = () => {
    const answer = answers[Math.min(attempts, answers.length - 1)]!;
    attempts += 1;
    if (answer === 'hang') {
      return new Promise(() => undefined);
    }
    if (answer !== 'ok') {
      return Promise.reject(new Failure(answer));
    }
    const hypervisor = new FakeHypervisor(uri, new Map());
    opened.push(hypervisor);
    return Promise.resolve(hypervisor);
  };
  return { open, opened, attempts: () => attempts };
}

describe('ConnectionKeeper', () => {
  it('connects only when wanted, and stays open when it is no longer', async () => {
    const { open, opened, attempts } = opening('ok');
    const { keeper, clock, states } = keeperOf(open);
    await clock.advance(120_000);
    assert.equal(attempts(), 0);
    keeper.setEnabled(true);
    await settled();
    assert.deepEqual(
      states.map(({ state: state }) => state),
      ['connecting', 'connected'],
    );
    keeper.setEnabled(false);
    assert.equal(opened[0]!.closed, false);
    assert.equal(keeper.hypervisor, opened[0]);
    assert.equal(clock.pending, 0);
  });

  it('comes back within three seconds of its daemon when it was lost, and says it is tried again', async () => {
    const { open, opened, attempts } = opening('ok', ...Array<'unreachable'>(20).fill('unreachable'), 'ok');
    const { keeper, clock, states } = keeperOf(open);
    keeper.setEnabled(true);
    await clock.advance(60_000);
    opened[0]!.die();
    const lost = states.at(-1)!;
    assert.ok(lost.state === 'failed');
    assert.equal(lost.retryAt, clock.ticks() + 1000);
    await clock.advance(999);
    assert.equal(attempts(), 1);
    await clock.advance(1);
    assert.equal(attempts(), 2);
    for (let absent = 3; absent <= 21; absent++) {
      await clock.advance(1999);
      assert.equal(attempts(), absent - 1);
      await clock.advance(1);
      assert.equal(attempts(), absent);
    }
    await clock.advance(2000);
    assert.equal(states.at(-1)!.state, 'connected');
    assert.equal(keeper.hypervisor, opened[1]);
    // Rows do not change with each of many attempts that find what the one before has found.
    const told = states.map((state) => (state.state === 'failed' ? state.failure.kind : state.state));
    assert.deepEqual(told, ['connecting', 'connected', 'lost', 'unreachable', 'connected']);
  });

  describe('of another host', () => {
    const away = (networks = () => ''): ReturnType<typeof keeperOf> & ReturnType<typeof opening> => {
      const { open, ...rest } = opening('ok', 'unreachable');
      const clock = new FakeClock();
      const far = 'qemu+ssh://build/system';
      const keeper = new ConnectionKeeper({ uri: far, open, clock, log: silentLog, random: () => 0, networks });
      const states: KeeperState[] = [];
      keeper.onDidChange((state) => states.push(state));
      return { keeper, clock, states, open, ...rest };
    };
    const waits = async ({ keeper, clock, opened }: ReturnType<typeof away>): Promise<void> => {
      keeper.setEnabled(true);
      await clock.advance(60_000);
      opened[0]!.die();
      await clock.advance(2_000 + 4_000 + 8_000 + 16_000 + 32_000);
    };

    it('is tried less often, and says when', async () => {
      const far = away();
      await waits(far);
      assert.equal(far.attempts(), 6);
      const last = far.states.at(-1)!;
      assert.equal(last.state === 'failed' && last.nextTryAt, far.clock.now() + 60_000);
      await far.clock.advance(59_000);
      assert.equal(far.attempts(), 6);
      await far.clock.advance(1_000);
      assert.equal(far.attempts(), 7);
      const told = far.states.map((state) => (state.state === 'failed' ? state.failure.kind : state.state));
      assert.deepEqual(told.slice(0, 4), ['connecting', 'connected', 'lost', 'unreachable']);
      assert.ok(!told.slice(2).includes('connecting'), 'rows do not change twice with each attempt');
    });

    it('is tried at once when this computer has slept', async () => {
      const far = away();
      await waits(far);
      far.clock.set(far.clock.now() + 3_600_000);
      await far.clock.advance(2_000);
      assert.equal(far.attempts(), 7);
      await far.clock.advance(2_000);
      assert.equal(far.attempts(), 8, 'and soon again');
    });

    it('is tried at once when the network is another', async () => {
      let networks = '';
      const far = away(() => networks);
      await waits(far);
      networks = '192.168.1.7';
      await far.clock.advance(2_000);
      assert.equal(far.attempts(), 7);
    });

    it('is not tried when nobody looks', async () => {
      const far = away();
      await waits(far);
      far.keeper.setEnabled(false);
      assert.equal(far.clock.pending, 0);
    });
  });

  it('tells of an attempt that somebody asked for, also while it comes back by itself', async () => {
    const { open, opened } = opening('ok', 'unreachable', 'unreachable', 'ok');
    const { keeper, clock, states } = keeperOf(open);
    keeper.setEnabled(true);
    await settled();
    opened[0]!.die();
    await clock.advance(1000);
    await assert.rejects(keeper.connect());
    assert.equal(states.at(-2)!.state, 'connecting');
    await keeper.connect();
    assert.equal(states.at(-1)!.state, 'connected');
  });

  it('comes back as soon when the daemon, long away, ends once more just after it came back', async () => {
    const { open, opened } = opening('ok', ...Array<'unreachable'>(10).fill('unreachable'), 'ok');
    const { keeper, clock, states } = keeperOf(open);
    keeper.setEnabled(true);
    await clock.advance(60_000);
    opened[0]!.die();
    await clock.advance(1000 + 10 * 2000);
    assert.equal(keeper.hypervisor, opened[1]);
    opened[1]!.die();
    const lost = states.at(-1)!;
    assert.ok(lost.state === 'failed');
    assert.equal(lost.retryAt, clock.ticks() + 1000);
  });

  it('does not feed a crash loop: a connection that ends at once is opened later each time', async () => {
    const { open, opened, attempts } = opening('ok');
    const { keeper, clock } = keeperOf(open);
    keeper.setEnabled(true);
    await settled();
    for (const wait of [1000, 2000, 4000, 8000]) {
      const before = attempts();
      opened.at(-1)!.die();
      await clock.advance(wait - 1);
      assert.equal(attempts(), before);
      await clock.advance(1);
      assert.equal(attempts(), before + 1);
    }
    await clock.advance(10_000);
    opened.at(-1)!.die();
    await clock.advance(1000);
    assert.equal(keeper.hypervisor, opened.at(-1));
  });

  it('tries nothing while nobody looks, and catches up at once when somebody does', async () => {
    const { open, opened, attempts } = opening('ok');
    const { keeper, clock } = keeperOf(open);
    keeper.setEnabled(true);
    await settled();
    opened[0]!.die();
    keeper.setEnabled(false);
    await clock.advance(600_000);
    assert.equal(attempts(), 1);
    assert.equal(clock.pending, 0);
    keeper.setEnabled(true);
    await clock.advance(0);
    assert.equal(attempts(), 2);
  });

  it('asks again for a denied connection only when told to', async () => {
    const { open, attempts } = opening('denied', 'ok');
    const { keeper, clock, states } = keeperOf(open);
    keeper.setEnabled(true);
    await clock.advance(600_000);
    keeper.setEnabled(false);
    keeper.setEnabled(true);
    await clock.advance(600_000);
    assert.equal(attempts(), 1);
    assert.deepEqual(Object.keys(states.at(-1)!).sort(), ['failure', 'state']);
    await keeper.connect();
    assert.equal(attempts(), 2);
  });

  it('connects at once when told to, whatever the back-off says, and only once for many askers', async () => {
    const { open, attempts } = opening('unreachable', 'ok');
    const { keeper, clock } = keeperOf(open);
    keeper.setEnabled(true);
    await settled();
    const [a, b] = await Promise.all([keeper.connect(), keeper.connect()]);
    assert.equal(a, b);
    assert.equal(attempts(), 2);
    assert.equal(clock.pending, 0);
    assert.equal(await keeper.connect(), a);
  });

  it('gives up an attempt that gives no answer', async () => {
    const { open } = opening('hang');
    const { keeper, clock, states } = keeperOf(open);
    const connected = assert.rejects(keeper.connect(), (failure: Failure) => failure.kind === 'unreachable');
    await clock.advance(30_000);
    await connected;
    assert.equal(states.at(-1)!.state, 'failed');
  });

  describe('while a person is asked for a password', () => {
    type Follow = NonNullable<Parameters<OpenHypervisor>[2]>;

    function asking(): { open: OpenHypervisor; attempts: () => number; follow: () => Follow; answer: () => void } {
      let attempts = 0;
      let tell: Follow = () => undefined;
      let answer = (): void => undefined;
      const open: OpenHypervisor = (_uri, signal, onLogin) => {
        attempts += 1;
        tell = onLogin!;
        tell('asked');
        return new Promise((resolve, reject) => {
          answer = () => resolve(new FakeHypervisor(uri, new Map()));
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        });
      };
      return { open, attempts: () => attempts, follow: () => tell, answer: () => answer() };
    }

    it('waits for minutes, and opens no second dialog meanwhile', async () => {
      const { open, attempts, follow, answer } = asking();
      const { keeper, clock } = keeperOf(open);
      keeper.setEnabled(true);
      await clock.advance(300_000);
      assert.equal(attempts(), 1);
      follow()('given');
      answer();
      await settled();
      assert.notEqual(keeper.hypervisor, undefined);
      assert.equal(clock.pending, 0);
    });

    it('is denied when nobody answers at all, and asks nobody again by itself', async () => {
      const { open, attempts } = asking();
      const { keeper, clock, states } = keeperOf(open);
      keeper.setEnabled(true);
      await clock.advance(3_600_000);
      assert.equal(attempts(), 1);
      const last = states.at(-1)!;
      assert.ok(last.state === 'failed');
      assert.equal(last.failure.kind, 'denied');
      assert.equal(last.retryAt, undefined);
      keeper.setEnabled(false);
      keeper.setEnabled(true);
      await clock.advance(3_600_000);
      assert.equal(attempts(), 1);
    });

    it('asks nobody again by itself either when the daemon goes away meanwhile', async () => {
      let attempts = 0;
      const { keeper, clock } = keeperOf((_uri, _signal, onLogin) => {
        attempts += 1;
        onLogin?.('asked');
        return Promise.reject(new Failure('lost'));
      });
      keeper.setEnabled(true);
      await clock.advance(600_000);
      assert.equal(attempts, 1);
    });

    it('has its usual limit again as soon as the daemon lets us in', async () => {
      const { open, follow } = asking();
      const { keeper, clock, states } = keeperOf(open);
      keeper.setEnabled(true);
      await clock.advance(300_000);
      follow()('given');
      await clock.advance(30_000);
      const last = states.findLast(({ state: state }) => state === 'failed')!;
      assert.ok(last.state === 'failed');
      assert.equal(last.failure.kind, 'unreachable');
      keeper.dispose();
    });
  });

  it('closes what comes too late, and ends with its connection', async () => {
    const late = new FakeHypervisor(uri, new Map());
    let answer: (hypervisor: FakeHypervisor) => void = () => undefined;
    const slow = keeperOf(() => new Promise((resolve) => (answer = resolve)));
    const waiting = assert.rejects(slow.keeper.connect());
    slow.keeper.dispose();
    answer(late);
    await waiting;
    await settled();
    assert.equal(late.closed, true);

    const { open, opened } = opening('ok');
    const { keeper, clock } = keeperOf(open);
    await keeper.connect();
    keeper.dispose();
    assert.equal(opened[0]!.closed, true);
    assert.equal(clock.pending, 0);
    await assert.rejects(keeper.connect(), (failure: Failure) => {
      return failure.kind === 'cancelled' && failure.details.byUs === true;
    });
  });
});
