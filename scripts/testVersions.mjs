// `npm run test:versions`: the tests with a daemon, on the libvirt and QEMU of several Debian releases.
//   npm run test:versions [-- VERSION…] [-- --grep TEXT] [-- --write-table]
//   VERSION: a name or a number from the table below; --write-table: writes README's table of what works where
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildTests } from './build.mjs';
import { debianRoot } from './rig/debianRoot.mjs';
import { findProgram, run } from './rig/run.mjs';
import { plan, TestSession } from './rig/testSession.mjs';
import { readSupportRows, writeSupportTable } from './supportTable.mjs';

/**
 * | name   | it is                                                    | may be missing |
 * |--------|----------------------------------------------------------|----------------|
 * | system | this machine's own                                       | no             |
 * | trixie | Debian 13's, a number that stays                         | no             |
 * | newest | whatever Debian's unstable has, which may not fit together | yes            |
 */
const versions = [
  { name: 'system', libvirt: await systemLibvirt() },
  { name: 'trixie', libvirt: '11.3', suite: 'trixie', moves: false },
  { name: 'newest', suite: 'sid', moves: true },
];

const { values, positionals } = parseArgs({
  options: { grep: { type: 'string' }, 'write-table': { type: 'boolean' } },
  allowPositionals: true,
});
const unknown = positionals.filter((word) => !versions.some((version) => isMeant(version, word)));
if (unknown.length > 0) {
  const known = versions.flatMap(({ name, libvirt }) => [name, ...(libvirt === undefined ? [] : [libvirt])]);
  throw new Error(`No such version: ${unknown.join(', ')}. There are ${known.join(', ')}.`);
}
const chosen = versions.filter(
  (version) => positionals.length === 0 || positionals.some((word) => isMeant(version, word)),
);

const session = new TestSession(values.grep);
await session.attempt('versions', async () => {
  const releases = chosen.some(({ suite }) => suite !== undefined);
  const unmet = await session.begin([...plan.libvirtd.needs, ...(releases ? [/** @type {const} */ ('releases')] : [])]);
  const bundles = await buildTests('libvirtd', 'versions');
  /** @type {string[]} */
  const told = [];
  for (const version of chosen) {
    if (session.stopped) break;
    await session.attempt(version.name, () => test(version, unmet, bundles, told));
  }
  if (values['write-table']) await writeTable(told);
});
await session.finish();

/** @param {{ name: string, libvirt?: string, suite?: string }} version @param {string} word */
function isMeant({ name, libvirt, suite }, word) {
  return [name, libvirt, suite].includes(word);
}

/** Only for the choice on the command line; the report says what the daemon says. */
async function systemLibvirt() {
  const libvirtd = await findProgram('libvirtd');
  return libvirtd && /(\d+\.\d+)/.exec((await run(libvirtd, ['--version'])).stdout)?.[1];
}

/**
 * @param {typeof versions[number]} version
 * @param {ReadonlyMap<import('./rig/prerequisites.mjs').Need, string>} unmet
 * @param {readonly string[]} bundles
 * @param {string[]} told gets the file of what the tests found to work
 */
async function test({ name, suite, moves }, unmet, bundles, told) {
  const missing = unmet.get('libvirt') ?? (suite === undefined ? undefined : unmet.get('releases'));
  if (missing !== undefined) {
    session.skip(`libvirt, ${name}`, missing);
    return;
  }
  /** @type {string | undefined} */
  let release;
  if (suite !== undefined) {
    try {
      release = await debianRoot({ suite, moves }, session.say);
    } catch (error) {
      if (!moves) throw error;
      session.skip(`libvirt, ${name}`, error instanceof Error ? error.message : String(error), 'allowed');
      return;
    }
  }
  const rows = join(session.dir, `support-${name}.jsonl`);
  told.push(rows);
  await session.runLayer('libvirtd', { bundles, release, env: { VIRT_REWIND_SUPPORT_ROWS: rows } });
}

/** @param {readonly string[]} told */
async function writeTable(told) {
  if (told.length < versions.length) throw new Error('the table is written from a run of all versions');
  await writeSupportTable(await readSupportRows(told));
}
