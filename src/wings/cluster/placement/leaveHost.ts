// Where the VMs of one host can go: when it fails, and when it is emptied. Pure.
import { isActive } from '../../../domain/vm.js';
import { byText, type Fleet, type FleetHost, type FleetVm, Prediction } from './fleet.js';
import { costOf, type Hindrance, type MoveCost } from './moveCost.js';
import type { ProposedMove } from './proposeMoves.js';

/** `noRoom`: hosts that have its files have too little RAM, or too few processors. */
export type LeftWhy = Hindrance | 'noRoom' | 'noOther';

export interface LeftVm {
  readonly vm: FleetVm;
  readonly why: LeftWhy;
}

export interface Leaving {
  readonly moves: readonly ProposedMove[];
  /** By name. */
  readonly left: readonly LeftVm[];
}

/** VMs that ran there start anew on hosts that have their files; no VM of other hosts is touched. */
export function failOver(fleet: Fleet, uri: string): Leaving & { readonly off: readonly FleetVm[] } {
  const lost = fleet.vms.filter(({ host }) => host === uri);
  const costAt = (vm: FleetVm, { uri: to }: FleetHost): MoveCost | Hindrance =>
    vm.sharedOn.has(to) ? { bytes: 0, seconds: 0 } : 'notShared';
  const on = lost.filter(({ power }) => isActive(power));
  return { ...place(fleet, uri, on, costAt), off: lost.filter((vm) => !on.includes(vm)) };
}

/** Where all its VMs go. @param bandwidth between hosts, in bytes a second */
export function emptyHost(fleet: Fleet, uri: string, bandwidth: number): Leaving {
  const isClosed = fleet.hosts.find((host) => host.uri === uri)?.closed !== undefined;
  const { moves, left } = place(
    fleet,
    uri,
    fleet.vms.filter(({ host }) => host === uri),
    (vm, to) => vm.stays ?? (isClosed ? 'closed' : costOf(vm, to, bandwidth)),
  );
  // What costs least goes first: where one fails, most are moved.
  return { moves: [...moves].sort((a, b) => a.cost.seconds - b.cost.seconds || byText(a.vm.name, b.vm.name)), left };
}

type CostAt = (vm: FleetVm, to: FleetHost) => MoveCost | LeftWhy;

/** The largest first, each to the host that has least to do; where that leaves one, as tight as they fit. */
function place(fleet: Fleet, uri: string, vms: readonly FleetVm[], costAt: CostAt): Leaving {
  const sorted = [...vms].sort(
    (a, b) =>
      Number(isActive(b.power)) - Number(isActive(a.power)) ||
      b.memoryBytes - a.memoryBytes ||
      byText(a.name, b.name) ||
      byText(a.uuid, b.uuid),
  );
  const even = placeBy(fleet, uri, sorted, costAt, (now, vm, to) => now.loadOf(to, { vm, sign: 1 }));
  if (even.left.every(({ why }) => why !== 'noRoom')) {
    return even;
  }
  const tight = placeBy(fleet, uri, sorted, costAt, (now, _vm, to) => now.roomOn(to));
  return tight.left.length < even.left.length ? tight : even;
}

function placeBy(
  fleet: Fleet,
  from: string,
  vms: readonly FleetVm[],
  costAt: CostAt,
  rank: (now: Prediction, vm: FleetVm, to: string) => number,
): Leaving {
  const now = new Prediction(fleet);
  const hosts = now.hosts.filter(({ uri }) => uri !== from);
  const moves: ProposedMove[] = [];
  const left: LeftVm[] = [];
  for (const vm of vms) {
    const whys = new Set<LeftWhy>();
    let best: { readonly move: ProposedMove; readonly bytes: number; readonly rank: number } | undefined;
    for (const host of hosts) {
      const cost = costAt(vm, host);
      if (typeof cost === 'string') {
        whys.add(cost);
      } else if (!now.fits(vm, host.uri)) {
        whys.add('noRoom');
      } else {
        // For a VM that is off, the time to send its files counts first.
        const bytes = isActive(vm.power) ? 0 : cost.bytes;
        const ranked = rank(now, vm, host.uri);
        if (best === undefined || bytes < best.bytes || (bytes === best.bytes && ranked < best.rank)) {
          best = { move: { vm, from, to: host.uri, cost }, bytes, rank: ranked };
        }
      }
    }
    if (best === undefined) {
      left.push({ vm, why: mostOf(whys) });
    } else {
      now.move(best.move, from);
      moves.push(best.move);
    }
  }
  return { moves, left: left.sort((a, b) => byText(a.vm.name, b.vm.name)) };
}

/** What a person can do most about. */
function mostOf(whys: ReadonlySet<LeftWhy>): LeftWhy {
  const order = ['noRoom', 'refused', 'tooFast', 'notShared'] as const;
  return order.find((why) => whys.has(why)) ?? [...whys][0] ?? 'noOther';
}
