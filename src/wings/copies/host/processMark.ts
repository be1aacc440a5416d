// Which process works on something, so that another one sees when it has ended.
import { hostname } from 'node:os';
import { hasEnded } from '../../../journal/writer.js';

export interface ProcessMark {
  readonly pid: number;
  /** Absent: this computer. */
  readonly host?: string | undefined;
}

/** Of this process. */
export function markOfUs(): ProcessMark {
  return { pid: process.pid, host: hostname() };
}

/** Whether nobody works there any more. Nobody knows of a process on another computer. */
export async function isLeft({ pid, host }: ProcessMark): Promise<boolean> {
  return (host === undefined || host === hostname()) && (await hasEnded(pid));
}
