// `npm run test:deep`: what is tested beside `npm test`, in parts of some minutes (rig/deepParts.mjs), several at a
// time.
//   npm run test:deep [-- WORD…] [-- --minutes N] [-- --since COMMIT] [-- --again]
//   WORD: a group, a version or the name of a part; those with all words are run, all of them without a word
//   --minutes: no part is begun that would take longer than what is left of them
//   --since: parts that guard what changed since then come first
//   --turn: which quarter of the parts comes first (.ci/turn)
//   --again: also those that were green on this very tree; without it, a run that was ended goes on where it stopped
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildTests, runsTogether } from './build.mjs';
import { deepParts, inTurn } from './rig/deepParts.mjs';
import { libvirtVersions, releaseOf } from './rig/libvirtVersions.mjs';
import { root } from './rig/root.mjs';
import { run, runOk } from './rig/run.mjs';
import { ownBundles, plan } from './rig/testParts.mjs';
import { TestSession } from './rig/testSession.mjs';

/** @typedef {import('./build.mjs').Layer} Layer */
/** @typedef {import('./build.mjs').Tier} Tier */
/** @typedef {import('./rig/deepParts.mjs').DeepPart} DeepPart */
/** @typedef {import('./rig/testParts.mjs').Part} Part */

const { values, positionals } = parseArgs({
  options: {
    minutes: { type: 'string' },
    since: { type: 'string' },
    turn: { type: 'string', default: '0' },
    again: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const chosen = deepParts.filter((part) =>
  positionals.every((word) => [part.group, part.version, part.name, ...part.name.split(' ')].includes(word)),
);
if (chosen.length === 0) {
  const groups = [...new Set(deepParts.map(({ group }) => group))];
  throw new Error(`Nothing is called ${positionals.join(' ')}. There are ${groups.join(', ')}.`);
}
const limit = values.minutes === undefined ? Infinity : Number(values.minutes);
if (Number.isNaN(limit)) throw new Error(`--minutes ${values.minutes} is no number`);

if (!/^\d+$/u.test(values.turn)) throw new Error(`--turn ${values.turn} is no turn`);

const started = performance.now();
/** How much longer a part lasts with others beside it. */
const crowded = 1.5;
const minutesLeft = () => limit - (performance.now() - started) / 60_000;

const doneFile = join(root, 'artifacts/deep.json');
const tree = await treeId();
/** @type {Set<string>} */
const done = new Set(values.again ? [] : readDone());

/** @type {Map<string, Promise<string[]>>} */
const built = new Map();

const session = new TestSession(undefined);
/** @type {string[]} */
const ran = [];
/** @type {string[]} */
const left = [];
await session.attempt('deep tests', async () => {
  const needs = chosen.flatMap(({ layer, version, needs = [] }) => [
    /** @type {const} */ ('libvirt'),
    ...needs,
    ...(layer === undefined ? [] : plan[layer].needs),
    ...(version === 'system' ? [] : [/** @type {const} */ ('releases')]),
  ]);
  const unmet = await session.begin(needs);
  const versions = await libvirtVersions();
  /** @type {Part[]} */
  const parts = [];
  for (const part of inTurn(chosen, await changedRooms(), Number(values.turn))) {
    if (done.has(part.name)) {
      ran.push(`${part.name} (before, on this tree)`);
      continue;
    }
    await session.attempt(part.name, async () => {
      const missing = part.needs?.flatMap((need) => unmet.get(need) ?? [])[0];
      if (missing !== undefined) return session.skip(part.name, missing);
      const version = versions.find(({ name }) => name === part.version);
      const release = version && (await releaseOf(version, unmet, session));
      if (release !== 'skipped') parts.push(await partOf(part, release));
    });
  }
  if (!session.stopped) await session.run(parts, 'asGiven');
});
session.say(`\ndeep parts run: ${ran.join(', ') || 'none'}`);
if (left.length > 0) session.say(`deep parts left out, for their time: ${left.join(', ')}`);
await session.finish();

/** @param {DeepPart} part @param {string | undefined} release @returns {Promise<Part>} */
async function partOf(part, release) {
  const { name, layer, tier = 'usual', files, grep, env, places } = part;
  const mayBegin = () => {
    const may = part.minutes * crowded <= minutesLeft();
    (may ? ran : left).push(name);
    return may;
  };
  const common = { name, mayBegin, passed: () => remember(name) };
  if (layer === undefined) return { ...common, program: part.program ?? historiesCommand(part), places };
  const bundles = await bundlesOf(layer, tier, files);
  return { ...common, layer, bundles, release, grep, env, places };
}

/**
 * Made once: several parts run from them at a time.
 * @param {Layer} layer
 * @param {Tier} tier
 * @param {readonly string[] | undefined} files
 */
async function bundlesOf(layer, tier, files) {
  const some = runsTogether(layer) ? files : undefined;
  const folder = ownBundles(['deep', layer, tier, ...(some ?? [])].join('-'));
  const known = built.get(folder) ?? buildTests(layer, folder, tier, some);
  built.set(folder, known);
  const all = await known;
  return files === undefined || some !== undefined
    ? all
    : all.filter((file) => files.includes(basename(file).split('.')[0] ?? ''));
}

/**
 * Short ones where the time is limited, with seeds of their own from run to run; otherwise two thousand operations, or
 * fifty days in each mode.
 * @param {DeepPart} part
 */
function historiesCommand({ version, group }) {
  const release = { system: undefined, trixie: 'trixie', newest: 'sid' }[version];
  const seed = parseInt(tree.slice(0, 6), 16) % 10_000;
  const isLong = limit === Infinity;
  const many = group === 'days' ? ['--days', isLong ? '50' : '2'] : ['--ops', isLong ? '2000' : '120'];
  return [
    'scripts/histories.mjs',
    ...['--seed', String(seed), ...many],
    ...['--resume', `artifacts/${group}-${version}-${tree}.json`],
    ...(release === undefined ? [] : ['--release', release]),
    // Where there are some, all of two thousand without one would prove nothing of them.
    ...(release !== undefined && isLong && group === 'histories' ? ['--seamless', '20'] : []),
  ];
}

/** Rooms of src/ that changed, and what did beside src/; undefined where it is not known since when. */
async function changedRooms() {
  const tag = await run('git', ['-C', root, 'describe', '--tags', '--abbrev=0']);
  const since = values.since ?? (tag.code === 0 ? tag.stdout.trim() : undefined);
  if (since === undefined) return undefined;
  const names = await runOk('git', ['-C', root, 'diff', '--name-only', since]);
  return new Set(names.split('\n').flatMap((name) => name.replace(/^src\//u, '').split('/')[0] ?? []));
}

/** What the tests would see of the checkout: the same for the same files. */
async function treeId() {
  const git = (/** @type {string[]} */ ...args) => runOk('git', ['-C', root, ...args]);
  const parts = [await git('rev-parse', 'HEAD^{tree}'), await git('diff', 'HEAD'), await git('status', '--porcelain')];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}

function readDone() {
  if (!existsSync(doneFile)) return [];
  /** @type {{ tree: string, done: string[] }} */
  const kept = JSON.parse(readFileSync(doneFile, 'utf8'));
  return kept.tree === tree ? kept.done : [];
}

/** @param {string} name */
function remember(name) {
  done.add(name);
  mkdirSync(join(root, 'artifacts'), { recursive: true });
  writeFileSync(doneFile, JSON.stringify({ tree, done: [...done] }));
}
