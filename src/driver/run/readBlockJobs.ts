// Which disks of a VM have a block job. It waits for QEMU's answer.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { snapshotableDisks, type Vm } from '../../domain/vm.js';

/**
 * The first disk alone: where QEMU does not answer, each further call would take one more of the few that may be under
 * way.
 */
export async function readBlockJobs(connection: Connection, dom: Domain, vm: Vm): Promise<readonly string[]> {
  const [first, ...others] = snapshotableDisks(vm);
  const ask = async (target: string): Promise<readonly string[]> => {
    const call = connection.call('domainGetBlockJobInfo', { dom, path: target, flags: 0 });
    // "Not running": it was switched off since, and has no jobs.
    const info = await undefinedOnCode(errorCodes.VIR_ERR_OPERATION_INVALID, call);
    return info !== undefined && info.found !== 0 ? [target] : [];
  };
  const jobs = first === undefined ? [] : await ask(first.target);
  return [...jobs, ...(await Promise.all(others.map(({ target }) => ask(target)))).flat()];
}
