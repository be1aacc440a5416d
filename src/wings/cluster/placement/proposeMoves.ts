// Which VMs that run should move, so that no host has much more to do than another. Pure, and the same for the same
// hosts. On the hosts as it predicts them, it proposes nothing.
import { isActive } from '../../../domain/vm.js';
import { type Fleet, type FleetHost, type FleetMove, type FleetVm, Prediction } from './fleet.js';
import { costOf, isCost, type MoveCost } from './moveCost.js';

/** Loads that differ by less are left alone; where they differ by more, moves go on until they differ by `enough`. */
const threshold = 0.2;
const enough = 0.1;
/** A move takes at least so much off the higher load of both hosts. */
const leastGain = 0.03;
/** The gain is taken to last for an hour, and to be worth twice what the move costs. */
const secondsOfGain = 3_600;
const timesCost = 2;

export interface ProposedMove extends FleetMove {
  readonly from: string;
  readonly cost: MoveCost;
}

interface Proposal {
  /** In an order in which no host is ever too full. */
  readonly moves: readonly ProposedMove[];
  /** The hosts after them. */
  readonly after: Fleet;
}

/** @param bandwidth between hosts, in bytes a second */
export function proposeMoves(fleet: Fleet, bandwidth: number): Proposal {
  const now = new Prediction(fleet);
  const hosts = now.hosts.filter(({ closed }) => closed === undefined);
  const steps: ProposedMove[] = [];
  if (spreadOf(now, hosts) > threshold) {
    // Each step makes the higher of two loads smaller, so that there is a last one.
    for (let step = bestStep(now, hosts, bandwidth); step !== undefined; step = bestStep(now, hosts, bandwidth)) {
      now.move(step, step.from);
      steps.push(step);
    }
  }
  const moves = withoutDetours(fleet, steps, bandwidth);
  const after = new Prediction(fleet);
  moves.forEach((move) => after.move(move, move.from));
  return { moves, after: after.fleet() };
}

/** How far the loads of the hosts are apart. */
export function spreadOf(now: Prediction, hosts: readonly FleetHost[]): number {
  const loads = hosts.map(({ uri }) => now.loadOf(uri));
  return loads.length === 0 ? 0 : Math.max(...loads) - Math.min(...loads);
}

function bestStep(now: Prediction, hosts: readonly FleetHost[], bandwidth: number): ProposedMove | undefined {
  const loads = hosts.map((host) => ({ host, load: now.loadOf(host.uri) })).sort((a, b) => a.load - b.load);
  const least = loads[0]?.load ?? 0;
  for (const loaded of loads.toReversed()) {
    if (loaded.load - least <= enough) {
      return undefined;
    }
    const step = bestFrom(now, loaded, loads, bandwidth);
    if (step !== undefined) {
      return step;
    }
  }
  return undefined;
}

interface LoadedHost {
  readonly host: FleetHost;
  readonly load: number;
}

/** @param others those that have least to do come first */
function bestFrom(
  now: Prediction,
  { host: { uri: from }, load }: LoadedHost,
  others: readonly LoadedHost[],
  bandwidth: number,
): ProposedMove | undefined {
  let best: { readonly move: ProposedMove; readonly worth: number } | undefined;
  for (const vm of now.vmsOn(from).filter(({ power }) => isActive(power))) {
    const left = now.loadOf(from, { vm, sign: -1 });
    for (const { host, load: had } of others) {
      const mostGain = load - Math.max(left, had);
      if (mostGain < Math.max(leastGain, best?.worth ?? 0)) {
        break;
      }
      const gain = Math.min(mostGain, load - now.loadOf(host.uri, { vm, sign: 1 }));
      const cost = costOf(vm, host, bandwidth);
      if (host.uri === from || gain < leastGain || !isCost(cost) || !now.fits(vm, host.uri)) {
        continue;
      }
      const worth = gain - (timesCost * cost.seconds) / secondsOfGain;
      if (worth > Math.max(0, best?.worth ?? 0)) {
        best = { move: { vm, from, to: host.uri, cost }, worth };
      }
    }
  }
  return best?.move;
}

/** Each VM once, straight to where it ends, where an order without full hosts is found. */
function withoutDetours(fleet: Fleet, steps: readonly ProposedMove[], bandwidth: number): readonly ProposedMove[] {
  const last = new Map<FleetVm, ProposedMove>();
  steps.forEach((step) => last.set(step.vm, step));
  const now = new Prediction(fleet);
  const hosts = new Map(fleet.hosts.map((host) => [host.uri, host]));
  const moves: ProposedMove[] = [];
  let left = [...last.values()].filter(({ vm, to }) => vm.host !== to);
  while (left.length > 0) {
    const next = left.find(({ vm, to }) => now.fits(vm, to));
    const host = next && hosts.get(next.to);
    const cost = next && host && costOf(next.vm, host, bandwidth);
    if (next === undefined || cost === undefined || !isCost(cost)) {
      return steps;
    }
    now.move(next, next.vm.host);
    moves.push({ ...next, from: next.vm.host, cost });
    left = left.filter((one) => one !== next);
  }
  return moves;
}
