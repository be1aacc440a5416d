// The serial console of a VM over libvirt's stream.
import type { Duplex } from 'node:stream';
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_CONSOLE_FORCE } from '../../libvirt/flags.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { toFailure } from '../toFailure.js';
import type { GuestLine } from '../guestAccess.js';

type Details = Failure['details'];

/** As `GuestLine.open`. */
export async function openConsole(
  connection: Connection,
  dom: Domain,
  taking: Parameters<GuestLine['open']>[0],
  details: Details,
): Promise<Duplex | undefined> {
  const flags = taking === 'byForce' ? VIR_DOMAIN_CONSOLE_FORCE : 0;
  try {
    return (await connection.openStream('domainOpenConsole', { dom, devName: undefined, flags })).stream;
  } catch (error) {
    if (error instanceof LibvirtError && error.code === code.VIR_ERR_OPERATION_INVALID) {
      return undefined;
    }
    throw consoleFailure(error, details);
  }
}

const EACCES = 13;

/**
 * | libvirt's code                    | means                                                   |
 * |-----------------------------------|---------------------------------------------------------|
 * | OPERATION_FAILED                  | another client has the console                          |
 * | INTERNAL_ERROR, OPERATION_UNSUPPORTED | no such device, or one that is no pseudo terminal   |
 * | SYSTEM_ERROR, EACCES              | its pseudo terminal is gone with its QEMU, and libvirt, which opens it with O_CREAT, names the one before, as in the middle of a revert of libvirt 11.3; or it is forbidden |
 * | others                            | as everywhere                                           |
 */
function consoleFailure(error: unknown, details: Details): Failure {
  if (error instanceof LibvirtError) {
    const said = { ...details, libvirtMessage: error.message, libvirtCode: error.code };
    switch (error.code) {
      case code.VIR_ERR_OPERATION_FAILED:
        return new Failure('busy', said, { cause: error });
      case code.VIR_ERR_INTERNAL_ERROR:
        return new Failure('unsupported', said, { cause: error });
    }
    if (error.errno === EACCES) {
      return new Failure('denied', said, { cause: error });
    }
  }
  return toFailure(error, details);
}
