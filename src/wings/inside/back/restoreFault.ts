// Why a file of a restore point was not put into a guest.
import type { LeftPart } from '../../../session/copyStopped.js';

type RestoreFaultKind =
  | 'tooLarge'
  /** The folder that it would be in does not exist. */
  | 'noFolder'
  /** A folder is where a file would be, a file where a folder would be, or a device. */
  | 'otherKind'
  /** Another file system is mounted in what would be replaced. */
  | 'mounted'
  /** It is on a file system of the network or in RAM, which no snapshot of disks holds. */
  | 'notOnDisk'
  /** A folder, or a link, of a guest that runs no programs for its agent. */
  | 'needsPrograms'
  /** The target became another one since it was agreed to. */
  | 'changed'
  /** What the guest has differs from what was sent. */
  | 'differs'
  | 'failed'
  /** The guest did not answer in time. Nothing was replaced. */
  | 'silent'
  /** The answer of the guest did not arrive, and so nobody knows whether it was replaced. */
  | 'unknown';

export class RestoreFault extends Error {
  override readonly name = 'RestoreFault';

  /** @param detail a path, a type of file system, a number of bytes, or what the guest said */
  constructor(
    readonly fault: RestoreFaultKind,
    readonly detail = '',
    readonly left?: LeftPart,
  ) {
    super(`${fault}: ${detail}`);
  }
}
