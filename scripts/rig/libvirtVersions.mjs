// The libvirts that the tests run on: the machine's own, and those of other Debian releases.
import { debianRoot } from './debianRoot.mjs';
import { findProgram, run } from './run.mjs';

/**
 * | name   | it is                                                    | may be missing |
 * |--------|----------------------------------------------------------|----------------|
 * | system | this machine's own                                       | no             |
 * | trixie | Debian 13's, a number that stays                         | no             |
 * | newest | whatever Debian's unstable has, which may not fit together | yes            |
 * @typedef {object} LibvirtVersion
 * @property {'system' | 'trixie' | 'newest'} name
 * @property {string | undefined} libvirt as people write it, where it is known before
 * @property {import('./debianRoot.mjs').DebianRelease} [release]
 */

/** @returns {Promise<readonly LibvirtVersion[]>} */
export async function libvirtVersions() {
  return [
    { name: 'system', libvirt: await systemLibvirt() },
    { name: 'trixie', libvirt: '11.3', release: { suite: 'trixie', moves: false } },
    { name: 'newest', libvirt: undefined, release: { suite: 'sid', moves: true } },
  ];
}

/** @param {LibvirtVersion} version @param {string} word */
export function isMeant({ name, libvirt, release }, word) {
  return [name, libvirt, release?.suite].includes(word);
}

/**
 * The folder of a version's programs; none for the machine's own. Says why where it cannot be had.
 * @param {LibvirtVersion} version
 * @param {ReadonlyMap<import('./prerequisites.mjs').Need, string>} unmet
 * @param {import('./testSession.mjs').TestSession} session
 * @returns {Promise<string | undefined | 'skipped'>}
 */
export async function releaseOf({ name, release }, unmet, session) {
  const missing = unmet.get('libvirt') ?? (release === undefined ? undefined : unmet.get('releases'));
  if (missing !== undefined) {
    session.skip(`libvirt, ${name}`, missing);
    return 'skipped';
  }
  if (release === undefined) return undefined;
  try {
    return await debianRoot(release, session.say);
  } catch (error) {
    if (!release.moves) throw error;
    session.skip(`libvirt, ${name}`, error instanceof Error ? error.message : String(error), 'allowed');
    return 'skipped';
  }
}

/** Only for the choice on the command line; the report says what the daemon says. */
async function systemLibvirt() {
  const libvirtd = await findProgram('libvirtd');
  return libvirtd && /(\d+\.\d+)/.exec((await run(libvirtd, ['--version'])).stdout)?.[1];
}
