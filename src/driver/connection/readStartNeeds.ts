// Whether libvirt has the QEMU and the machine type that a configuration names: it looks itself only when it starts the
// VM, which is off by then.
import type { StartNeeds } from '../../domain/startNeeds.js';
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import { toFailure } from '../toFailure.js';
import { parseStartNeeds } from '../xml/startNeedsXml.js';

/** What it answers of a program that is not there, and of a machine type that it has not; not where the look failed. */
const unfitCodes: ReadonlySet<number> = new Set([errorCodes.VIR_ERR_INVALID_ARG, errorCodes.VIR_ERR_SYSTEM_ERROR]);

/** @throws Failure */
export async function readStartNeeds(connection: Connection, xml: string): Promise<StartNeeds> {
  try {
    const { files, emulator, arch, machine } = parseStartNeeds(xml);
    const unfit = emulator === undefined ? undefined : await unfitness(connection, { emulator, arch, machine });
    return { files, ...(unfit !== undefined && { unfit }) };
  } catch (error) {
    throw toFailure(error);
  }
}

async function unfitness(
  connection: Connection,
  {
    emulator,
    arch,
    machine,
  }: { readonly emulator: string; readonly arch?: string | undefined; readonly machine?: string | undefined },
): Promise<StartNeeds['unfit']> {
  try {
    const asked = { emulatorbin: emulator, arch, machine, virttype: undefined, flags: 0 };
    await connection.call('connectGetDomainCapabilities', asked);
    return undefined;
  } catch (error) {
    if (!(error instanceof LibvirtError)) {
      throw error;
    }
    // Who may not ask, or an older libvirt, is told when the VM starts.
    return unfitCodes.has(error.code) ? { emulator, said: error.message } : undefined;
  }
}
