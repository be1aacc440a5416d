// The hosts and their VMs as placement knows them: values only. Pure.
import { isActive, type PowerState } from '../../../domain/vm.js';

export interface FleetHost {
  /** The URI of its connection. */
  readonly uri: string;
  readonly name: string;
  readonly processors: number;
  readonly memoryBytes: number;
  /** That it could give to more VMs. */
  readonly availableBytes: number;
  /** How many of its processors are busy; absent: not known. */
  readonly busy?: number;
  /** Nothing can be moved from it or to it. */
  readonly closed?: 'readOnly' | 'noLogin';
}

/** Why a VM stays where it is, whatever the hosts have. */
export type Staying = 'protected' | 'lab' | 'system' | 'devices' | 'state' | 'twice';

export interface FleetVm {
  readonly uuid: string;
  readonly name: string;
  /** The connection of its host. */
  readonly host: string;
  readonly power: PowerState;
  /** That it may take, and that it takes now; absent: not known. */
  readonly memoryBytes: number;
  readonly residentBytes?: number;
  readonly processors: number;
  /** How many of its host's processors it keeps busy; absent: not known. */
  readonly used?: number;
  /** That it writes to its RAM in a second; absent: not measured. */
  readonly dirtyBytes?: number;
  readonly snapshots: number;
  /** The size of its files; absent: not known. */
  readonly fileBytes?: number;
  /** Hosts that have all its files, its own among them. */
  readonly sharedOn: ReadonlySet<string>;
  readonly stays?: Staying;
  /** Hosts that have said that they do not take it. */
  readonly refusedBy?: ReadonlySet<string>;
}

export interface Fleet {
  readonly hosts: readonly FleetHost[];
  readonly vms: readonly FleetVm[];
}

export interface FleetMove {
  readonly vm: FleetVm;
  /** The connection of the host. */
  readonly to: string;
}

const leastReserveBytes = 1024 ** 3;
const reserveShare = 0.05;

/** The RAM that a host keeps for itself: no VM is moved into it. */
export function reserveOf({ memoryBytes }: FleetHost): number {
  return Math.max(leastReserveBytes, memoryBytes * reserveShare);
}

export function takenBy({ memoryBytes, residentBytes = memoryBytes }: FleetVm): number {
  return residentBytes;
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface HostState {
  readonly host: FleetHost;
  readonly vms: Set<FleetVm>;
  /** The RAM of all VMs that run. */
  promisedBytes: number;
  availableBytes: number;
  busy: number;
}

/** Hosts as they are, and as they will be after moves. */
export class Prediction {
  readonly #states: ReadonlyMap<string, HostState>;

  constructor({ hosts, vms }: Fleet) {
    const sorted = [...hosts].sort((a, b) => byText(a.uri, b.uri));
    this.#states = new Map(
      sorted.map((host) => {
        const { availableBytes, busy = 0 } = host;
        return [host.uri, { host, vms: new Set(), promisedBytes: 0, availableBytes, busy }];
      }),
    );
    for (const vm of [...vms].sort((a, b) => byText(a.name, b.name) || byText(a.uuid, b.uuid))) {
      const state = this.#states.get(vm.host);
      state?.vms.add(vm);
      if (state !== undefined && isActive(vm.power)) {
        state.promisedBytes += vm.memoryBytes;
      }
    }
  }

  get hosts(): readonly FleetHost[] {
    return Array.from(this.#states.values(), ({ host }) => host);
  }

  /** By name. */
  vmsOn(uri: string): readonly FleetVm[] {
    return [...this.#at(uri).vms];
  }

  /** The larger share of its RAM or its processors that is in use. */
  loadOf(uri: string, change?: { readonly vm: FleetVm; readonly sign: 1 | -1 }): number {
    const { host, availableBytes, busy } = this.#at(uri);
    const [bytes, used] =
      change === undefined || !isActive(change.vm.power)
        ? [0, 0]
        : [change.sign * takenBy(change.vm), change.sign * (change.vm.used ?? 0)];
    const memory = 1 - (availableBytes - bytes) / host.memoryBytes;
    return Math.max(memory, host.busy === undefined ? 0 : (busy + used) / host.processors);
  }

  /** Bytes for the RAM of more VMs: neither what is in use nor what is promised reaches into the reserve. */
  roomOn(uri: string): number {
    const { host, availableBytes, promisedBytes } = this.#at(uri);
    return Math.min(host.memoryBytes - promisedBytes, availableBytes) - reserveOf(host);
  }

  /** One that is off needs no RAM. */
  fits(vm: FleetVm, uri: string): boolean {
    const needed = Math.max(vm.memoryBytes, takenBy(vm));
    return !isActive(vm.power) || (needed <= this.roomOn(uri) && vm.processors <= this.#at(uri).host.processors);
  }

  move({ vm, to }: FleetMove, from: string): void {
    this.#change(from, vm, -1);
    this.#change(to, vm, 1);
  }

  fleet(): Fleet {
    const states = [...this.#states.values()];
    return {
      hosts: states.map(({ host, availableBytes, busy }) => ({
        ...{ ...host, availableBytes },
        ...(host.busy !== undefined && { busy }),
      })),
      vms: states.flatMap(({ host, vms }) => Array.from(vms, (vm) => ({ ...vm, host: host.uri }))),
    };
  }

  #change(uri: string, vm: FleetVm, sign: 1 | -1): void {
    const state = this.#at(uri);
    if (sign > 0) {
      state.vms.add(vm);
    } else {
      state.vms.delete(vm);
    }
    if (isActive(vm.power)) {
      state.promisedBytes += sign * vm.memoryBytes;
      state.availableBytes -= sign * takenBy(vm);
      state.busy += sign * (vm.used ?? 0);
    }
  }

  #at(uri: string): HostState {
    const state = this.#states.get(uri);
    if (state === undefined) {
      throw new RangeError(uri);
    }
    return state;
  }
}
