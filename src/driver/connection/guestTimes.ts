// Reads how long the disks of all running VMs took to answer their guests, in one call that waits for no job.
import type { GuestTimes } from '../../domain/guestTimes.js';
import type { Connection } from '../../libvirt/connection.js';
import {
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE,
  VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  VIR_DOMAIN_STATS_BLOCK,
} from '../../libvirt/flags.js';
import type { TypedParameter } from '../../libvirt/structs.js';

const counted = /^block\.\d+\.(rd|wr|fl)\.(reqs|times)$/u;
const msOfNs = 1e-6;

/** By UUID. */
export async function readGuestTimes(connection: Connection): Promise<ReadonlyMap<string, GuestTimes>> {
  const { retStats } = await connection.call('connectGetAllDomainStats', {
    doms: [],
    stats: VIR_DOMAIN_STATS_BLOCK,
    flags: VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE + VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
  });
  return new Map(retStats.map(({ dom, params }) => [dom.uuid, parseGuestTimes(params)]));
}

export function parseGuestTimes(parameters: readonly TypedParameter[]): GuestTimes {
  const [writes, reads] = [
    { count: 0, ms: 0 },
    { count: 0, ms: 0 },
  ];
  for (const { field, value } of parameters) {
    const [, request, what] = counted.exec(field) ?? [];
    const number = Number(value.value);
    if (request !== undefined && number >= 0) {
      const into = request === 'rd' ? reads : writes;
      if (what === 'times') {
        into.ms += number * msOfNs;
      } else if (request !== 'fl') {
        into.count += number;
      }
    }
  }
  return { writes, reads };
}
