// The files of a VM that is copied, on the host that it is on.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { openToRead } from '../base/readFileAtMost.js';
import { transferFailure } from './transferFailure.js';
import { openCopyShell } from './copyShell.js';
import { hostHere, type VmHost } from './vmHost.js';

export interface Originals {
  readonly host: VmHost;
  /** What the host calls itself; empty: this computer. */
  readonly name: string;
  /** In seconds, by path: of each file, to the nanosecond. */
  readonly modified: (paths: readonly string[]) => Promise<ReadonlyMap<string, string>>;
  /** SHA-256. */
  readonly sum: (path: string) => Promise<string>;
}

export function originalsHere(signal: AbortSignal): Originals {
  return {
    host: hostHere(process.env),
    name: '',
    modified: async (paths) =>
      new Map(
        await Promise.all(
          paths.map(async (path) => [path, secondsText((await stat(path, { bigint: true })).mtimeNs)] as const),
        ),
      ),
    sum: (path) => sumHere(path, signal),
  };
}

/** @throws Failure where the login ends meanwhile */
export async function withOriginals<T>(
  host: VmHost,
  signal: AbortSignal,
  work: (originals: Originals) => Promise<T>,
): Promise<T> {
  if (host.login === undefined) {
    return work(originalsHere(signal));
  }
  const shell = await openCopyShell(host.login, signal);
  try {
    return await work({
      host,
      name: shell.host,
      modified: async (paths) => {
        const { code, said } = await shell.run(
          ...(paths.length === 0 ? [':'] : ['stat', '-Lc', '%.9Y', '--', ...paths]),
        );
        const times = said.split('\n');
        if (code !== 0 || (paths.length > 0 && times.length !== paths.length)) {
          throw transferFailure('changed');
        }
        return new Map(paths.map((path, at) => [path, times[at] ?? '']));
      },
      sum: async (path) => {
        const { code, said } = await shell.run('sum_of', path);
        if (code !== 0 || !/^[\da-f]{64}\b/u.test(said)) {
          throw transferFailure('missing', { file: path });
        }
        return said.slice(0, 64);
      },
    });
  } finally {
    shell.close();
  }
}

function secondsText(nanoseconds: bigint): string {
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}`;
}

/** With one piece of memory: a new one for each part took as long as the sum itself. */
async function sumHere(path: string, signal: AbortSignal): Promise<string> {
  const [hash, part] = [createHash('sha256'), Buffer.alloc(1024 * 1024)];
  const file = await openToRead(path);
  try {
    for (let bytesRead = -1; bytesRead !== 0;) {
      signal.throwIfAborted();
      ({ bytesRead } = await file.read(part, 0, part.length, null));
      hash.update(part.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}
