// One run of tests: its parts side by side, told one after the other, what they count, and the end of all that was
// started. Which parts there are to run is not decided here.
import { appendFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { installModules, meetNeeds } from './prerequisites.mjs';
import { ofChildren } from './processorTime.mjs';
import { byLength, noteLengths } from './lengths.mjs';
import { causesOf, nothing, TestJobs } from './testJobs.mjs';
import {
  buildForPrograms,
  buildForVsCode,
  filesOf,
  jobOf,
  libvirtVersion,
  ownBundles,
  plan,
  strict,
  usualEnv,
} from './testParts.mjs';
import { root } from './root.mjs';
import { startTestRun } from './testRun.mjs';

/** @typedef {import('./prerequisites.mjs').Need} Need */
/** @typedef {import('./testJobs.mjs').Result} Result */
/** @typedef {import('./testParts.mjs').Part} Part */
/** @typedef {import('./testParts.mjs').PartJob} PartJob */

/** See `places` in testParts.mjs. */
const places = Math.round(2.5 * availableParallelism());

/** A run with more tests than this that pass only when they are tried again is red. */
const mostFlaky = 2;

/**
 * A part while it runs.
 * @typedef {object} Running
 * @property {Part} part
 * @property {string} name
 * @property {number} left programs of it that have not ended
 * @property {boolean} whole whether all of them began
 * @property {{ job: PartJob, result: Result }[]} results
 * @property {number} told of them
 * @property {boolean} begun
 */

/** Must be ended with `finish`, which ends the process. */
export class TestSession {
  #total = nothing();
  /** @type {string[]} */
  #problems = [];
  /** Failures of single tests, which are counted already. @type {string[]} */
  #failures = [];
  /** @type {string[]} */
  #closing = [];
  /** By title. @type {string[]} */
  #flaky = [];
  #jobs = new TestJobs();
  /** @type {import('./testRun.mjs').TestRun | undefined} */
  #run;
  /** @type {NodeJS.Signals | undefined} */
  #stopped;
  /** @type {string | undefined} */
  #grep;
  #keepLengths;

  /** Seconds. @type {import('./lengths.mjs').Lengths} */
  #lengths = {};

  /**
   * @param {string | undefined} grep only tests whose title has it
   * @param {{ keepLengths?: boolean }} [options] `keepLengths`: see lengths.mjs
   */
  constructor(grep, { keepLengths = false } = {}) {
    this.#grep = grep;
    this.#keepLengths = keepLengths;
    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      process.on(signal, () => {
        this.#stopped ??= signal;
        this.#jobs.end();
      });
    }
  }

  get stopped() {
    return this.#stopped !== undefined;
  }

  /** A folder that is gone at the end. */
  get dir() {
    return this.#folders.dir;
  }

  get #folders() {
    if (!this.#run) throw new Error('the run has not begun');
    const { dir, ram } = this.#run;
    return { dir, ram };
  }

  /** @param {string} line */
  say(line) {
    console.log(line);
  }

  /** Counts as a failure. @param {string} text */
  problem(text) {
    this.#problems.push(text);
  }

  /**
   * Goes on whatever happens: the other parts still have something to tell.
   * @param {string} name
   * @param {() => Promise<void>} act
   */
  async attempt(name, act) {
    try {
      await act();
    } catch (error) {
      // What ends with the run that somebody stopped is no fault.
      if (!this.stopped) this.problem(`${name}: ${messageOf(error)}`);
    }
  }

  /**
   * Installs what is missing.
   * @param {readonly Need[]} needs
   * @returns {Promise<Map<Need, string>>} what could not be met, with the reason
   */
  async begin(needs) {
    await installModules(this.say);
    const unmet = await meetNeeds([...new Set(needs)], this.say);
    // Not earlier: a service that a package starts is the machine's and stays.
    this.#run = startTestRun();
    return unmet;
  }

  /**
   * @param {string} name of the part that is left out
   * @param {string} reason
   * @param {'failsInCi' | 'allowed'} [verdict]
   */
  skip(name, reason, verdict = 'failsInCi') {
    this.say(`\n== ${name}: skipped: ${reason}`);
    this.#total.skipped++;
    if (strict && verdict === 'failsInCi') this.problem(`${name}: nothing may be skipped in CI: ${reason}`);
    if (verdict === 'allowed') this.#closing.push(`${name}: skipped: ${reason.split('\n')[0]}`);
  }

  /**
   * Begins as many programs of them as there are places for, and tells of each part once those before it are over.
   * @param {readonly Part[]} parts
   * @param {'longestFirst' | 'asGiven'} [order] longest first, all of them are over soonest
   */
  async run(parts, order = 'longestFirst') {
    /** @type {Running[]} */
    const running = [];
    /** @type {PartJob[]} */
    const jobs = [];
    /** @type {string[][]} */
    const forVsCode = [];
    for (const part of parts) {
      await this.attempt(part.name ?? part.layer ?? '', async () => {
        const programs = await filesOf(part);
        const index = running.push(await begin(part, programs.length)) - 1;
        const { grep = this.#grep } = part;
        const options = { index, ...this.#folders, grep, env: usualEnv() };
        const mayBegin = part.mayBegin && once(part.mayBegin);
        jobs.push(...programs.map((files) => jobOf({ ...part, ...(mayBegin && { mayBegin }) }, { ...options, files })));
        if (part.layer !== undefined && plan[part.layer].needs.includes('browser')) forVsCode.push(programs.flat());
      });
    }
    const env = {
      ...(await buildForPrograms(parts, this.dir)),
      ...(forVsCode.length === 0 ? {} : await buildForVsCode(forVsCode)),
    };
    for (const job of jobs) Object.assign(job.env, env);
    const atOnce = jobs.length === 1;
    const tell = this.#teller(running, atOnce);
    tell();
    await this.#jobs.run(order === 'asGiven' ? jobs : byLength(jobs), {
      places,
      atOnce,
      ended: (job, result) => {
        const its = running[job.part];
        if (its === undefined) throw new Error('a program of no part');
        its.left--;
        if (result === 'notBegun') its.whole = false;
        else {
          its.results.push({ job, result });
          if (this.#grep === undefined && isGreen({ result })) this.#lengths[job.length] = Math.round(result.seconds);
        }
        // At once: a run that is ended goes on after those that have passed.
        if (its.left === 0 && its.whole && its.results.every(isGreen)) its.part.passed?.();
        tell();
      },
    });
    for (const its of running) {
      if (its.results.length === 0) continue;
      const wasGreen = its.results.every(isGreen);
      if ((await this.#count(its)) === 0 && its.whole && !wasGreen) its.part.passed?.();
    }
  }

  /**
   * What is known of each part, in the order of the parts and in one piece each.
   * @param {readonly Running[]} running
   * @param {boolean} atOnce what they say was seen already
   */
  #teller(running, atOnce) {
    let at = 0;
    return () => {
      for (let its = running[at]; its !== undefined; its = running[++at]) {
        const isMute = its.left === 0 && its.results.length === 0;
        if (!its.begun && !isMute) this.say(`\n== ${its.name}`);
        its.begun = true;
        for (const { job, result } of its.results.slice(its.told)) {
          if (!atOnce) process.stdout.write(`\n-- ${job.name}: ${lengthOf(result)}\n${result.output}`);
        }
        its.told = its.results.length;
        if (its.left > 0) return;
        const seconds = its.results.reduce((sum, { result }) => sum + result.seconds, 0);
        if (!isMute) this.say(`== ${its.name}: ${seconds.toFixed(1)} s of programs`);
      }
    };
  }

  /**
   * What failed is tried once more, alone, unless so much failed that it is no chance, or somebody chose the tests.
   * @param {Running} its
   * @returns {Promise<number>} what failed, be it a test or a program
   */
  async #count({ part, name, results }) {
    const sum = nothing();
    for (const { result } of results) {
      sum.passed += result.counts.passed;
      sum.failed += result.counts.failed;
      sum.skipped += result.counts.skipped;
    }
    const crashes = results.flatMap(({ result: { problem } }) => problem ?? []);
    for (const problem of crashes) this.problem(`${name}: ${problem}`);
    const red = results.filter(({ result }) => result.counts.failed > 0);
    const failed = red.flatMap(({ result }) => result.counts.failures);
    const causes = causesOf(failed);
    const isRetried = part.layer !== 'unit' && part.layer !== 'here' && this.#grep === undefined && !this.stopped;
    if (causes.length > 0 && isRetried && causes.length + this.#flaky.length <= mostFlaky) {
      if (await this.#passesAlone(part, name, red)) {
        for (const { title, text } of causes) this.#flaky.push(`${name}: ${title}: ${text}`);
        sum.passed += sum.failed;
        sum.failed = 0;
      }
    }
    if (sum.failed > 0) this.#failures.push(...causes.map(({ title, text }) => `${name}: ${title}: ${text}`));
    this.#total.passed += sum.passed;
    this.#total.failed += sum.failed;
    this.#total.skipped += sum.skipped;
    // With --grep, a layer may well have none of the tests that are looked for.
    if (sum.passed + sum.failed === 0 && this.#grep === undefined) this.problem(`${name}: no test ran`);
    if (part.layer === 'libvirtd') this.#closing.push(`${name}: ${sum.passed} passed, ${sum.failed} failed`);
    return sum.failed + crashes.length;
  }

  /**
   * @param {Part} part
   * @param {string} name
   * @param {readonly { job: PartJob, result: Result }[]} red
   */
  async #passesAlone(part, name, red) {
    let passed = true;
    for (const { job, result } of red) {
      const { failures } = result.counts;
      const suites = [...new Set(failures.map(({ suite }) => `^${escaped(suite)}`))];
      this.say(`\n== ${name}: once more, alone: ${failures.map(({ title }) => title).join('; ')}`);
      const { env, files } = job;
      const again = jobOf(part, { index: job.part, files, ...this.#folders, grep: suites.join('|'), env });
      await this.#jobs.run([{ ...again, mayBegin: () => true }], {
        places,
        atOnce: true,
        ended: (_, second) => {
          passed &&= second !== 'notBegun' && isGreen({ result: second }) && second.counts.passed > 0;
        },
      });
    }
    return passed;
  }

  /** @returns {Promise<never>} */
  async finish() {
    for (const left of (await this.#run?.end()) ?? []) this.problem(`left running: ${left}`);
    if (this.#stopped) this.problem(`stopped by ${this.#stopped}`);
    if (this.#flaky.length > mostFlaky) this.problem(`${this.#flaky.length} tests passed only at the second try`);
    rmSync(join(root, 'out-test', ownBundles('')), { recursive: true, force: true });
    this.say('');
    const failures = [...this.#failures, ...this.#problems].map((failure) => `! ${failure}`);
    for (const failure of failures) this.say(failure);
    const file = process.env['TEST_FAILURES'];
    if (file) appendFileSync(file, failures.map((failure) => `${failure}\n`).join(''));
    for (const line of this.#flaky) this.say(`flaky: ${line}`);
    for (const line of this.#closing) this.say(line);
    const { passed, failed, skipped } = this.#total;
    if (this.#grep !== undefined && total(this.#total) === 0) this.problem(`no test has ${this.#grep} in its title`);
    noteLengths(this.#lengths, this.#keepLengths);
    const { user, system } = ofChildren();
    this.say(`processor: ${user.toFixed(0)} s user + ${system.toFixed(0)} s system`);
    // A crashed layer is a failure in the count too, for people who read only the last line.
    this.say(`${passed} passed, ${failed + this.#problems.length} failed, ${skipped} skipped`);
    process.exit(this.#problems.length > 0 || failed > 0 ? 1 : 0);
  }
}

/** @param {Part} part @param {number} left @returns {Promise<Running>} */
async function begin(part, left) {
  const libvirt = part.layer === 'libvirtd' ? [`libvirt ${await libvirtVersion(part.release)}`] : [];
  const name = [part.name ?? part.layer ?? '', ...libvirt].join(', ');
  return { part, name, left, whole: true, results: [], told: 0, begun: false };
}

/** @param {import('./testJobs.mjs').Counts} counts */
const total = ({ passed, failed, skipped }) => passed + failed + skipped;

/** @param {Result} result */
function lengthOf({ seconds, processor: { user, system } }) {
  return `${seconds.toFixed(1)} s, ${user.toFixed(1)} s + ${system.toFixed(1)} s of processor`;
}

/** @param {{ readonly result: Result }} ended */
const isGreen = ({ result: { counts, problem } }) => counts.failed === 0 && problem === undefined;

/** @param {() => boolean} ask */
function once(ask) {
  /** @type {boolean | undefined} */
  let answer;
  return () => (answer ??= ask());
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function messageOf(/** @type {unknown} */ error) {
  if (!(error instanceof Error)) return String(error);
  // What esbuild found in the sources it has printed; the stack is its own.
  return 'errors' in error ? (error.message.split('\n')[0] ?? '') : (error.stack ?? error.message);
}
