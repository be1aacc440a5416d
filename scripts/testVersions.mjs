// `npm run test:versions`: the tests with a daemon, on the libvirt and QEMU of several Debian releases.
//   npm run test:versions [-- VERSION…] [-- --grep TEXT] [-- --write-table]
//   VERSION: a name or a number from the table below; --write-table: writes docs/support-matrix.md
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildTests } from './build.mjs';
import { libvirtVersions, isMeant, releaseOf } from './rig/libvirtVersions.mjs';
import { plan } from './rig/testParts.mjs';
import { TestSession } from './rig/testSession.mjs';
import { isSupportTableOf, readSupportRows, writeSupportTable } from './supportTable.mjs';

const versions = await libvirtVersions();
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
  const releases = chosen.some(({ release }) => release !== undefined);
  const unmet = await session.begin([...plan.libvirtd.needs, ...(releases ? [/** @type {const} */ ('releases')] : [])]);
  const deep = await buildTests('libvirtd', 'versions-deep', 'deep');
  // The table of what works is written from it.
  const bundles = [
    ...(await buildTests('libvirtd', 'versions', 'whole')),
    ...deep.filter((file) => basename(file).startsWith('matrix.')),
  ];
  /** @type {string[]} */
  const told = [];
  for (const version of chosen) {
    if (session.stopped) break;
    await session.attempt(version.name, () => test(version, unmet, bundles, told));
  }
  if (values['write-table']) await writeTable(told);
  else if (
    told.length === versions.length &&
    values.grep === undefined &&
    !(await isSupportTableOf(readSupportRows(told)))
  ) {
    session.problem('docs/support-matrix.md is not what this run saw: npm run test:versions -- --write-table');
  }
});
await session.finish();

/**
 * @param {import('./rig/libvirtVersions.mjs').LibvirtVersion} version
 * @param {ReadonlyMap<import('./rig/prerequisites.mjs').Need, string>} unmet
 * @param {readonly string[]} bundles
 * @param {string[]} told gets the file of what the tests found to work
 */
async function test(version, unmet, bundles, told) {
  const release = await releaseOf(version, unmet, session);
  if (release === 'skipped') return;
  const rows = join(session.dir, `support-${version.name}.jsonl`);
  told.push(rows);
  await session.run([
    { layer: 'libvirtd', bundles, release, env: { VIRT_REWIND_SUPPORT_ROWS: rows, TEST_ROWS: 'all' } },
  ]);
}

/** @param {readonly string[]} told */
async function writeTable(told) {
  if (told.length < versions.length) throw new Error('the table is written from a run of all versions');
  await writeSupportTable(readSupportRows(told));
}
