// Why libvirt does not let this user in, and so what helps: the group, a new login, or neither. Pure.
import { errorCodes } from '../../libvirt/libvirtError.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';
import { hostOf } from '../sharedHost.js';
import type { Membership } from './groupMember.js';

/**
 * What libvirt and GLib say when the service that decides cannot be asked; the daemon's words are never translated
 * here.
 */
const nobodyToAsk = /system bus|PolicyKit|polkit agent|pkcheck/iu;

/**
 * | denied by  | libvirt says                        | the user is in the group | → helps |
 * |------------|-------------------------------------|--------------------------|---------|
 * | the check  | that it has nobody to ask (no bus, no polkit) | any            | `noPolkit`: the service |
 * | either     | anything else                       | no, or not known         | the group |
 * | either     | anything else                       | yes, since this process began | `newLogin` |
 * | either     | anything else                       | yes                      | neither: what libvirt says is told |
 *
 * @param failure of kind `denied`, with the group that opens the socket
 */
export function withTrueReason(failure: Failure, member: Membership): Failure {
  const { group, ...others } = failure.details;
  if (failure.kind !== 'denied' || group === undefined) {
    return failure;
  }
  const as = (details: FailureDetails): Failure => new Failure('denied', details, { cause: failure.cause });
  const { libvirtMessage = '', libvirtCode } = others;
  if (libvirtCode === errorCodes.VIR_ERR_AUTH_UNAVAILABLE || nobodyToAsk.test(libvirtMessage)) {
    return as({ ...others, entry: 'noPolkit' });
  }
  switch (member) {
    case 'in':
      return as(others);
    case 'later':
      return as({ ...others, entry: 'newLogin' });
    case 'out':
    case 'unknown':
      return failure;
  }
}

/** Of a daemon on another host, whose group it is that lets a user in. */
export function deniedThere(failure: Failure, uri: string): Failure {
  const { group, ...details } = failure.details;
  const host = hostOf(uri) ?? '';
  return failure.kind !== 'denied' || group === undefined || host === ''
    ? failure
    : new Failure('denied', { ...details, login: { why: 'denied', host, group } }, { cause: failure.cause });
}
