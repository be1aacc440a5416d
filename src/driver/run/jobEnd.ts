// Waits until libvirt has come to the end of what it does to a VM: a daemon goes on with a call whose connection is
// gone. Aborts nothing.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import { type Domain, typedParameterMap } from '../../libvirt/structs.js';
import { jobHolder } from '../toFailure.js';

const lookEveryMs = 250;
/** How many checks in a row libvirt may fail to answer: a minute. */
const mostUnclear = 240;

/** Times in a row, of half a minute each, that libvirt waited for a job at which nobody works. */
const mostOwnerless = 3;

/** virDomainJobType: those of a job that goes on. */
const VIR_DOMAIN_JOB_BOUNDED = 1;
const VIR_DOMAIN_JOB_UNBOUNDED = 2;

/** virDomainJobOperation: what can be a step of ours. Migrations, dumps and backups may take hours, and are not. */
const VIR_DOMAIN_JOB_OPERATION_START = 1;
const VIR_DOMAIN_JOB_OPERATION_RESTORE = 3;
const VIR_DOMAIN_JOB_OPERATION_SNAPSHOT = 6;
const VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT = 7;
const VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE = 10;
const ours: ReadonlySet<unknown> = new Set([
  VIR_DOMAIN_JOB_OPERATION_START,
  VIR_DOMAIN_JOB_OPERATION_RESTORE,
  VIR_DOMAIN_JOB_OPERATION_SNAPSHOT,
  VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_REVERT,
  VIR_DOMAIN_JOB_OPERATION_SNAPSHOT_DELETE,
]);

/** Ends with the connection, too, which rejects; and with libvirt's error where it would never end. */
export async function untilNoJob(connection: Connection, dom: Domain, everyMs = lookEveryMs): Promise<void> {
  for (let [unclear, ownerless] = [0, 0]; ;) {
    const found = await jobOf(connection, dom);
    const isOwnerless = found instanceof LibvirtError && jobHolder(found) === 'nobody';
    ownerless = isOwnerless ? ownerless + 1 : 0;
    unclear = found instanceof LibvirtError && !isOwnerless ? unclear + 1 : 0;
    if (found === 'none') {
      return;
    }
    if (found instanceof LibvirtError && (unclear > mostUnclear || ownerless >= mostOwnerless)) {
      throw found;
    }
    if (found !== 'held') {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}

/**
 * | answer                          | →                                                            |
 * |---------------------------------|--------------------------------------------------------------|
 * | none until the job is over      | as with a revert and an internal snapshot: waited for by it   |
 * | timed out, and says who holds it | `held`: the same, and it takes longer than libvirt waits      |
 * | timed out, and names nobody     | it: 11.3, killed in a snapshot, now and then keeps the job, and nobody works at it |
 * | internal error                  | it: 11.3 has no numbers of a start, or of a revert that runs |
 * | a job of a kind that we start   | `goesOn`                                                     |
 * | any other job, VM off, or gone  | `none`                                                       |
 */
async function jobOf(connection: Connection, dom: Domain): Promise<'none' | 'goesOn' | 'held' | LibvirtError> {
  try {
    const { type, params } = await connection.call('domainGetJobStats', { dom, flags: 0 });
    const runs = type === VIR_DOMAIN_JOB_BOUNDED || type === VIR_DOMAIN_JOB_UNBOUNDED;
    return runs && ours.has(typedParameterMap(params).get('operation')) ? 'goesOn' : 'none';
  } catch (error) {
    if (error instanceof LibvirtError) {
      switch (jobHolder(error)) {
        case 'worker':
          return 'held';
        case 'nobody':
          return error;
        case 'none':
      }
      if (error.code === errorCodes.VIR_ERR_INTERNAL_ERROR) {
        return error;
      }
      if (error.code === errorCodes.VIR_ERR_OPERATION_INVALID || error.code === errorCodes.VIR_ERR_NO_DOMAIN) {
        return 'none';
      }
    }
    throw error;
  }
}
