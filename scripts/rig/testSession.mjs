// One run of tests: its layers one after the other, what they count, and the end of all that was started. Which layers
// there are to run is not decided here.
import { appendFileSync } from 'node:fs';
import { basename } from 'node:path';
import { buildExtension, buildTests } from '../build.mjs';
import { installModules, meetNeeds } from './prerequisites.mjs';
import { startPrivateDaemon } from './privateDaemon.mjs';
import { root } from './root.mjs';
import { TestJobs } from './testJobs.mjs';
import { startTestRun } from './testRun.mjs';

/** @typedef {import('../build.mjs').Layer} Layer */
/** @typedef {import('./prerequisites.mjs').Need} Need */
/** @typedef {import('./testJobs.mjs').Counts} Counts */
/** @typedef {import('./testJobs.mjs').Job} Job */

/**
 * | layer    | needs            | private daemon          | its files run                  |
 * |----------|------------------|-------------------------|--------------------------------|
 * | unit     | –                | –                       | in one process                 |
 * | libvirtd | libvirt          | each file starts its own | each in its own, two at a time |
 * | host     | libvirt, browser | one for the layer       | in one VS Code                 |
 * | ui       | libvirt, browser | one for the layer       | in one process                 |
 * @type {Readonly<Record<Layer, { needs: readonly Need[], daemon: boolean, files: 'together' | 'sideBySide' }>>}
 */
export const plan = {
  unit: { needs: [], daemon: false, files: 'together' },
  libvirtd: { needs: ['libvirt'], daemon: false, files: 'sideBySide' },
  host: { needs: ['libvirt', 'browser'], daemon: true, files: 'together' },
  ui: { needs: ['libvirt', 'browser'], daemon: true, files: 'together' },
};

/** As many as the smallest machine that CI has cores. */
const sideBySide = 2;

/** Those that last longest begin first, so that none is left over at the end. */
const longest = ['faults', 'externalRevert', 'consolidate', 'pictureWhatIf', 'lesson', 'histories', 'hypervisorSteps'];

/** A run with more tests than this that pass only when they are tried again is red. */
const mostFlaky = 2;

const strict = process.env.CI !== undefined;

/**
 * @typedef {object} LayerOptions
 * @property {string} [name] of this part of the layer in the report
 * @property {readonly string[]} [bundles] made before; those of the layer that everybody runs, made now, unless given
 * @property {string} [grep] only tests whose title matches
 * @property {string} [release] folder of debianRoot.mjs whose libvirt and QEMU take the place of the machine's
 * @property {NodeJS.ProcessEnv} [env] what the tests shall find beside the usual
 */

/** Must be ended with `finish`, which ends the process. */
export class TestSession {
  /** @type {Counts} */
  #total = { passed: 0, failed: 0, skipped: 0 };
  /** @type {string[]} */
  #problems = [];
  /** Of single tests, which are counted already. @type {string[]} */
  #failures = [];
  /** @type {string[]} */
  #closing = [];
  /** By title. @type {string[]} */
  #flaky = [];
  #jobs = new TestJobs();
  /** @type {import('./privateDaemon.mjs').PrivateDaemon | undefined} */
  #daemon;
  /** @type {import('./testRun.mjs').TestRun | undefined} */
  #run;
  /** @type {NodeJS.Signals | undefined} */
  #stopped;
  /** @type {string | undefined} */
  #grep;

  /** @param {string | undefined} grep only tests whose title has it */
  constructor(grep) {
    this.#grep = grep;
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
    if (!this.#run) throw new Error('the run has not begun');
    return this.#run.dir;
  }

  /** @param {string} line */
  say(line) {
    console.log(line);
  }

  /** Counts as a failure. @param {string} text */
  problem(text) {
    this.#problems.push(text);
  }

  /** Goes on whatever happens: the other parts still have something to tell. @param {string} name @param {() => Promise<void>} act */
  async attempt(name, act) {
    try {
      await act();
    } catch (error) {
      this.problem(`${name}: ${messageOf(error)}`);
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
   * @param {Layer} layer
   * @param {LayerOptions} [options]
   * @returns {Promise<boolean>} whether all of it passed, be it at the second try
   */
  async runLayer(layer, { name: part, bundles, grep = this.#grep, release, env: more = {} } = {}) {
    const libvirt = layer === 'libvirtd' ? await libvirtVersion(release) : undefined;
    const name = [part ?? layer, ...(libvirt === undefined ? [] : [`libvirt ${libvirt}`])].join(', ');
    this.say(`\n== ${name}`);
    const started = performance.now();
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, VIRT_REWIND_ROOT: root, ...more };
    if (release !== undefined) env.VIRT_REWIND_TEST_RELEASE = release;
    const files = bundles ?? (await buildTests(layer));
    if (files.length === 0) throw new Error('there are no tests');
    try {
      if (plan[layer].daemon) {
        await buildExtension();
        this.#daemon = await startPrivateDaemon();
        env.VIRT_REWIND_TEST_URI = this.#daemon.uri;
        env.VIRT_REWIND_TEST_DRIVER_URI = this.#daemon.testUri;
        env.VIRT_REWIND_TEST_DIR = this.#daemon.dir;
      }
      const counts = await this.#runFiles(layer, name, files, env, grep);
      if (libvirt !== undefined) {
        this.#closing.push(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
      }
      return counts.failed === 0;
    } finally {
      await this.#daemon?.stop();
      this.#daemon = undefined;
      this.say(`== ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    }
  }

  /**
   * What failed is tried once more, alone, unless so much failed that it is no chance, or somebody chose the tests.
   * @param {Layer} layer
   * @param {string} name
   * @param {readonly string[]} files
   * @param {NodeJS.ProcessEnv} env
   * @param {string | undefined} grep
   * @returns {Promise<Counts>}
   */
  async #runFiles(layer, name, files, env, grep) {
    /** @param {readonly string[]} these @param {string} [only] @returns {Job} */
    const job = (these, only = grep) => ({
      name: these.length === 1 ? basename(these[0] ?? '').replace(/\.test\.[cm]js$/, '') : layer,
      args: layer === 'host' ? hostCommand(only) : mochaCommand(these, only),
      files: these,
      env,
      dir: this.dir,
    });
    const alone = plan[layer].files === 'sideBySide' && files.length > 1;
    const jobs = alone ? byLength(files).map((file) => job([file])) : [job(files)];
    const results = await this.#jobs.run(jobs, alone ? sideBySide : 1);
    /** @type {Counts} */
    const sum = { passed: 0, failed: 0, skipped: 0, failures: [] };
    for (const { counts } of results) {
      sum.passed += counts.passed;
      sum.failed += counts.failed;
      sum.skipped += counts.skipped;
    }
    const crashes = results.flatMap(({ problem }) => problem ?? []);
    for (const problem of crashes) this.problem(`${name}: ${problem}`);
    const red = results.filter(({ counts }) => counts.failed > 0);
    const failed = red.flatMap(({ counts }) => counts.failures);
    const isRetried = layer !== 'unit' && this.#grep === undefined && !this.stopped;
    if (failed.length > 0 && isRetried && failed.length + this.#flaky.length <= mostFlaky) {
      const again = [];
      for (const { job: first, counts } of red) {
        const suites = [...new Set(counts.failures.map(({ suite }) => `^${escaped(suite)}`))];
        this.say(`\n== ${name}: once more, alone: ${counts.failures.map(({ title }) => title).join('; ')}`);
        again.push(...(await this.#jobs.run([job(first.files, suites.join('|'))], 1)));
      }
      if (again.every(({ counts, problem }) => counts.failed === 0 && counts.passed > 0 && problem === undefined)) {
        for (const { title, text } of failed) this.#flaky.push(`${name}: ${title}: ${text}`);
        sum.passed += sum.failed;
        sum.failed = 0;
      }
    }
    if (sum.failed > 0) this.#failures.push(...failed.map(({ title, text }) => `${name}: ${title}: ${text}`));
    sum.failures.push(...failed);
    this.#total.passed += sum.passed;
    this.#total.failed += sum.failed;
    this.#total.skipped += sum.skipped;
    // With --grep, a layer may well have none of the tests that are looked for.
    if (sum.passed + sum.failed === 0 && this.#grep === undefined) this.problem(`${name}: no test ran`);
    return { ...sum, failed: sum.failed + crashes.length };
  }

  /**
   * A program that is a test by itself: it passes where it ends with 0.
   * @param {string} name
   * @param {readonly string[]} args of Node
   * @returns {Promise<boolean>}
   */
  async runProgram(name, args) {
    this.say(`\n== ${name}`);
    const started = performance.now();
    const status = await this.#jobs.runProgram(args, { ...process.env, VIRT_REWIND_ROOT: root });
    const passed = status === 0;
    if (passed) this.#total.passed++;
    else this.problem(`${name}: ended with status ${status}`);
    this.say(`== ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return passed;
  }

  /** @returns {Promise<never>} */
  async finish() {
    await this.#daemon?.stop();
    for (const left of (await this.#run?.end()) ?? []) this.problem(`left running: ${left}`);
    if (this.#stopped) this.problem(`stopped by ${this.#stopped}`);
    if (this.#flaky.length > mostFlaky) this.problem(`${this.#flaky.length} tests passed only at the second try`);
    this.say('');
    const failures = [...this.#failures, ...this.#problems].map((failure) => `! ${failure}`);
    for (const failure of failures) this.say(failure);
    const file = process.env.TEST_FAILURES;
    if (file) appendFileSync(file, failures.map((failure) => `${failure}\n`).join(''));
    for (const line of this.#flaky) this.say(`flaky: ${line}`);
    for (const line of this.#closing) this.say(line);
    const { passed, failed, skipped } = this.#total;
    // A crashed layer is a failure in the count too, for whoever reads only the last line.
    this.say(`${passed} passed, ${failed + this.#problems.length} failed, ${skipped} skipped`);
    process.exit(this.#problems.length > 0 || failed > 0 ? 1 : 0);
  }
}

/** @param {string | undefined} grep */
function hostCommand(grep) {
  return ['scripts/hostTests.mjs', ...(grep === undefined ? [] : ['--grep', grep])];
}

/** @param {readonly string[]} bundles @param {string | undefined} grep */
function mochaCommand(bundles, grep) {
  return [
    '--enable-source-maps',
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    '--require=./scripts/rig/strictRejections.cjs',
    '--timeout=120000',
    '--reporter=scripts/rig/countingReporter.cjs',
    ...(strict ? ['--forbid-only', '--forbid-pending'] : []),
    ...(grep === undefined ? [] : [`--grep=${grep}`]),
    ...bundles,
  ];
}

/** @param {readonly string[]} files */
function byLength(files) {
  const place = (/** @type {string} */ file) => {
    const at = longest.indexOf(basename(file).split('.')[0] ?? '');
    return at < 0 ? longest.length : at;
  };
  return files.toSorted((a, b) => place(a) - place(b));
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

/**
 * What the daemon says that it is, as it is usually written: 11.3, not 11.3.0.
 * @param {string | undefined} release
 */
async function libvirtVersion(release) {
  const daemon = await startPrivateDaemon(release === undefined ? {} : { release });
  try {
    const { stdout, stderr } = await daemon.virsh(['version', '--daemon']);
    const version = /daemon: (\d+\.\d+(?:\.[1-9]\d*)?)/.exec(stdout)?.[1];
    if (version === undefined) throw new Error(`the daemon does not tell its version: ${stdout}${stderr}`);
    return version;
  } finally {
    await daemon.stop();
  }
}
