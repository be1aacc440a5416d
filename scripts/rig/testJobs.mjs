// Runs programs that report tests, several at a time, each with its output in one piece. Knows no layer.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessorTime } from './processorTime.mjs';
import { root } from './root.mjs';

/**
 * @typedef {{ readonly title: string, readonly suite: string, readonly text: string }} FailedTest `suite`: what it can
 *   be run again with
 */
/** @typedef {{ passed: number, failed: number, skipped: number, failures: FailedTest[] }} Counts */

/** @typedef {{ readonly env: NodeJS.ProcessEnv, readonly end: () => Promise<void> }} Surroundings */

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {readonly string[]} args of Node
 * @property {'counts' | 'status'} tells the program writes its counts where $TEST_COUNTS says, or is one test, passed
 *   with status 0
 * @property {NodeJS.ProcessEnv} env
 * @property {string} dir for its counts
 * @property {number} places that it takes of those that there are
 * @property {() => boolean} [mayBegin] asked once there is place for it; without it, yes
 * @property {() => Promise<Surroundings>} [surround] begins what it stands on, which ends with it
 */

/**
 * `problem`: not of a single test; `output`: what it said, unless that was seen as it was made
 * @typedef {{ readonly counts: Counts, readonly output: string, readonly seconds: number, readonly processor:
 *   import('./processorTime.mjs').Seconds, readonly problem?: string }} Result
 */

/** Characters of the last error that a program told, where that is all that says why it ended. */
const longestReason = 300;

/** @returns {Counts} */
export const nothing = () => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

/**
 * Without the steps that were not taken because one before them had failed (test/ui/steps.ts): one race is one failure.
 * @param {readonly FailedTest[]} failures
 */
export function causesOf(failures) {
  const isUntaken = (/** @type {FailedTest} */ { text }) => text.startsWith('Pending test forbidden');
  const broken = new Set(failures.filter((one) => !isUntaken(one)).map(({ suite }) => suite));
  return failures.filter((one) => !isUntaken(one) || !broken.has(one.suite));
}

export class TestJobs {
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #children = new Set();
  #ended = false;
  #made = 0;
  #processor = new ProcessorTime();

  /** Ends those that run and begins no other. */
  end() {
    this.#ended = true;
    for (const child of this.#children) child.kill('SIGTERM');
  }

  /**
   * Begins them in their order, but one that there is no place for is overtaken by those that there is. One that wants
   * more places than there are runs alone.
   * @template {Job} J
   * @param {readonly J[]} jobs
   * @param {object} options
   * @param {number} options.places
   * @param {boolean} [options.atOnce] their output comes as it is made
   * @param {(job: J, result: Result | 'notBegun') => void} options.ended
   */
  async run(jobs, { places, atOnce = false, ended }) {
    const waiting = [...jobs];
    // What was made before is of none of them.
    this.#processor.sinceLast();
    /** @type {Set<Promise<void>>} */
    const running = new Set();
    let free = places;
    for (;;) {
      const at = this.#ended ? -1 : waiting.findIndex((job) => job.places <= free || running.size === 0);
      const job = waiting[at];
      if (job === undefined) {
        if (running.size === 0) break;
        await Promise.race(running);
        continue;
      }
      waiting.splice(at, 1);
      if (job.mayBegin?.() === false) {
        ended(job, 'notBegun');
        continue;
      }
      free -= job.places;
      const one = this.#runOne(job, atOnce).then((result) => {
        free += job.places;
        running.delete(one);
        ended(job, result);
      });
      running.add(one);
    }
    for (const job of waiting) ended(job, 'notBegun');
  }

  /**
   * @param {Job} job
   * @param {boolean} atOnce
   * @returns {Promise<Result>}
   */
  async #runOne(job, atOnce) {
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1000;
    const none = { user: 0, system: 0 };
    try {
      const around = await job.surround?.();
      try {
        const told = await this.#runIn(job, { ...job.env, ...around?.env }, atOnce);
        return { ...told, seconds: seconds() };
      } finally {
        await around?.end();
      }
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { counts: nothing(), output: '', seconds: seconds(), processor: none, problem: `${job.name}: ${text}` };
    }
  }

  /**
   * A program without counts has crashed, whatever its status says.
   * @param {Job} job
   * @param {NodeJS.ProcessEnv} env
   * @param {boolean} atOnce
   * @returns {Promise<Omit<Result, 'seconds'>>}
   */
  async #runIn({ name, args, tells, dir }, env, atOnce) {
    const file = join(dir, `counts-${++this.#made}.json`);
    const { status, processor, output, errors } = await this.#start(args, { ...env, TEST_COUNTS: file }, atOnce);
    if (tells === 'status') {
      if (status === 0) return { counts: { ...nothing(), passed: 1 }, processor, output };
      return { counts: nothing(), processor, output, problem: `${name} ended with status ${status}` };
    }
    if (!existsSync(file)) {
      const last = errors.trimEnd().split('\n').at(-1) ?? '';
      const why = last === '' ? '' : `: ${last.trim().slice(0, longestReason)}`;
      return {
        counts: nothing(),
        processor,
        output,
        problem: `${name} ended with status ${status} before its tests did${why}`,
      };
    }
    /** @type {Counts} */
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    const isOdd = status !== 0 && counts.failed === 0;
    return { counts, processor, output, ...(isOdd ? { problem: `${name} ended with status ${status}` } : {}) };
  }

  /**
   * @param {readonly string[]} args
   * @param {NodeJS.ProcessEnv} env
   * @param {boolean} atOnce
   * @returns {Promise<{ status: number, processor: import('./processorTime.mjs').Seconds, output: string, errors:
   *   string }>}
   */
  #start(args, env, atOnce) {
    return new Promise((end, fail) => {
      const child = spawn(process.execPath, args, {
        cwd: root,
        env,
        stdio: ['ignore', atOnce ? 'inherit' : 'pipe', atOnce ? 'inherit' : 'pipe'],
      });
      this.#children.add(child);
      /** @type {Buffer[]} */
      const output = [];
      child.stdout?.on('data', (chunk) => output.push(chunk));
      /** @type {Buffer[]} */
      const errors = [];
      child.stderr?.on('data', (chunk) => {
        output.push(chunk);
        errors.push(chunk);
      });
      child.on('error', fail);
      /** @type {import('./processorTime.mjs').Seconds} */
      let processor = { user: 0, system: 0 };
      // At once, before another one ends.
      child.on('exit', () => (processor = this.#processor.sinceLast()));
      // "close" and not "exit": the last of its output is there then.
      child.on('close', (code) => {
        this.#children.delete(child);
        end({ status: code ?? 2, processor, output: textOf(output), errors: textOf(errors) });
      });
    });
  }
}

/** @param {readonly Buffer[]} chunks */
const textOf = (chunks) => Buffer.concat(chunks).toString('utf8');
