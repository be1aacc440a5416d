// How many forks there may be, and for how much RAM: known before anything is made. And what becomes of those that were
// made when one fails.
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { mostForks, type UseOfVm } from '../../../src/domain/clone.js';
import { Failure } from '../../../src/domain/failure.js';
import type { OperationRequest } from '../../../src/domain/operation.js';
import type { VmRef } from '../../../src/domain/vm.js';
import { forkVm, type ForkWish, planForkPoint } from '../../../src/engine/forks.js';
import type { EnginePort } from '../../../src/engine/enginePort.js';
import { refuse, type RefusalReason, type RefusedDecision } from '../../../src/domain/refusal.js';
import type { VmView } from '../../../src/live/views.js';
import { capabilities, ref, vm } from '../domain/someFacts.js';

const mebibyte = 1024 ** 2;

type ForkMaker = Parameters<typeof forkVm>[0];

/** Whatever is asked for is done, but for what `fails` says. */
/** With what QEMU needs itself. */
const perFork = 129 * 2 ** 20;

class FakeEngine implements ForkMaker {
  connections: EnginePort['connections'] = [];
  readonly ran: OperationRequest[] = [];

  constructor(
    readonly memoryBytes: number,
    readonly fails: (request: OperationRequest) => boolean = () => false,
    readonly seen: Pick<VmView, 'layers'> = {},
  ) {}

  /** Whether it has a guest agent. */
  agentChannel = true;
  /** The forks whose guests are told the time, until `endSettling`. */
  readonly settling: VmRef[] = [];
  endSettling: () => void = () => undefined;
  #settled: Promise<void> = Promise.resolve();

  holdSettling(): void {
    this.#settled = new Promise((resolve) => (this.endSettling = resolve));
  }

  /** The free memory of the host in bytes. */
  freeMemory: number | undefined;
  networks: readonly string[] = ['default'];
  guests: ForkMaker['guests'] = {
    freeMemoryOf: () => Promise.resolve(this.freeMemory),
    networksOf: () => Promise.resolve(this.networks),
    settleFork: (fork) => {
      this.settling.push(fork);
      return this.#settled;
    },
  };

  readonly findVm: EnginePort['findVm'] = () => ({
    ref,
    vm: vm({ memoryBytes: this.memoryBytes, agentChannel: this.agentChannel }),
    ...this.seen,
  });
  readonly readTree: EnginePort['readTree'] = () => Promise.resolve({ snapshots: [] });
  /** The uses of the fork with that number. */
  uses: (number: number) => readonly UseOfVm[] = () => [];
  #asked = 0;
  readonly usesSinceMade: EnginePort['usesSinceMade'] = () => Promise.resolve(this.uses((this.#asked += 1)));
  readonly refresh: EnginePort['refresh'] = () => Promise.resolve();
  /** What is refused, by kind. */
  refuses: Partial<Record<OperationRequest['kind'], RefusedDecision>> = {
    clone: refuse('forkNeedsRam', { vm: 'web', snapshot: 'web' }),
  };
  readonly decide = ((requests: readonly OperationRequest[]) =>
    Promise.resolve(
      requests.map((request) => ({ request, decision: this.refuses[request.kind] ?? { kind: 'plan', spaceBytes: 7 } })),
    )) as EnginePort['decide'];
  readonly runOperation: EnginePort['runOperation'] = (request) => {
    this.ran.push(request);
    return this.fails(request)
      ? Promise.reject(new Failure('failed'))
      : Promise.resolve({ durationMs: 1, snapshot: 'moment' } as Awaited<ReturnType<EnginePort['runOperation']>>);
  };
}

const kinds = ({ ran }: FakeEngine): readonly string[] => ran.map(({ kind }) => kind);

async function refused(engine: FakeEngine, wish: ForkWish, why: RefusalReason = 'forkNeedsMemory'): Promise<void> {
  await assert.rejects(forkVm(engine, ref, wish), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.details.refusal?.reason, why);
    return true;
  });
  assert.deepEqual(kinds(engine), [], 'nothing is made, and no guest stands still for it');
}

describe('forks: before they are made', () => {
  it('begin with a moment that nobody feels where that is wanted and can be had, else with one while the guest runs on', async () => {
    for (const seamless of [true, undefined] as const) {
      const engine = new FakeEngine(mebibyte);
      await forkVm(engine, ref, { ...(seamless !== undefined && { seamless }) });
      const [moment] = engine.ran;
      assert.ok(moment?.kind === 'create');
      assert.deepEqual([moment.live, moment.seamless], [true, seamless]);
    }
  });

  it('are unplugged, unless each has a network of its own', async () => {
    for (const [networks, wish, expected] of [
      [['default'], {}, 'unplugged'],
      [[], {}, 'same'],
      // It may have been in another network then.
      [[], { snapshot: 'old' }, 'unplugged'],
    ] as const) {
      const engine = new FakeEngine(mebibyte);
      engine.networks = networks;
      await forkVm(engine, ref, wish);
      const networkOf = engine.ran.flatMap((one) => (one.kind === 'clone' ? one.network : []));
      assert.deepEqual(networkOf, [expected]);
    }
  });

  it('are refused where the snapshot cannot be created that they begin with, or no fork of it', async () => {
    const engine = new FakeEngine(mebibyte);
    engine.refuses = { clone: refuse('forkOfInternal', { vm: 'web' }) };
    await refused(engine, {}, 'forkOfInternal');
    engine.refuses = { create: refuse('noDisks', { vm: 'web' }) };
    await refused(engine, {}, 'noDisks');
  });

  it('tell which snapshot they would need and how large it may be, and of one that exists whether it can be forked', async () => {
    const engine = new FakeEngine(mebibyte);
    const point = await planForkPoint(engine, ref);
    assert.deepEqual([point?.request.title, point?.bytes], ['Fork point', 7]);
    await assert.rejects(planForkPoint(engine, ref, { snapshot: 'there' }), /forkNeedsRam/u);
    engine.refuses = {};
    assert.equal(await planForkPoint(engine, ref, { snapshot: 'there' }), undefined);
    assert.deepEqual(kinds(engine), []);
  });

  it('are refused where they may need more RAM than their host has free', async () => {
    const engine = new FakeEngine(mebibyte);
    engine.freeMemory = 2 * perFork;
    await forkVm(engine, ref, { count: 2 });
    engine.ran.length = 0;
    await refused(engine, { count: 3 });
  });

  it('are made where nobody knows how much that is', async () => {
    const engine = new FakeEngine(2 ** 50);
    await forkVm(engine, ref, { count: 1 });
    assert.deepEqual(kinds(engine), ['create', 'clone']);
  });

  it('are refused where they are more than may be at once, however small', async () => {
    await refused(new FakeEngine(mebibyte), { count: mostForks + 1 });
    await refused(new FakeEngine(mebibyte), { count: mostForks + 1, snapshot: 'there' });
  });

  it('are refused where libvirt needs a copy of the RAM, and its folder has no room for that beside the RAM itself', async () => {
    const on = (major: number, minor: number, freeBytes: number | 'unknown'): FakeEngine => {
      const rooms = [{ folder: '/img', freeBytes, totalBytes: 2 ** 40 }];
      const layers = { readAt: 0, from: 'files', disks: [], snapshots: [], rooms } as const;
      const engine = new FakeEngine(mebibyte, () => false, { layers });
      engine.connections = [
        { uri: ref.connection, capabilities: capabilities(major, minor) },
      ] as unknown as EnginePort['connections'];
      return engine;
    };
    await refused(on(11, 3, 2 * mebibyte - 1), {}, 'noSpaceFor');
    for (const engine of [on(11, 3, 2 * mebibyte), on(11, 3, 'unknown'), on(12, 8, 1)]) {
      await forkVm(engine, ref);
      assert.deepEqual(kinds(engine), ['create', 'clone']);
    }
  });

  it('begin with one moment that is taken for them, or that there is', async () => {
    const taken = new FakeEngine(mebibyte);
    assert.equal((await forkVm(taken, ref, { count: 2 })).snapshot, 'moment');
    assert.deepEqual(kinds(taken), ['create', 'clone', 'clone']);
    assert.ok(taken.ran.every((request) => request.kind !== 'clone' || request.snapshot === 'moment'));
    const there = new FakeEngine(mebibyte);
    await forkVm(there, ref, { snapshot: 'there' });
    assert.deepEqual(kinds(there), ['clone']);
  });

  it('are handed the RAM with their cables out, unless somebody wants them in', async () => {
    const network = async (wish: ForkWish): Promise<readonly unknown[]> => {
      const engine = new FakeEngine(mebibyte);
      await forkVm(engine, ref, { snapshot: 'there', ...wish });
      return engine.ran.map((request) => request.kind === 'clone' && [request.ram, request.network]);
    };
    assert.deepEqual(await network({}), [['kept', 'unplugged']]);
    assert.deepEqual(await network({ network: 'same' }), [['kept', 'same']]);
  });
});

describe('forks: their clocks and random numbers', () => {
  const uuids = (engine: FakeEngine): readonly unknown[] =>
    engine.ran.flatMap((request) => (request.kind === 'clone' ? [request.clone.uuid] : []));

  /** And whatever comes of it at once. */
  const untilRan = async (engine: FakeEngine, count: number): Promise<void> => {
    while (engine.ran.length < count) {
      await setImmediate();
    }
    await setImmediate();
  };

  it('are seen to while the next one is made, and all of them before the forks are given out', async () => {
    const engine = new FakeEngine(mebibyte);
    engine.holdSettling();
    let given = false;
    const forks = forkVm(engine, ref, { count: 3 }).then(() => (given = true));
    await untilRan(engine, 4);
    assert.deepEqual(kinds(engine), ['create', 'clone', 'clone', 'clone']);
    assert.deepEqual(
      engine.settling.map(({ uuid }) => uuid),
      uuids(engine),
    );
    assert.equal(given, false);
    engine.endSettling();
    await forks;
  });

  it('are let alone where no agent is there to do it', async () => {
    const engine = new FakeEngine(mebibyte);
    engine.agentChannel = false;
    await forkVm(engine, ref, { count: 2 });
    assert.deepEqual(engine.settling, []);
  });

  it('are no reason to fail', async () => {
    const engine = new FakeEngine(mebibyte);
    engine.guests = { ...engine.guests, settleFork: () => Promise.reject(new Failure('unreachable')) };
    assert.equal((await forkVm(engine, ref, { count: 2 })).children.length, 2);
  });

  it('are seen to before a fork goes again because another one could not be made', async () => {
    let clones = 0;
    const engine = new FakeEngine(mebibyte, ({ kind }) => kind === 'clone' && (clones += 1) === 2);
    engine.holdSettling();
    const forks = assert.rejects(forkVm(engine, ref, { count: 2 }));
    await untilRan(engine, 3);
    assert.deepEqual(kinds(engine), ['create', 'clone', 'clone']);
    engine.endSettling();
    await forks;
    assert.deepEqual(kinds(engine), ['create', 'clone', 'clone', 'discard']);
  });
});

describe('forks: where one cannot be made', () => {
  it('those before it go again, and the moment stays, which is told', async () => {
    let clones = 0;
    const engine = new FakeEngine(mebibyte, ({ kind }) => kind === 'clone' && (clones += 1) === 3);
    await assert.rejects(forkVm(engine, ref, { count: 4 }), ({ details }: Failure) => {
      assert.deepEqual(details.left, [{ kind: 'snapshot', snapshot: 'moment' }]);
      return true;
    });
    assert.deepEqual(kinds(engine), ['create', 'clone', 'clone', 'clone', 'discard', 'discard']);
    const of = (kind: OperationRequest['kind']): readonly string[] =>
      engine.ran.flatMap((request) =>
        request.kind !== kind ? [] : request.kind === 'clone' ? [request.clone.uuid] : [request.vm.uuid],
      );
    assert.deepEqual(of('discard'), of('clone').slice(0, 2));
  });

  it('all that can go do, and those that cannot are named beside why the forks could not be made', async () => {
    let [clones, discards] = [0, 0];
    const engine = new FakeEngine(
      mebibyte,
      ({ kind }) => (kind === 'clone' && (clones += 1) === 4) || (kind === 'discard' && (discards += 1) === 2),
    );
    const error: unknown = await forkVm(engine, ref, { count: 4 }).catch((caught: unknown) => caught);
    assert.deepEqual(kinds(engine).slice(-3), ['discard', 'discard', 'discard']);
    assert.ok(error instanceof Failure);
    const second = engine.ran.filter((request) => request.kind === 'clone')[1];
    assert.deepEqual(error.details.left, [
      { kind: 'snapshot', snapshot: 'moment' },
      { kind: 'vm', vm: second?.clone.name },
    ]);
  });

  it('one that somebody has used meanwhile stays, and is named', async () => {
    let clones = 0;
    const engine = new FakeEngine(mebibyte, ({ kind }) => kind === 'clone' && (clones += 1) === 3);
    engine.uses = (number) => (number === 1 ? ['snapshots'] : []);
    const error: unknown = await forkVm(engine, ref, { count: 3 }).catch((caught: unknown) => caught);
    assert.ok(error instanceof Failure);
    const [first, second] = engine.ran.flatMap((request) => (request.kind === 'clone' ? [request.clone] : []));
    assert.deepEqual(error.details.left?.slice(1), [{ kind: 'vm', vm: first?.name, used: true }]);
    const gone = engine.ran.flatMap((request) => (request.kind === 'discard' ? [request.vm.uuid] : []));
    assert.deepEqual(gone, [second?.uuid]);
  });
});
