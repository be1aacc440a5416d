// `npm run bench`: every figure of the product beside what it is measured against, in one run on private daemons.
//   npm run bench [-- BENCH… --release trixie --record --write]   benches: those of the table below
// `--release`: with the libvirt and QEMU of that Debian release, in place of the machine's own. Writes
// bench-results.json and prints the same as a table. Says what it could not measure; ends with 1 if a goal is missed, a
// bench failed, or a figure is worse by a tenth than it was on such a machine (`--record` writes down what it is now).
// `--write`: puts the figures, with the date and the machine, into docs/benchmarks.md.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { mergeResults, readResults, unlistedBenches, writeBenchPage } from './benchPage.mjs';
import { findSlipped, readRecord, recordFigures } from './benchRecord.mjs';
import { buildExtension } from './build.mjs';
import { debianRoot } from './rig/debianRoot.mjs';
import { kvmUsable } from './rig/kvm.mjs';
import { installModules, meetNeeds } from './rig/prerequisites.mjs';
import { root } from './rig/root.mjs';
import { findProgram, run } from './rig/run.mjs';
import { shellText } from './shellText.mjs';

/** @typedef {import('../test/bench/measure.js').Figure} Figure */
/** @typedef {import('./rig/prerequisites.mjs').Need} Need */

/** @type {Readonly<Record<string, { need: Need | readonly Need[], run: (file: string) => Promise<void> }>>} */
const benches = {
  reads: { need: 'libvirt', run: inNode },
  listing: { need: 'libvirt', run: inNode },
  farHosts: { need: 'libvirt', run: inNode },
  scale: { need: 'libvirt', run: inNode },
  guest: { need: 'libvirt', run: inNode },
  plan: { need: 'libvirt', run: inNode },
  placement: { need: 'libvirt', run: inNode },
  question: { need: 'libvirt', run: inNode },
  check: { need: 'libvirt', run: inNode },
  checkpoint: { need: 'libvirt', run: inNode },
  pause: { need: 'libvirt', run: inNode },
  memory: { need: 'libvirt', run: inNode },
  filter: { need: 'libvirt', run: inNode },
  health: { need: 'libvirt', run: inNode },
  layers: { need: 'libvirt', run: inNode },
  idle: { need: 'libvirt', run: inNode },
  lost: { need: 'libvirt', run: inNode },
  commandLine: { need: 'libvirt', run: inNode },
  hook: { need: 'libvirt', run: inNode },
  forks: { need: 'libvirt', run: inNode },
  clones: { need: 'libvirt', run: inNode },
  bisect: { need: 'libvirt', run: inNode },
  undo: { need: 'libvirt', run: inNode },
  reset: { need: 'libvirt', run: inNode },
  resets: { need: 'libvirt', run: inNode },
  agent: { need: 'libvirt', run: inNode },
  systems: { need: 'libvirt', run: inNode },
  moments: { need: 'libvirt', run: inNode },
  backups: { need: 'libvirt', run: inNode },
  ram: { need: 'libvirt', run: inNode },
  changedFiles: { need: 'libvirt', run: inNode },
  filesInside: { need: 'libvirt', run: inNode },
  cloudImage: { need: ['libvirt', 'network'], run: inNode },
  picture: { need: 'browser', run: inNode },
  stories: { need: 'browser', run: inNode },
  activation: { need: 'browser', run: inVsCode },
};

/** Activations are seconds apart and each needs a VS Code of its own. */
const activations = 3;

const {
  values: { release: suite, record: isRecorded, write: isWritten },
  positionals: wanted,
} = parseArgs({
  options: { release: { type: 'string' }, record: { type: 'boolean' }, write: { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) throw new Error(`No such bench: ${unknown}. There are ${Object.keys(benches).join(', ')}.`);
const unlisted = unlistedBenches(Object.keys(benches));
if (unlisted.length > 0) throw new Error(`In no section of scripts/benchPage.mjs: ${unlisted}`);
const chosen = Object.keys(benches).filter((name) => wanted.length === 0 || wanted.includes(name));
const say = (/** @type {string} */ line) => console.log(line);

/** @type {Figure[]} */
const figures = [];
/** @type {Map<string, readonly Figure[]>} */
const byBench = new Map();
/** @type {Set<string>} */
const broken = new Set();
/** @type {string[]} */
const remarks = [];
/** @type {string[]} */
const failed = [];

await installModules(say);
const needs = [
  ...chosen.flatMap((name) => benches[name]?.need ?? []),
  ...(suite === undefined ? [] : [/** @type {const} */ ('releases')]),
];
const unmet = await meetNeeds([...new Set(needs)], say);
const noRelease = unmet.get('releases');
if (noRelease !== undefined) throw new Error(noRelease);
if (suite !== undefined) {
  // Each private daemon reads it. Debian's unstable has the only name behind which the versions change.
  process.env['VIRT_REWIND_TEST_RELEASE'] = await debianRoot({ suite, moves: suite === 'sid' }, say);
}
const whose = suite === undefined ? '' : `, libvirt and QEMU of Debian ${suite}`;
const [load = 0] = loadavg();
const machine = `${cpus()[0]?.model.trim()}, ${availableParallelism()} processors${whose}`;
say(`${machine}, load ${load.toFixed(1)}`);
for (const name of chosen) {
  const bench = benches[name];
  const before = figures.length;
  const reason = bench && [bench.need].flat().flatMap((need) => unmet.get(need) ?? [])[0];
  try {
    if (reason !== undefined) throw new Error(reason);
    await bench?.run(await buildBench(name));
  } catch (error) {
    broken.add(name);
    failed.push(`${name}: not measured: ${error instanceof Error ? error.message : String(error)}`);
  }
  byBench.set(name, figures.slice(before));
}
const ratios = new Map(figures.map((figure) => [wholeName(figure), ratio(figure)]));
// What a busy machine measures is no measure for another day.
const isIdle = load < availableParallelism();
if (!isIdle) remarks.push('The machine was busy when it began: nothing is held against earlier figures.');
const slipped = isIdle ? findSlipped(readRecord(), machine, ratios) : [];
printTable();
writeResults();
if (isRecorded && isIdle) await recordFigures(machine, ratios);
if (isWritten) {
  const run = { date: new Date().toISOString().slice(0, 10), machine: await wholeMachine(), load, isBusy: !isIdle };
  await writeBenchPage(mergeResults(readResults(), byBench, broken, run));
}
process.exitCode = failed.length + slipped.length > 0 || figures.some(misses) ? 1 : 0;

/** With what the figures depend on. */
async function wholeMachine() {
  const own = [await versionOf('libvirtd', 'libvirt'), await versionOf('qemu-system-x86_64', 'QEMU')].join(', ');
  return [
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GB of memory`,
    `guests by ${kvmUsable() ? 'KVM' : 'TCG (no KVM)'}`,
    suite === undefined ? own : `libvirt and QEMU of Debian ${suite}`,
    `Node.js ${process.versions.node}`,
  ].join('; ');
}

/** @param {string} program @param {string} name for people */
async function versionOf(program, name) {
  const { stdout } = await run((await findProgram(program)) ?? program, ['--version']);
  return `${name} ${/\d+\.\d+\.\d+/u.exec(stdout)?.[0] ?? 'of unknown version'}`;
}

/** @param {string} name @returns {Promise<string>} the bundle */
async function buildBench(name) {
  // Loaded here and not above, because it may only just have been installed.
  const { build, stop } = await import('esbuild');
  const host = name === 'activation';
  const outfile = join(root, 'out-test/bench', `${name}.${host ? 'cjs' : 'mjs'}`);
  await build({
    absWorkingDir: root,
    entryPoints: [`test/bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: host ? 'cjs' : 'esm',
    external: ['vscode', 'playwright-core', 'esbuild'],
    logLevel: 'warning',
    plugins: [shellText],
    // A CommonJS dependency inside an ES module bundle still calls require().
    ...(host
      ? {}
      : {
          banner: {
            js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
          },
        }),
  });
  await stop();
  return outfile;
}

/** A bench that needs no editor: a process of its own, which says its figures line by line. @param {string} file */
async function inNode(file) {
  const child = spawn(process.execPath, ['--expose-gc', '--enable-source-maps', file], {
    cwd: root,
    env: { ...process.env, VIRT_REWIND_ROOT: root },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const { figure, remark } = JSON.parse(line);
    if (figure) take(figure);
    if (remark) remarks.push(remark);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`it exited with code ${code}`);
}

/** The time of activation, as the extension host sees it. @param {string} file */
async function inVsCode(file) {
  await buildExtension({ minify: true });
  const { runTests } = await import('@vscode/test-electron');
  const own = mkdtempSync(join(tmpdir(), 'bench-'));
  const result = join(own, 'result');
  // As in the tests: no VS Code of the rig may meet the machine's own libvirt.
  const settings = JSON.stringify({ 'virtRewind.connections': ['test:///default'] });
  // Started by nothing but the bench, which must be there first to time it.
  const unhurried = join(own, 'extension');
  mkdirSync(unhurried);
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(unhurried, 'package.json'), JSON.stringify({ ...manifest, activationEvents: [] }));
  for (const part of ['dist', 'l10n', 'media', 'package.nls.json'])
    symlinkSync(join(root, part), join(unhurried, part));
  try {
    const times = [];
    for (let round = 0; round < activations; round++) {
      await runTests({
        vscodeExecutablePath: process.env['VSCODE_EXECUTABLE'] ?? join(root, 'scripts/rig/codeRig'),
        extensionDevelopmentPath: unhurried,
        extensionTestsPath: file,
        launchArgs: [own, '--disable-extensions', '--disable-workspace-trust', `--user-data-dir=${join(own, 'user')}`],
        extensionTestsEnv: { TEST_SETTINGS: settings, BENCH_RESULT: result, VIRT_REWIND_STATE: join(own, 'state') },
      });
      /** @type {{ load: number, activate: number, whole: number }} */
      const { load, activate, whole } = JSON.parse(readFileSync(result, 'utf8'));
      times.push({ ours: load + activate, load, activate, whole });
    }
    const middle = times.sort((a, b) => a.ours - b.ours)[Math.floor(times.length / 2)];
    if (middle === undefined || Number.isNaN(middle.ours)) throw new Error('the extension was not seen being loaded');
    take({ name: 'activation', ours: middle.ours, baseline: 50, unit: 'ms', goal: 1, against: 'the limit' });
    remarks.push(
      `Activation: ${format(middle.load)} ms to load the packed code and ${format(middle.activate)} ms in activate(), as VS Code ` +
        `itself counts it; with VS Code's own part of it, it was there after ${format(middle.whole)} ms.`,
    );
  } finally {
    rmSync(own, { recursive: true, force: true });
    // What was packed for this goes back to what people debug.
    await buildExtension();
  }
}

/** @param {Figure} figure */
function take(figure) {
  figures.push(figure);
  say(`  ${figure.name}: ${format(figure.ours)} against ${format(figure.baseline)} ${figure.unit}`);
}

/** @param {Figure} figure */
function ratio({ ours, baseline }) {
  return ours === 0 ? 0 : ours / baseline;
}

/** One time may be held against several. @param {Figure} figure */
function wholeName({ name, against }) {
  return `${name}, against ${against}`;
}

/** @param {Figure} figure */
function misses(figure) {
  return !(ratio(figure) <= figure.goal);
}

function printTable() {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.ours)} ${figure.unit}`,
    `${format(figure.baseline)} (${figure.against})`,
    ratio(figure).toFixed(3),
    figure.goal === 0 ? '0' : `≤ ${figure.goal}`,
    misses(figure) ? 'MISSED' : 'met',
  ]);
  say('');
  say('| figure | ours | baseline | ratio | goal | |');
  say('|---|---|---|---|---|---|');
  for (const row of rows) say(`| ${row.join(' | ')} |`);
  for (const line of [...remarks, ...slipped, ...failed]) say(`\n${line}`);
}

function writeResults() {
  const results = Object.fromEntries(
    figures.map((figure) => {
      const { name, ours, baseline, unit, goal, against } = figure;
      return [
        wholeName(figure),
        { name, ours, baseline, ratio: ratio(figure), unit, goal, against, met: !misses(figure) },
      ];
    }),
  );
  writeFileSync(join(root, 'bench-results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
}

/** @param {number} value */
function format(value) {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(3);
}
