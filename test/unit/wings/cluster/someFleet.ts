// Hosts and VMs for placement.
import type { Fleet, FleetHost, FleetVm } from '../../../../src/wings/cluster/placement/fleet.js';
import { seededRandom } from '../../../histories/random.js';

export const gib = 1024 ** 3;

export function host(uri: string, more: Partial<FleetHost> = {}): FleetHost {
  return { uri, name: uri, processors: 16, memoryBytes: 64 * gib, availableBytes: 60 * gib, busy: 0, ...more };
}

/** It runs, and all of `sharedOn` have its files. */
export function vm(name: string, at: string, sharedOn: readonly string[], more: Partial<FleetVm> = {}): FleetVm {
  return {
    ...{ uuid: `uuid-of-${name}`, name, host: at, power: 'running', memoryBytes: 8 * gib, processors: 2 },
    ...{ snapshots: 3, sharedOn: new Set([at, ...sharedOn]), ...more },
  };
}

/** The VMs of each host take what it says they take. */
export function randomFleet(seed: number, hostCount: number, vmCount: number): Fleet {
  const random = seededRandom(seed);
  const uris = Array.from({ length: hostCount }, (_, at) => `host-${String(at).padStart(3, '0')}`);
  const memory = new Map(uris.map((uri) => [uri, random.pick([64, 128, 256]) * gib]));
  // Some have many, some have none.
  const full = uris.filter(() => random.chance(0.6));
  const vms = Array.from({ length: vmCount }, (_, at): FleetVm => {
    const memoryBytes = random.int(1, 16) * gib;
    return vm(
      `vm-${String(at).padStart(4, '0')}`,
      random.pick(full.length > 0 ? full : uris),
      random.chance(0.8) ? uris : uris.filter(() => random.chance(0.3)),
      {
        ...{ memoryBytes, processors: random.int(1, 8), power: random.chance(0.8) ? 'running' : 'off' },
        ...(random.chance(0.7) && { residentBytes: Math.round(memoryBytes * random.next()) }),
        ...(random.chance(0.7) && { used: random.int(0, 20) / 10 }),
        ...(random.chance(0.3) && { dirtyBytes: random.int(0, 200) * 1024 ** 2 }),
        ...(random.chance(0.1) && { stays: 'protected' as const }),
        ...{ snapshots: random.int(0, 20), fileBytes: random.int(1, 100) * gib },
      },
    );
  });
  const hosts = uris.map((uri) => {
    const own = vms.filter((one) => one.host === uri && one.power === 'running');
    const taken = own.reduce((sum, { memoryBytes, residentBytes = memoryBytes }) => sum + residentBytes, 0);
    const memoryBytes = memory.get(uri)!;
    return host(uri, {
      ...{ memoryBytes, availableBytes: Math.max(gib / 2, memoryBytes - taken - 2 * gib), processors: 32 },
      ...(random.chance(0.1) && { closed: 'readOnly' as const }),
      busy: own.reduce((sum, { used = 0 }) => sum + used, 0),
    });
  });
  return { hosts, vms };
}
