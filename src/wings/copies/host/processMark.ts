// Which process works on something, so that another one sees when it has ended.
import { hostname } from 'node:os';
import { hasCode } from '../../../base/errno.js';

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
export function isLeft({ pid, host }: ProcessMark): boolean {
  return (host === undefined || host === hostname()) && !isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}
