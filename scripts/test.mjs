// `npm test`: every layer of tests, one report, one count at the end.
//   npm test [-- LAYER…] [-- --grep TEXT]        layers: unit libvirtd host ui
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildExtension, buildTests, layers } from './build.mjs';
import { installModules, meetNeeds } from './rig/prerequisites.mjs';
import { root } from './rig/root.mjs';
import { startTestRun } from './rig/testRun.mjs';

/** @typedef {import('./build.mjs').Layer} Layer */
/** @typedef {import('./rig/prerequisites.mjs').Need} Need */
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
const plan = {
  unit: { needs: [], daemon: false },
  libvirtd: { needs: ['libvirt'], daemon: false },
  host: { needs: ['libvirt', 'browser'], daemon: true },
  ui: { needs: ['libvirt', 'browser'], daemon: true },
};

const { values, positionals } = parseArgs({
  options: { grep: { type: 'string' } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !layers.includes(/** @type {Layer} */ (name)));
if (unknown.length > 0) throw new Error(`No such layer: ${unknown.join(', ')}. There are ${layers.join(', ')}.`);
const chosen = layers.filter((layer) => positionals.length === 0 || positionals.includes(layer));
const strict = process.env.CI !== undefined;
const say = (/** @type {string} */ line) => console.log(line);

/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const problems = [];
/** @type {import('node:child_process').ChildProcess | undefined} */
let child;
/** @type {import('./rig/privateDaemon.mjs').PrivateDaemon | undefined} */
let daemon;
/** @type {NodeJS.Signals | undefined} */
let stopped;

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    stopped ??= signal;
    child?.kill('SIGTERM');
  });
}

/** @type {import('./rig/testRun.mjs').TestRun | undefined} */
let run;
try {
  await installModules(say);
  const unmet = await meetNeeds([...new Set(chosen.flatMap((layer) => plan[layer].needs))], say);
  // Not earlier: a service that a package starts is the machine's and stays.
  run = startTestRun();
  for (const layer of chosen) {
    if (stopped) break;
    const reason = plan[layer].needs.flatMap((need) => unmet.get(need) ?? [])[0];
    if (reason) {
      skip(layer, reason);
      continue;
    }
    try {
      await runLayer(layer, run.dir);
    } catch (error) {
      // Sources that cannot be built, a daemon that does not start: the other layers still have something to tell.
      problems.push(`${layer}: ${messageOf(error)}`);
    }
  }
} catch (error) {
  problems.push(messageOf(error));
}
await finish();

function messageOf(/** @type {unknown} */ error) {
  if (!(error instanceof Error)) return String(error);
  // What esbuild found in the sources it has printed; the stack is its own.
  return 'errors' in error ? (error.message.split('\n')[0] ?? '') : (error.stack ?? error.message);
}

/** @param {Layer} layer @param {string} reason */
function skip(layer, reason) {
  say(`\n== ${layer}: skipped: ${reason}`);
  total.skipped++;
  if (strict) problems.push(`${layer}: nothing may be skipped in CI: ${reason}`);
}

/** @param {Layer} layer @param {string} dir for what the layer tells */
async function runLayer(layer, dir) {
  say(`\n== ${layer}`);
  const started = performance.now();
  const counts = join(dir, `${layer}.json`);
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, VIRT_REWIND_ROOT: root, TEST_COUNTS: counts };
  const bundles = await buildTests(layer);
  if (bundles.length === 0) throw new Error('there are no tests');
  try {
    if (plan[layer].daemon) {
      await buildExtension();
      const { startPrivateDaemon } = await import('./rig/privateDaemon.mjs');
      daemon = await startPrivateDaemon();
      env.VIRT_REWIND_TEST_URI = daemon.uri;
      env.VIRT_REWIND_TEST_DRIVER_URI = daemon.testUri;
      env.VIRT_REWIND_TEST_DIR = daemon.dir;
    }
    const status = await start(layer === 'host' ? hostCommand() : mochaCommand(bundles), env);
    record(layer, status, counts);
  } finally {
    await daemon?.stop();
    daemon = undefined;
  }
  say(`== ${layer}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

function hostCommand() {
  return ['scripts/hostTests.mjs', ...(values.grep === undefined ? [] : ['--grep', values.grep])];
}

/** @param {readonly string[]} bundles */
function mochaCommand(bundles) {
  return [
    '--enable-source-maps',
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    '--timeout=120000',
    '--reporter=scripts/rig/countingReporter.cjs',
    ...(strict ? ['--forbid-only', '--forbid-pending'] : []),
    ...(values.grep === undefined ? [] : [`--grep=${values.grep}`]),
    ...bundles,
  ];
}

/**
 * @param {string[]} args of Node
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit status
 */
function start(args, env) {
  return new Promise((end, fail) => {
    child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', fail);
    child.on('exit', (code) => {
      child = undefined;
      end(code ?? 2);
    });
  });
}

/**
 * Adds a layer's counts. One without counts has crashed, whatever its status says; one without tests proves nothing.
 * @param {Layer} layer
 * @param {number} status
 * @param {string} file
 */
function record(layer, status, file) {
  if (!existsSync(file)) {
    problems.push(`${layer}: ended with status ${status} before its tests did`);
    return;
  }
  /** @type {Counts} */
  const counts = JSON.parse(readFileSync(file, 'utf8'));
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  // With --grep, a layer may well have none of the tests that are looked for.
  if (counts.passed + counts.failed === 0 && values.grep === undefined) problems.push(`${layer}: no test ran`);
  if (status !== 0 && counts.failed === 0) problems.push(`${layer}: ended with status ${status}`);
}

async function finish() {
  await daemon?.stop();
  for (const left of (await run?.end()) ?? []) problems.push(`left running: ${left}`);
  if (stopped) problems.push(`stopped by ${stopped}`);
  say('');
  for (const problem of problems) say(`! ${problem}`);
  // A crashed layer is a failure in the count too, for whoever reads only the last line.
  say(`${total.passed} passed, ${total.failed + problems.length} failed, ${total.skipped} skipped`);
  process.exit(problems.length > 0 || total.failed > 0 ? 1 : 0);
}
