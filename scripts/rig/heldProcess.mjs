// A child that is told what to do a line at a time, and whose end is our end: it lives as long as its standard input.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} HeldProcess
 * @property {(order?: string) => Promise<string>} ask sends a line, if one is given, and resolves with the next line of
 *   the answer; rejects when the child has ended or answers with a line that begins with "failed"
 * @property {() => Promise<void>} end closes its input and resolves when it has ended
 * @property {number | undefined} pid
 * @property {Promise<void>} ended
 */

/**
 * Starts it in a session of its own, so that the terminal's Ctrl+C reaches us alone and the child's end stays orderly.
 * It does not keep our event loop alive.
 * @param {readonly [string, ...string[]]} command
 * @returns {HeldProcess}
 */
export function holdProcess([program, ...args]) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = new Promise((/** @type {(value: void) => void} */ resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  child.unref();
  // Writing to a child that has ended tells nothing that its end does not.
  child.stdin.on('error', () => undefined);

  /** @type {(string | undefined)[]} */
  const heard = [];
  /** @type {((line: string | undefined) => void)[]} */
  const waiting = [];
  const hear = (/** @type {string | undefined} */ line) => {
    const next = waiting.shift();
    if (next === undefined) heard.push(line);
    else next(line);
  };
  createInterface({ input: child.stdout }).on('line', hear);
  void ended.then(() => hear(undefined));

  return {
    ask: async (order) => {
      child.ref();
      if (order !== undefined) child.stdin.write(`${order}\n`);
      const line = heard.length > 0 ? heard.shift() : await new Promise((resolve) => waiting.push(resolve));
      child.unref();
      if (typeof line !== 'string' || line.startsWith('failed')) {
        throw new Error(`${program} ${line ?? 'ended'}`);
      }
      return line;
    },
    end: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
    pid: child.pid,
    ended,
  };
}
