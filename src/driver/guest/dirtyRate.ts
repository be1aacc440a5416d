// How fast a running guest writes to its RAM: QEMU compares samples of it a second apart. Pages that it fills with
// zeros are not seen, and few of a small guest are looked at.
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from '../../libvirt/connection.js';
import { VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT, VIR_DOMAIN_STATS_DIRTYRATE } from '../../libvirt/flags.js';
import { typedParameterMap } from '../../libvirt/structs.js';

const seconds = 1;
const betweenMs = 150;
const mostLooks = 20;
/** `VIR_DOMAIN_DIRTYRATE_MEASURED` */
const measured = 2;

/** In bytes a second; undefined: QEMU did not tell in time. */
export async function readDirtyRate(connection: Connection, uuid: string): Promise<number | undefined> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  // By samples: the other ways change how the guest runs, and its dirty bitmap has ended guests without KVM.
  await connection.call('domainStartDirtyRateCalc', { dom, seconds, flags: 0 });
  await wait(seconds * 1_000);
  for (let look = 0; look < mostLooks; look++) {
    const { retStats } = await connection.call('connectGetAllDomainStats', {
      doms: [dom],
      stats: VIR_DOMAIN_STATS_DIRTYRATE,
      flags: VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT,
    });
    const bytes = dirtyBytesIn(typedParameterMap(retStats[0]?.params ?? []));
    if (bytes !== undefined) {
      return bytes;
    }
    await wait(betweenMs);
  }
  return undefined;
}

/** How much RAM changes in a second, as measured last; undefined: not measured, or a measurement runs. */
export function dirtyBytesIn(told: ReturnType<typeof typedParameterMap>): number | undefined {
  const rate = told.get('dirtyrate.megabytes_per_second');
  return told.get('dirtyrate.calc_status') === measured && rate !== undefined ? Number(rate) * 1024 ** 2 : undefined;
}
