// One run of tests: its layers one after the other, what they count, and the end of all that was started. Which layers
// there are to run is not decided here.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildExtension, buildTests } from '../build.mjs';
import { installModules, meetNeeds } from './prerequisites.mjs';
import { startPrivateDaemon } from './privateDaemon.mjs';
import { root } from './root.mjs';
import { startTestRun } from './testRun.mjs';

/** @typedef {import('../build.mjs').Layer} Layer */
/** @typedef {import('./prerequisites.mjs').Need} Need */
/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * | layer    | needs            | private daemon                        |
 * |----------|------------------|---------------------------------------|
 * | unit     | –                | –                                     |
 * | libvirtd | libvirt          | each file starts its own              |
 * | host     | libvirt, browser | one for the layer                     |
 * | ui       | libvirt, browser | one for the layer                     |
 * @type {Readonly<Record<Layer, { needs: readonly Need[], daemon: boolean }>>}
 */
export const plan = {
  unit: { needs: [], daemon: false },
  libvirtd: { needs: ['libvirt'], daemon: false },
  host: { needs: ['libvirt', 'browser'], daemon: true },
  ui: { needs: ['libvirt', 'browser'], daemon: true },
};

const strict = process.env.CI !== undefined;

/**
 * @typedef {object} LayerOptions
 * @property {readonly string[]} [bundles] made before; the layer's own, made now, unless given
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
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
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
        this.#child?.kill('SIGTERM');
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

  /** @param {Layer} layer @param {LayerOptions} [options] */
  async runLayer(layer, { bundles, release, env: more = {} } = {}) {
    const libvirt = layer === 'libvirtd' ? await libvirtVersion(release) : undefined;
    const name = libvirt === undefined ? layer : `${layer}, libvirt ${libvirt}`;
    this.say(`\n== ${name}`);
    const started = performance.now();
    const counts = join(this.dir, `${layer}-${libvirt ?? ''}.json`);
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, VIRT_REWIND_ROOT: root, TEST_COUNTS: counts, ...more };
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
      const status = await this.#start(layer === 'host' ? this.#hostCommand() : this.#mochaCommand(files), env);
      const told = this.#record(name, status, counts);
      if (libvirt !== undefined) {
        this.#closing.push(
          told ? `libvirt ${libvirt}: ${told.passed} passed, ${told.failed} failed` : `libvirt ${libvirt}: crashed`,
        );
      }
    } finally {
      await this.#daemon?.stop();
      this.#daemon = undefined;
    }
    this.say(`== ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }

  #hostCommand() {
    return ['scripts/hostTests.mjs', ...(this.#grep === undefined ? [] : ['--grep', this.#grep])];
  }

  /** @param {readonly string[]} bundles */
  #mochaCommand(bundles) {
    return [
      '--enable-source-maps',
      'node_modules/mocha/bin/mocha.js',
      '--no-config',
      '--require=./scripts/rig/strictRejections.cjs',
      '--timeout=120000',
      '--reporter=scripts/rig/countingReporter.cjs',
      ...(strict ? ['--forbid-only', '--forbid-pending'] : []),
      ...(this.#grep === undefined ? [] : [`--grep=${this.#grep}`]),
      ...bundles,
    ];
  }

  /**
   * @param {string[]} args of Node
   * @param {NodeJS.ProcessEnv} env
   * @returns {Promise<number>} exit status
   */
  #start(args, env) {
    return new Promise((end, fail) => {
      this.#child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
      this.#child.on('error', fail);
      this.#child.on('exit', (code) => {
        this.#child = undefined;
        end(code ?? 2);
      });
    });
  }

  /**
   * Adds counts. A layer without them has crashed, whatever its status says; one without tests proves nothing.
   * @param {string} name
   * @param {number} status
   * @param {string} file
   * @returns {Counts | undefined}
   */
  #record(name, status, file) {
    if (!existsSync(file)) {
      this.problem(`${name}: ended with status ${status} before its tests did`);
      return undefined;
    }
    /** @type {Counts & { failures: string[] }} */
    const counts = JSON.parse(readFileSync(file, 'utf8'));
    this.#total.passed += counts.passed;
    this.#total.failed += counts.failed;
    this.#total.skipped += counts.skipped;
    this.#failures.push(...counts.failures.map((failure) => `${name}: ${failure}`));
    // With --grep, a layer may well have none of the tests that are looked for.
    if (counts.passed + counts.failed === 0 && this.#grep === undefined) this.problem(`${name}: no test ran`);
    if (status !== 0 && counts.failed === 0) this.problem(`${name}: ended with status ${status}`);
    return counts;
  }

  /** @returns {Promise<never>} */
  async finish() {
    await this.#daemon?.stop();
    for (const left of (await this.#run?.end()) ?? []) this.problem(`left running: ${left}`);
    if (this.#stopped) this.problem(`stopped by ${this.#stopped}`);
    this.say('');
    const failures = [...this.#failures, ...this.#problems].map((failure) => `! ${failure}`);
    for (const failure of failures) this.say(failure);
    const file = process.env.TEST_FAILURES;
    if (file) appendFileSync(file, failures.map((failure) => `${failure}\n`).join(''));
    for (const line of this.#closing) this.say(line);
    const { passed, failed, skipped } = this.#total;
    // A crashed layer is a failure in the count too, for whoever reads only the last line.
    this.say(`${passed} passed, ${failed + this.#problems.length} failed, ${skipped} skipped`);
    process.exit(this.#problems.length > 0 || failed > 0 ? 1 : 0);
  }
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
