// Which process works on something, so that another one sees when it has ended.
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import * as v from 'valibot';
import type { Writer } from './entry.js';
import { hasEnded, isAlive, thisWriter } from './writer.js';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

export const processMarkShape = v.object({
  pid: v.pipe(count, v.minValue(1)),
  /** Absent: this computer. In marks of older versions, and in locks of restic, the host name alone. */
  host: v.optional(v.string()),
  /** These are absent in marks of older versions. */
  startTime: v.exactOptional(count),
  boot: v.exactOptional(v.string()),
  pidNamespace: v.exactOptional(v.string()),
  session: v.exactOptional(v.string()),
});

type ProcessMark = v.InferOutput<typeof processMarkShape>;

/** The mark of this process. */
export async function markOfUs(): Promise<Writer> {
  return { ...(await thisWriter()), host: await thisHost() };
}

/** Several computers that share a folder may have one name, as those have that nobody named. */
async function thisHost(): Promise<string> {
  const machine = await readFile('/etc/machine-id', 'utf8').catch(() => '');
  return [hostname(), machine.trim()].filter((part) => part !== '').join('.');
}

/**
 * Whether nobody works there any more. The process of another computer cannot be seen, nor one of another container:
 * it is gone a day after its last change.
 *
 * @param idleMs since its last change; absent: it is not gone
 */
export async function isLeft(
  { pid, host, boot, session = '', ...others }: ProcessMark,
  idleMs: () => Promise<number> = () => Promise.resolve(0),
): Promise<boolean> {
  if (boot === undefined || host === undefined) {
    return (host === undefined || host === hostname()) && (await hasEnded(pid));
  }
  return !(await isAlive({ pid, host, boot, session, ...others }, await markOfUs(), idleMs));
}

/** For a file name, which others read of it. */
export function nameOfMark({ pid, startTime, boot, pidNamespace = '', session, host }: Writer): string {
  return [pid, startTime ?? '', boot, pidNamespace, session, host].join('@');
}

/** Undefined: it is no such name. That of an older version has the process and the host name. */
export function markOfName(name: string): ProcessMark | undefined {
  const [, pid, old] = /^(\d+)@([^@]+)$/u.exec(name) ?? [];
  if (pid !== undefined) {
    return { pid: Number(pid), host: old };
  }
  const [, number, startTime, boot = '', pidNamespace, session = '', host] =
    /^(\d+)@(\d*)@([^@]+)@([^@]*)@([^@]+)@([^@]+)$/u.exec(name) ?? [];
  if (number === undefined) {
    return undefined;
  }
  return {
    ...{ pid: Number(number), boot, session, host },
    ...(startTime !== '' && { startTime: Number(startTime) }),
    ...(pidNamespace !== undefined && pidNamespace !== '' && { pidNamespace }),
  };
}
