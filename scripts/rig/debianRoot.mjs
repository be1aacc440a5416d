// Puts the libvirt and the QEMU of another Debian release into the user's cache, unpacked and not installed, without
// root. Knows nothing of daemons; enterRoot.sh runs programs from it.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../guest/buildGuest.mjs';
import { run } from './run.mjs';

/**
 * @typedef {object} DebianRelease
 * @property {string} suite
 * @property {boolean} moves whether its versions change from week to week
 */

/** Nothing is configured, so what runs must need no more than its files: no shell's packages are taken for granted. */
const packages = [
  ...['libvirt-daemon', 'libvirt-daemon-driver-qemu', 'libvirt-daemon-driver-secret', 'libvirt-daemon-driver-storage'],
  ...['qemu-system-x86', 'qemu-utils', 'ovmf'],
  ...['bash', 'coreutils', 'dash', 'grep', 'iproute2', 'mount', 'util-linux'],
];
const leftOut = ['/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/man/*'];

const releasePrefix = 'debian-';

/** Whether a folder of the cache is one of these. @param {string} name */
export const isReleaseDir = (name) => name.startsWith(releasePrefix);

/** After this, what moves is fetched again. */
const weekMs = 7 * 24 * 60 * 60 * 1000;

/**
 * The folder with a release's /usr, from the cache if it was made before (about 30 s and 250 MB).
 * @param {DebianRelease} release
 * @param {(line: string) => void} say
 * @returns {Promise<string>}
 * @throws {Error} where the release cannot be had: no mmdebstrap, no such suite, packages that do not fit together
 */
export async function debianRoot({ suite, moves }, say) {
  const recipe = JSON.stringify([suite, packages, leftOut, process.arch]);
  const dir = join(
    cacheDir(),
    `${releasePrefix}${suite}-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`,
  );
  const isFresh = (/** @type {number | undefined} */ time) =>
    time !== undefined && (!moves || Date.now() - time < weekMs);
  const made = await whenMade(dir);
  if (isFresh(made)) return dir;
  try {
    say(`fetching libvirt and QEMU of Debian ${suite} (110 MB of packages)`);
    await make(suite, async (root, work) => {
      // Who was quicker may run daemons on his by now.
      if (isFresh(await whenMade(dir))) return;
      await rename(dir, join(work, 'before')).catch(unless('ENOENT'));
      await rename(root, dir).catch(unless('ENOTEMPTY', 'EEXIST'));
    });
  } catch (error) {
    if (made === undefined) throw error;
    say(`${messageOf(error)}; going on with Debian ${suite} as it was on ${new Date(made).toDateString()}`);
  }
  return dir;
}

/** @param {string} dir @returns {Promise<number | undefined>} */
function whenMade(dir) {
  return stat(join(dir, 'made')).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

/**
 * @param {string} suite
 * @param {(root: string, work: string) => Promise<void>} keep moves it out of the folder of work, which is removed
 */
async function make(suite, keep) {
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const root = join(work, 'root');
    const { code, stdout, stderr } = await run('mmdebstrap', [
      // Unpacks only: no script of a package runs, so neither root nor a chroot is needed.
      '--variant=extract',
      '--mode=chrootless',
      '--components=main',
      '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
      `--include=${packages.join(',')}`,
      ...leftOut.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
      // A mirror that lags behind serves as well.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      suite,
      root,
      await debianMirror(),
    ]);
    if (code !== 0) {
      // What apt says first; what follows are only the commands that it made fail.
      const why = /^E: (.*)/m.exec(`${stdout}\n${stderr}`)?.[1] ?? `mmdebstrap ended with ${String(code)}`;
      throw new Error(`Debian ${suite} could not be unpacked: ${why}`);
    }
    for (const program of ['sbin/libvirtd', 'bin/qemu-system-x86_64', 'bin/qemu-img']) {
      await stat(join(root, 'usr', program));
    }
    await writeFile(join(root, 'made'), '');
    await keep(root, work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function messageOf(/** @type {unknown} */ error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {...string} codes of errors that are expected @returns {(error: NodeJS.ErrnoException) => void} */
function unless(...codes) {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
  };
}

/** Where this machine's own packages come from, if they are Debian's. */
export async function debianMirror() {
  const wanted = ['Origin: Debian', 'Label: Debian', 'Created-By: Packages'];
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...wanted]);
  return stdout.split('\n')[0] || 'http://deb.debian.org/debian';
}
