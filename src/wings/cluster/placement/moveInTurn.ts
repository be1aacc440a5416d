// Moves of several VMs: hosts are asked beforehand whether they take them, and then they move one after the other, as
// each would alone. Ends at the first failure.
import type { Log } from '../../../base/log.js';
import { Failure } from '../../../domain/failure.js';
import { isActive } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import type { VmView } from '../../../live/views.js';
import { clusterFailure } from '../clusterFailure.js';
import type { MoveEnd } from '../move/endMove.js';
import { moveVm } from '../move/moveVm.js';
import { planMove } from '../move/planMove.js';
import type { PlannedMove } from '../move/plannedMove.js';
import { type Sides, withHosts } from '../move/sides.js';
import { type Fleet, type FleetVm, reserveOf } from './fleet.js';
import type { ProposedMove } from './proposeMoves.js';

interface TurnWish {
  /** The folder of the session. */
  readonly folder: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The addresses of hosts in the network that all share, by their connections. */
  readonly addresses: ReadonlyMap<string, string>;
}

interface AgreeWish extends TurnWish {
  readonly onAsk: (move: ProposedMove) => void;
  readonly isRefusal: (error: unknown) => boolean;
}

interface HostsWish {
  readonly sidesOf: (uris: Pick<ProposedMove, 'from' | 'to'>) => Promise<Sides>;
}

/** What a host has against a move. */
export interface MoveRefusal {
  readonly move: ProposedMove;
  readonly error: unknown;
}

/**
 * Guests that run are measured, and each host is asked whether it takes what is chosen for it. Where one does not, it
 * is chosen anew.
 *
 * @param isRefusal else the look ends with the error
 */
export async function agreeOnMoves<T extends { readonly moves: readonly ProposedMove[] }>(
  engine: EnginePort,
  fleet: Fleet,
  choose: (fleet: Fleet) => T,
  wish: AgreeWish,
): Promise<T & { readonly refused: readonly MoveRefusal[] }> {
  return withHosts(engine, wish.signal, (sidesOf) => agree(engine, fleet, choose, { ...wish, sidesOf }));
}

async function agree<T extends { readonly moves: readonly ProposedMove[] }>(
  engine: EnginePort,
  fleet: Fleet,
  choose: (fleet: Fleet) => T,
  wish: AgreeWish & HostsWish,
): Promise<T & { readonly refused: readonly MoveRefusal[] }> {
  const known = new Map(fleet.vms.map((vm) => [vm, vm]));
  const asked = new Set<string>();
  const refused: MoveRefusal[] = [];
  for (;;) {
    const chosen = choose({ ...fleet, vms: [...known.values()] });
    const keyOf = ({ vm, to }: ProposedMove): string => JSON.stringify([vm.host, vm.uuid, to]);
    const next = chosen.moves.find((move) => !asked.has(keyOf(move)));
    if (next === undefined) {
      return { ...chosen, refused };
    }
    wish.signal.throwIfAborted();
    wish.onAsk(next);
    const { vm } = next;
    const [original] = [...known].find(([, now]) => now === vm) ?? [];
    if (original === undefined) {
      throw new RangeError(vm.name);
    }
    const dirtyBytes = await measure(engine, vm);
    if (dirtyBytes !== undefined) {
      known.set(original, { ...vm, dirtyBytes });
      continue;
    }
    asked.add(keyOf(next));
    try {
      await withPlan(engine, { vm, from: vm.host, to: next.to }, wish, () => Promise.resolve());
    } catch (error) {
      if (!wish.isRefusal(error)) {
        throw error;
      }
      refused.push({ move: next, error });
      known.set(original, { ...vm, refusedBy: new Set([...(vm.refusedBy ?? []), next.to]) });
    }
  }
}

/** @returns undefined: it is known, or cannot be */
async function measure(engine: EnginePort, vm: FleetVm): Promise<number | undefined> {
  return vm.power !== 'running' || vm.dirtyBytes !== undefined
    ? undefined
    : engine.guests.dirtyRateOf({ connection: vm.host, uuid: vm.uuid }).then(
        (bytes) => bytes ?? 0,
        // QEMU is too old for it, or the VM has just been stopped.
        () => 0,
      );
}

/**
 * Rejects as `moveVm`, or where the host has less RAM by now than the VM needs: this VM, and those after it, are where
 * they were.
 */
export async function moveInTurn(
  engine: EnginePort,
  fleet: Fleet,
  moves: readonly ProposedMove[],
  wish: TurnWish & {
    readonly onProgress: (move: ProposedMove, fraction: number) => void;
    readonly onMoved: (move: ProposedMove, end: MoveEnd) => void;
  },
): Promise<void> {
  await withHosts(engine, wish.signal, (sidesOf) => inTurn(engine, fleet, moves, { ...wish, sidesOf }));
}

async function inTurn(
  engine: EnginePort,
  fleet: Fleet,
  moves: readonly ProposedMove[],
  wish: Parameters<typeof moveInTurn>[3] & HostsWish,
): Promise<void> {
  for (const move of moves) {
    wish.signal.throwIfAborted();
    const host = fleet.hosts.find(({ uri }) => uri === move.to);
    // It may have been started since it was looked at.
    const { vm } = requireView(engine, move);
    const free = host && isActive(vm.power) ? await engine.guests.freeMemoryOf(host.uri) : undefined;
    if (host !== undefined && free !== undefined && free - vm.memoryBytes < reserveOf(host)) {
      throw clusterFailure('hostFull', { vm: vm.name });
    }
    const end = await withPlan(engine, move, wish, (plan, sides) =>
      moveVm(engine, sides, plan, { ...wish, onProgress: (fraction) => wish.onProgress(move, fraction) }),
    );
    if (end.end === 'undone') {
      throw clusterFailure('changed', { vm: vm.name });
    }
    wish.onMoved(move, end);
  }
}

async function withPlan<T>(
  engine: EnginePort,
  move: Omit<ProposedMove, 'cost'>,
  { folder, addresses, sidesOf }: TurnWish & HostsWish,
  work: (plan: PlannedMove, sides: Sides) => Promise<T>,
): Promise<T> {
  const sides = await sidesOf(move);
  const view = requireView(engine, move);
  const address = addresses.get(move.to);
  return work(await planMove(engine, view, sides, { folder, ...(address !== undefined && { address }) }), sides);
}

/** @throws Failure `notFound` of a VM that was moved or undefined since it was looked at */
function requireView(engine: EnginePort, { vm: { uuid, name }, from }: Omit<ProposedMove, 'cost'>): VmView {
  const view = engine.findVm({ connection: from, uuid });
  if (view === undefined) {
    throw new Failure('notFound', { vm: name, connection: from });
  }
  return view;
}
