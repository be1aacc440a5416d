// Who works at the job of a VM that a call has waited for in vain.
import { errorCodes, type LibvirtError } from '../libvirt/libvirtError.js';

/**
 * | answer                     | →        |
 * |----------------------------|----------|
 * | no such                    | `none`   |
 * | timed out, names a holder  | `worker` |
 * | timed out, names no holder | `nobody`: a daemon that was killed in a start or a snapshot keeps the job now and then, for good (9.0, 11.3, 12.8) |
 */
export function jobHolder({ code, message }: Pick<LibvirtError, 'code' | 'message'>): 'none' | 'worker' | 'nobody' {
  if (code !== errorCodes.VIR_ERR_OPERATION_TIMEOUT) {
    return 'none';
  }
  // Whatever language the words are in: "(held by monitor=remoteDispatchDomainSave)".
  return /(?:monitor|agent)=/u.test(message) ? 'worker' : 'nobody';
}
