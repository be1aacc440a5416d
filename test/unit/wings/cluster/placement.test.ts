import assert from 'node:assert/strict';
import { CliError } from '../../../../src/cli/commandError.js';
import { exitOfFailure } from '../../../../src/cli/exitCodes.js';
import type { Context } from '../../../../src/cli/context.js';
import { Interruption } from '../../../../src/cli/interruption.js';
import { noLog } from '../../../../src/base/log.js';
import { Failure } from '../../../../src/domain/failure.js';
import type { PowerState } from '../../../../src/domain/vm.js';
import type { EnginePort } from '../../../../src/engine/enginePort.js';
import { findHost } from '../../../../src/wings/cluster/commands/hostLook.js';
import { agreeOn, carryOut } from '../../../../src/wings/cluster/commands/movesTogether.js';
import { clusterFailure } from '../../../../src/wings/cluster/clusterFailure.js';
import { moveInTurn } from '../../../../src/wings/cluster/placement/moveInTurn.js';
import { transferFailure } from '../../../../src/transfer/transferFailure.js';
import { type Fleet, Prediction, reserveOf } from '../../../../src/wings/cluster/placement/fleet.js';
import { emptyHost, failOver, type Leaving } from '../../../../src/wings/cluster/placement/leaveHost.js';
import { assumedBandwidth, costOf, isCost } from '../../../../src/wings/cluster/placement/moveCost.js';
import { type ProposedMove, proposeMoves, spreadOf } from '../../../../src/wings/cluster/placement/proposeMoves.js';
import { gib, host, randomFleet, vm } from './someFleet.js';

const said = (moves: readonly ProposedMove[]): readonly string[] => moves.map((one) => `${one.vm.name} → ${one.to}`);
const left = ({ left: all }: Leaving): readonly string[] => all.map((one) => `${one.vm.name}: ${one.why}`);
const propose = (fleet: Fleet) => proposeMoves(fleet, assumedBandwidth);

describe('the cost of a move', () => {
  const [there, elsewhere] = [host('b'), host('c')];

  it('is the RAM of a VM that runs, and the files of one that is off', () => {
    const of = (more: Parameters<typeof vm>[3], to = there) => costOf(vm('a', 'a', ['b'], more), to, gib);
    assert.deepEqual(of({ residentBytes: 2 * gib, snapshots: 100 }), { bytes: 2 * gib, seconds: 3 });
    assert.deepEqual(of({ residentBytes: gib, dirtyBytes: gib / 2, snapshots: 0 }), { bytes: 2 * gib, seconds: 2.5 });
    assert.deepEqual(of({ power: 'off', fileBytes: gib, snapshots: 0 }), { bytes: 0, seconds: 0.5 });
    const sent = of({ power: 'off', fileBytes: gib, snapshots: 0 }, elsewhere);
    assert.deepEqual(sent, { bytes: gib, seconds: 1.5 });
  });

  it('is not told of one that cannot move', () => {
    const of = (more: Parameters<typeof vm>[3], to = there) => costOf(vm('a', 'a', ['b'], more), to, gib);
    assert.equal(of({ stays: 'lab' }), 'lab');
    assert.equal(of({}, host('b', { closed: 'noLogin' })), 'closed');
    assert.equal(of({}, elsewhere), 'notShared');
    assert.equal(of({ dirtyBytes: gib }), 'tooFast');
  });
});

describe('a proposal', () => {
  const used = { used: 4, residentBytes: 8 * gib };
  const two = (more: Parameters<typeof vm>[3] = {}): Fleet => ({
    hosts: [host('a', { busy: 12, availableBytes: 30 * gib }), host('b')],
    vms: ['one', 'two', 'three'].map((name) => vm(name, 'a', ['b'], { ...used, ...more })),
  });

  it('moves from the host that has more to do', () => {
    assert.deepEqual(said(propose(two()).moves), ['one → b']);
  });

  it('ends when the hosts are near each other', () => {
    const hosts = [host('a', { busy: 8 }), host('b')];
    const vms = Array.from({ length: 16 }, (_, at) =>
      vm(`vm-${at}`, 'a', ['b'], { used: 0.5, memoryBytes: gib / 8, residentBytes: 0 }),
    );
    assert.equal(propose({ hosts, vms }).moves.length, 7);
  });

  it('leaves small differences alone', () => {
    const hosts = [host('a', { busy: 3 }), host('b')];
    assert.deepEqual(propose({ hosts, vms: [vm('one', 'a', ['b'], { used: 2 })] }).moves, []);
  });

  it('moves nothing that costs more than it is worth', () => {
    const much = { memoryBytes: 60 * gib, residentBytes: 20 * gib };
    const hosts = [
      host('a', { availableBytes: 40 * gib, busy: 8 }),
      host('b', { memoryBytes: 128 * gib, availableBytes: 120 * gib }),
    ];
    const fleet = { hosts, vms: [vm('one', 'a', ['b'], { used: 4, ...much })] };
    assert.deepEqual(said(proposeMoves(fleet, gib).moves), ['one → b']);
    assert.deepEqual(proposeMoves(fleet, gib / 100).moves, []);
  });

  it('knows which VMs stay', () => {
    for (const stays of [
      { stays: 'system' },
      { dirtyBytes: 10 * gib },
      { sharedOn: new Set(['a']) },
      { power: 'off' },
    ] as const) {
      assert.deepEqual(propose(two(stays)).moves, [], JSON.stringify(stays));
    }
    const { hosts, vms } = two();
    const closed = hosts.map((one) => (one.uri === 'b' ? { ...one, closed: 'readOnly' as const } : one));
    assert.deepEqual(propose({ hosts: closed, vms }).moves, []);
  });

  it('does not trust RAM that is promised to VMs that have not taken it', () => {
    const lazy = Array.from({ length: 7 }, (_, at) => vm(`lazy-${at}`, 'b', [], { residentBytes: gib, used: 0 }));
    const { hosts, vms } = two();
    assert.deepEqual(propose({ hosts, vms: [...vms, ...lazy] }).moves, []);
  });

  for (const [hosts, vms] of [
    [2, 6],
    [3, 12],
    [5, 40],
    [12, 90],
  ] as const) {
    it(`overfills no host, lowers the spread, and is the last one: ${hosts} hosts, ${vms} VMs`, () => {
      let count = 0;
      for (let seed = 1; seed <= 150; seed++) {
        const fleet = randomFleet(seed, hosts, vms);
        const { moves, after } = propose(fleet);
        count += moves.length;
        const now = new Prediction(fleet);
        for (const move of moves) {
          assert.ok(now.fits(move.vm, move.to), `seed ${seed}`);
          assert.ok(
            isCost(
              costOf(
                move.vm,
                after.hosts.find(({ uri }) => uri === move.to)!,
                assumedBandwidth,
              ),
            ),
          );
          now.move(move, move.from);
          assert.ok(now.roomOn(move.to) >= 0, `seed ${seed}: ${move.to} is too full`);
        }
        const open = fleet.hosts.filter(({ closed }) => closed === undefined);
        const before = new Prediction(fleet);
        const most = (state: Prediction): number => Math.max(0, ...open.map(({ uri }) => state.loadOf(uri)));
        assert.ok(moves.length === 0 || most(now) <= most(before), `seed ${seed}`);
        assert.ok(moves.length === 0 || spreadOf(before, open) > 0.2, `seed ${seed}`);
        assert.deepEqual(said(propose(after).moves), [], `seed ${seed}: a second run`);
        const shuffled = { hosts: fleet.hosts.toReversed(), vms: fleet.vms.toReversed() };
        assert.deepEqual(said(propose(shuffled).moves), said(moves), `seed ${seed}: in another order`);
      }
      assert.ok(count > 0);
    });
  }
});

describe('a host that its VMs leave', () => {
  it('fails: those whose files others have find room, and the rest is named', () => {
    const hosts = [host('a'), host('b', { availableBytes: 18 * gib }), host('c', { availableBytes: 4 * gib })];
    const vms = [
      vm('large', 'a', ['b', 'c'], { memoryBytes: 12 * gib }),
      vm('larger', 'a', ['b', 'c'], { memoryBytes: 14 * gib }),
      vm('local', 'a', []),
      vm('wide', 'a', ['b'], { processors: 20, memoryBytes: gib / 2 }),
      vm('guarded', 'a', ['b'], { memoryBytes: gib / 4, stays: 'protected' }),
      vm('off', 'a', ['b'], { power: 'off' }),
    ];
    const end = failOver({ hosts, vms }, 'a');
    assert.deepEqual(said(end.moves), ['larger → b', 'guarded → b']);
    assert.deepEqual(left(end), ['large: noRoom', 'local: notShared', 'wide: noRoom']);
    assert.deepEqual(
      end.off.map(({ name }) => name),
      ['off'],
    );
  });

  it('is packed more tightly where one would be lost otherwise', () => {
    const hosts = [host('a'), host('b', { availableBytes: 24 * gib }), host('c', { availableBytes: 14 * gib })];
    const of = (name: string, size: number, on: readonly string[]) => vm(name, 'a', on, { memoryBytes: size * gib });
    const vms = [of('either', 10, ['b', 'c']), of('one', 9, ['b']), of('other', 9, ['b'])];
    assert.deepEqual(left(failOver({ hosts, vms }, 'a')), []);
  });

  it('is emptied: each VM is named once, and what costs least goes first', () => {
    const hosts = [host('a'), host('b'), host('c', { availableBytes: 30 * gib })];
    const vms = [
      vm('runs', 'a', ['b', 'c']),
      vm('off', 'a', [], { power: 'off', fileBytes: 100 * gib }),
      vm('near', 'a', ['c'], { power: 'off', fileBytes: 100 * gib }),
      vm('local', 'a', []),
      vm('guarded', 'a', ['b'], { stays: 'protected' }),
      vm('other', 'b', []),
    ];
    const end = emptyHost({ hosts, vms }, 'a', assumedBandwidth);
    assert.deepEqual(said(end.moves), ['near → c', 'runs → b', 'off → b']);
    assert.deepEqual(left(end), ['guarded: protected', 'local: notShared']);
    const refusing = (...by: readonly string[]) =>
      emptyHost({ hosts, vms: vms.map((one) => ({ ...one, refusedBy: new Set(by) })) }, 'a', assumedBandwidth);
    assert.deepEqual(said(refusing('b').moves)[1], 'runs → c');
    assert.deepEqual(left(refusing('b', 'c'))[4], 'runs: refused');
    assert.deepEqual(left(emptyHost({ hosts: hosts.slice(0, 1), vms }, 'a', assumedBandwidth))[0], 'guarded: noOther');
  });

  it('never fills another one too much', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const fleet = randomFleet(seed, 5, 40);
      for (const end of [failOver(fleet, 'host-001'), emptyHost(fleet, 'host-001', assumedBandwidth)]) {
        const now = new Prediction(fleet);
        for (const move of end.moves) {
          assert.ok(now.fits(move.vm, move.to), `seed ${seed}`);
          now.move(move, move.from);
        }
        for (const one of now.hosts) {
          const had = new Prediction(fleet).roomOn(one.uri);
          assert.ok(now.roomOn(one.uri) >= Math.min(0, had), `seed ${seed}: ${reserveOf(one)}`);
        }
        const named = [...end.moves, ...end.left].map((one) => one.vm.uuid);
        assert.equal(new Set(named).size, named.length);
      }
      const { moves, left: stay } = emptyHost(fleet, 'host-001', assumedBandwidth);
      assert.equal(moves.length + stay.length, fleet.vms.filter((one) => one.host === 'host-001').length);
    }
  });
});

describe('moves in turn', () => {
  const fleet = { hosts: [host('one'), host('two', { memoryBytes: 8 * gib })], vms: [] };
  const move = (power: PowerState): ProposedMove => {
    const moved = vm('web', 'one', ['two'], { power });
    return { vm: moved, from: 'one', to: 'two', cost: { bytes: 0, seconds: 0 } };
  };
  const engineWith = (view: object | undefined, more: object = {}): EnginePort =>
    ({
      connections: [],
      guests: { freeMemoryOf: () => Promise.resolve(gib), dirtyRateOf: () => Promise.resolve(0) },
      findVm: () => view,
      ...more,
    }) as unknown as EnginePort;
  const wish = {
    ...{ folder: '/nowhere', log: noLog, signal: new AbortController().signal, addresses: new Map() },
    ...{ onProgress: () => undefined, onMoved: () => assert.fail('it moved') },
  };

  it('fill no host with a VM that was started since', async () => {
    const engine = engineWith({ vm: { power: 'running', memoryBytes: 8 * gib } });
    await assert.rejects(moveInTurn(engine, fleet, [move('off')], wish), { reason: 'hostFull' });
  });

  it('end with a failure that tells of a VM that is gone', async () => {
    await assert.rejects(
      moveInTurn(engineWith(undefined), fleet, [move('off')], wish),
      (error) => error instanceof Failure && error.kind === 'notFound',
    );
  });

  /** The context of a command, with the failure of the connection to each host. */
  const contextWith = (error: Error | undefined, connections: readonly object[] = []): Context =>
    ({
      session: {
        folder: '/nowhere',
        engine: engineWith(
          { vm: { power: 'off' } },
          { connections, setConnections: () => undefined, connect: () => Promise.reject(error ?? new Error('none')) },
        ),
      },
      terminal: { progress: () => undefined },
      ...{ log: noLog, interruption: new Interruption(() => undefined), call: { lists: {}, texts: {} } },
    }) as unknown as Context;

  it('end in words, whatever ends them', async () => {
    const moves = [move('off')];
    for (const [error, exit] of [
      [clusterFailure('changed'), 'failed'],
      [transferFailure('changed'), 'failed'],
      [new Failure('busy'), 'busy'],
      [new RangeError('unforeseen'), 'failed'],
    ] as const) {
      const context = contextWith(error);
      const isTold = (told: unknown): boolean =>
        (told instanceof CliError ? told.exit : told instanceof Failure && exitOfFailure(told.kind)) === exit;
      await assert.rejects(carryOut(context, fleet, moves), isTold);
      await assert.rejects(
        agreeOn(context, { ...fleet, vms: moves.map((one) => one.vm) }, () => ({ moves })),
        (told) => isTold(told) || (told === error && error instanceof RangeError),
      );
    }
    const interrupted = contextWith(undefined);
    interrupted.interruption.interrupt();
    await assert.rejects(
      carryOut(interrupted, fleet, moves),
      (told) => told instanceof CliError && told.exit === 'cancelled',
    );
  });

  it('are of the host that was named, by whichever of its names, and of no other daemon of it', () => {
    const capabilities = { hostUuid: 'u', hostname: 'h' };
    const system = { uri: 'qemu:///system', name: 'mine', capabilities };
    const again = { uri: 'qemu+ssh://h/system', capabilities };
    const session = { uri: 'qemu:///session', capabilities };
    const context = contextWith(undefined, [system, again, session]);
    const known = { hosts: [host(system.uri, { name: 'mine' }), host('qemu+ssh://x/system', { name: 'h' })], vms: [] };
    assert.equal(findHost(context, known, 'mine'), system.uri);
    assert.equal(findHost(context, known, again.uri), system.uri);
    assert.throws(
      () => findHost(context, known, session.uri),
      (told) => told instanceof CliError && told.exit === 'notFound',
    );
  });
});
