// What the file system or qemu-img refuses becomes a `Failure`: by errno, or by what QEMU says in the C locale.
import { errnoOf } from '../base/errno.js';
import { Failure, type FailureDetails, type FailureKind } from '../domain/failure.js';

const kindByErrno: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ['ENOENT', 'notFound'],
  ['ENOTDIR', 'notFound'],
  ['EACCES', 'denied'],
  ['EPERM', 'denied'],
  ['EROFS', 'denied'],
  ['EEXIST', 'exists'],
  ['ENOSPC', 'noSpace'],
  ['EDQUOT', 'noSpace'],
  ['EBUSY', 'busy'],
  ['ETXTBSY', 'busy'],
  ['EXDEV', 'unsupported'],
  // The codes for a file on another host.
  ['ECONNRESET', 'lost'],
  ['ENOSYS', 'unsupported'],
  ['ENOTSUP', 'unsupported'],
  ['EOPNOTSUPP', 'unsupported'],
]);

/** The first that fits: a full disk may be told together with a lock that could not be taken. */
const kindByText: readonly (readonly [RegExp, FailureKind])[] = [
  [/No space left on device|Disk quota exceeded/, 'noSpace'],
  [/Failed to get .*lock/, 'busy'],
  [/Permission denied|Operation not permitted|Read-only file system/, 'denied'],
  [/No such file or directory/, 'notFound'],
];

/** Never throws; a Failure comes back as it is. */
export function fileFailure(error: unknown, details: FailureDetails): Failure {
  if (error instanceof Failure) {
    return error;
  }
  const said = error instanceof Error ? error.message : String(error);
  return new Failure(
    kindByErrno.get(errnoOf(error) ?? '') ?? 'failed',
    { ...details, libvirtMessage: said },
    { cause: error },
  );
}

/** @param said what qemu-img wrote to its standard error */
export function qemuImgFailure(said: string, details: FailureDetails): Failure {
  const kind = kindByText.find(([text]) => text.test(said))?.[1] ?? 'failed';
  return new Failure(kind, { ...details, libvirtMessage: said.trim() });
}
