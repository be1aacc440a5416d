// Runs programs that report tests, several at a time, each with its output in one piece. Knows no layer.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

/** @typedef {{ readonly title: string, readonly suite: string, readonly text: string }} FailedTest `suite`: what it can be run again with */
/** @typedef {{ passed: number, failed: number, skipped: number, failures: FailedTest[] }} Counts */

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {readonly string[]} args of Node; the program writes its counts where $TEST_COUNTS says
 * @property {readonly string[]} files that it runs
 * @property {NodeJS.ProcessEnv} env
 * @property {string} dir for its counts
 */

/** @typedef {{ readonly job: Job, readonly counts: Counts, readonly problem?: string }} Result `problem`: not of a single test */

export class TestJobs {
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #children = new Set();
  #ended = false;
  #made = 0;

  /** Ends those that run and begins no other. */
  end() {
    this.#ended = true;
    for (const child of this.#children) child.kill('SIGTERM');
  }

  /**
   * @param {readonly Job[]} jobs
   * @param {number} most at a time; with one, its output comes as it is made
   * @returns {Promise<Result[]>} in the order of the jobs
   */
  async run(jobs, most) {
    /** @type {Result[]} */
    const results = [];
    const waiting = [...jobs.entries()];
    const place = async () => {
      for (let next = waiting.shift(); next !== undefined && !this.#ended; next = waiting.shift()) {
        const [index, job] = next;
        results[index] = await this.#runOne(job, most === 1);
      }
    };
    await Promise.all(Array.from({ length: Math.min(most, jobs.length) }, place));
    return results.filter((result) => result !== undefined);
  }

  /**
   * One that counts nothing; its output comes as it is made.
   * @param {readonly string[]} args of Node
   * @param {NodeJS.ProcessEnv} env
   * @returns {Promise<number>} its status
   */
  async runProgram(args, env) {
    return (await this.#start({ args, env }, true)).status;
  }

  /**
   * A program without counts has crashed, whatever its status says.
   * @param {Job} job
   * @param {boolean} atOnce
   * @returns {Promise<Result>}
   */
  async #runOne(job, atOnce) {
    const file = join(job.dir, `counts-${++this.#made}.json`);
    const started = performance.now();
    const { status, output } = await this.#start({ args: job.args, env: { ...job.env, TEST_COUNTS: file } }, atOnce);
    if (!atOnce) {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`\n-- ${job.name}: ${seconds} s\n${output}`);
    }
    if (!existsSync(file)) {
      const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
      return { job, counts, problem: `${job.name} ended with status ${status} before its tests did` };
    }
    /** @type {Counts} */
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    const isOdd = status !== 0 && counts.failed === 0;
    return { job, counts, ...(isOdd ? { problem: `${job.name} ended with status ${status}` } : {}) };
  }

  /**
   * @param {Pick<Job, 'args' | 'env'>} program
   * @param {boolean} atOnce
   * @returns {Promise<{ status: number, output: string }>}
   */
  #start({ args, env }, atOnce) {
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
      child.stderr?.on('data', (chunk) => output.push(chunk));
      child.on('error', fail);
      // "close" and not "exit": the last of its output is there then.
      child.on('close', (code) => {
        this.#children.delete(child);
        end({ status: code ?? 2, output: Buffer.concat(output).toString('utf8') });
      });
    });
  }
}
