// How much of the processors the programs that a process has started took, with all that these started in their turn.
import { readFileSync } from 'node:fs';

/** @typedef {{ readonly user: number, readonly system: number }} Seconds */

/** What Linux counts in; sysconf(_SC_CLK_TCK) is 100 wherever Node.js runs. */
const ticks = 100;

/**
 * Counts the time of the children that have ended. The kernel adds to its parent's counts what a process took when the
 * parent takes notice of its end, so of two that run side by side each is told by itself, unless they end at one
 * moment.
 */
export class ProcessorTime {
  #last = { user: 0, system: 0 };

  /** @returns {Seconds} none where there is no /proc */
  sinceLast() {
    const now = ofChildren();
    const since = { user: now.user - this.#last.user, system: now.system - this.#last.system };
    this.#last = now;
    return since;
  }
}

/** @returns {Seconds} */
export function ofChildren() {
  if (process.platform !== 'linux') return { user: 0, system: 0 };
  // proc(5): the name, in brackets, may have anything in it; cutime and cstime are the 16th and the 17th word.
  const words = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /su, '')
    .split(' ');
  return { user: Number(words[13]) / ticks, system: Number(words[14]) / ticks };
}
