// What can be run of the tests: layers, or parts of one, and the programs that a part is made of. Runs none.
import { basename, dirname, join } from 'node:path';
import { buildDoor, buildExtension, buildTests } from '../build.mjs';
import { packageExtension } from '../package.mjs';
import { startPrivateDaemon } from './privateDaemon.mjs';
import { root } from './root.mjs';

/** @typedef {import('../build.mjs').Layer} Layer */
/** @typedef {import('./prerequisites.mjs').Need} Need */

/**
 * `places`: five for two cores, which keep those busy. A test with a guest waits for it most of its time; VS Code and
 * its browser are several processes that do so less.
 *
 * | layer    | needs            | private daemon           | its files run    | places |
 * |----------|------------------|--------------------------|------------------|--------|
 * | unit     | –                | –                        | in one process   | 1      |
 * | here     | libvirt          | –                        | in a few         | 1      |
 * | libvirtd | libvirt          | each file starts its own | each in its own  | 1      |
 * | host     | libvirt, browser | one for all of them      | in one VS Code   | 2      |
 * | ui       | libvirt, browser | one for each file        | each in its own  | 2      |
 * @type {Readonly<Record<Layer, { needs: readonly Need[], daemon: boolean, places: number }>>}
 */
export const plan = {
  unit: { needs: [], daemon: false, places: 1 },
  here: { needs: ['libvirt'], daemon: false, places: 1 },
  libvirtd: { needs: ['libvirt'], daemon: false, places: 1 },
  host: { needs: ['libvirt', 'browser'], daemon: true, places: 2 },
  ui: { needs: ['libvirt', 'browser'], daemon: true, places: 2 },
};

/** In out-test, for another run beside this one has its own. @param {string} name */
export const ownBundles = (name) => join(String(process.pid), name);

export const strict = process.env['CI'] !== undefined;

/**
 * A layer or a part of one; or a program that is one test by itself.
 * @typedef {object} Part
 * @property {Layer} [layer]
 * @property {readonly string[]} [program] arguments of Node
 * @property {string} [name] in the report; that of the layer unless given
 * @property {readonly string[]} [bundles] made before; those of the layer that everybody runs, made now, unless given
 * @property {string | undefined} [grep] only tests whose title matches
 * @property {readonly string[] | undefined} [only] of a layer that is made now: its files of these names
 * @property {string | undefined} [release] folder of debianRoot.mjs whose libvirt and QEMU take the place of the
 *   machine's
 * @property {NodeJS.ProcessEnv | undefined} [env] what the tests shall find beside the usual
 * @property {number | undefined} [places] of each of its programs; that of its layer unless given
 * @property {() => boolean} [mayBegin] asked when its first program may; where not, none of it is run
 * @property {() => void} [passed] told as soon as all of it has
 */

/**
 * @typedef {import('./testJobs.mjs').Job & { readonly part: number, readonly files: readonly string[], readonly length:
 *   string }} PartJob `part`: which one; `length`: by which lengths.mjs knows it
 */

/**
 * @param {Part} part
 * @returns {Promise<readonly (readonly string[])[]>} the bundles of each of its programs
 */
export async function filesOf({ layer, bundles, only }) {
  if (layer === undefined) return [[]];
  const files = bundles ?? (await buildTests(layer, ownBundles(layer), only === undefined ? 'usual' : 'whole', only));
  if (files.length === 0) throw new Error('there are no tests');
  return files.map((file) => [file]);
}

/**
 * @param {Part} part
 * @param {object} options
 * @param {number} options.index of the part
 * @param {readonly string[]} options.files
 * @param {string} options.dir
 * @param {string} options.ram see testRun.mjs
 * @param {string | undefined} options.grep
 * @param {NodeJS.ProcessEnv} options.env
 * @returns {PartJob}
 */
export function jobOf(
  { layer, program, name, release, env: more, mayBegin, places: wanted },
  { index, files, dir, ram, grep, env },
) {
  const { places, daemon } = layer === undefined ? { places: 1, daemon: false } : plan[layer];
  const own = files[0] === undefined ? (name ?? '') : nameOf(files[0]);
  return {
    name: own,
    length: `${layer ?? 'program'}/${own}`,
    args: program ?? (layer === 'host' ? hostCommand(files, grep) : mochaCommand(files, grep)),
    tells: program === undefined ? 'counts' : 'status',
    env: {
      ...env,
      ...(layer === 'here' && { TMPDIR: ram }),
      ...(release !== undefined && { VIRT_REWIND_TEST_RELEASE: release }),
      ...more,
    },
    dir,
    places: wanted ?? places,
    part: index,
    files,
    ...(mayBegin && { mayBegin }),
    ...(daemon && { surround: withDaemon }),
  };
}

/**
 * What runs in a VS Code is made before any of them begins: all of them read it from one folder.
 * @param {readonly (readonly string[])[]} programs files of each
 * @returns {Promise<NodeJS.ProcessEnv>} what names it
 */
export async function buildForVsCode(programs) {
  const isPacked = programs.flat().some((file) => nameOf(file) === 'packaged');
  const { file } = isPacked ? await packageExtension() : { file: undefined };
  // After the package, which is minified and without what only developers need.
  await buildExtension();
  return file === undefined ? {} : { VIRT_REWIND_TEST_VSIX: file };
}

/**
 * The command line, which many files run, is made once for all of them.
 * @param {readonly Part[]} parts
 * @param {string} dir
 * @returns {Promise<NodeJS.ProcessEnv>} what names it
 */
export async function buildForPrograms(parts, dir) {
  if (!parts.some(({ layer, only }) => layer === 'libvirtd' || (layer === 'here' && only === undefined))) return {};
  const doors = join(dir, 'doors');
  await buildDoor('commandLine', doors);
  return { VIRT_REWIND_TEST_DOORS: doors };
}

async function withDaemon() {
  const daemon = await startPrivateDaemon();
  return {
    env: {
      VIRT_REWIND_TEST_URI: daemon.uri,
      VIRT_REWIND_TEST_DRIVER_URI: daemon.testUri,
      VIRT_REWIND_TEST_DIR: daemon.dir,
    },
    end: daemon.stop,
  };
}

/** @param {string} bundle */
const nameOf = (bundle) => basename(bundle).replace(/(\.more|\.deep)?\.test\.[cm]js$/, '');

/** @param {readonly string[]} bundles @param {string | undefined} grep */
function hostCommand(bundles, grep) {
  const suite = join(dirname(bundles[0] ?? ''), 'index.cjs');
  return ['scripts/hostTests.mjs', '--suite', suite, ...(grep === undefined ? [] : ['--grep', grep])];
}

/** @param {readonly string[]} bundles @param {string | undefined} grep */
function mochaCommand(bundles, grep) {
  return [
    'node_modules/mocha/bin/mocha.js',
    '--no-config',
    '--require=./scripts/rig/strictRejections.cjs',
    // None: a test ends by silence (silence.cjs).
    '--timeout=0',
    '--reporter=scripts/rig/countingReporter.cjs',
    ...(strict ? ['--forbid-only', '--forbid-pending'] : []),
    ...(grep === undefined ? [] : [`--grep=${grep}`]),
    ...bundles,
  ];
}

/** @type {Map<string | undefined, Promise<string>>} */
const versions = new Map();

/**
 * What the daemon says that it is, as it is usually written: 11.3, not 11.3.0.
 * @param {string | undefined} release
 * @returns {Promise<string>}
 */
export function libvirtVersion(release) {
  const known = versions.get(release) ?? askVersion(release);
  versions.set(release, known);
  return known;
}

/** @param {string | undefined} release */
async function askVersion(release) {
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

/** What every program of the tests finds. @returns {NodeJS.ProcessEnv} */
export const usualEnv = () => ({
  ...process.env,
  VIRT_REWIND_ROOT: root,
  // Titles with a time, in files of what is expected.
  TZ: 'UTC',
  // Memory that was had once is kept, in large pages where there are some: whole disks are read again and again, and
  // where page faults are dear (shadow page tables: 20 µs each) giving it back took a tenth of the run.
  GLIBC_TUNABLES: [
    'glibc.malloc.hugetlb=1',
    'glibc.malloc.mmap_threshold=33554432',
    'glibc.malloc.trim_threshold=268435456',
  ].join(':'),
});
