// A root file system of Debian with Node.js, npm and git, and nothing else: what a stranger has who cloned the
// repository. Made as root, kept in the user's cache.
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from '../guest/buildGuest.mjs';
import { debianMirror } from './debianRoot.mjs';
import { findProgram, runOk } from './run.mjs';

const suite = 'bookworm';
/** The clone came with git, over https; the account `user` has sudo. */
const packages = ['ca-certificates', 'git', 'sudo'];
export const account = 'user';

/** What this machine's apt needs to reach the mirror. */
const reaching = /^Acquire::(?:\S*Proxy\S*|Check-Valid-Until|Check-Date|https?::CaInfo)\s/u;

const prefix = 'bare-';

/** Whether a folder of the cache is one of these. @param {string} name */
export const isBareRootDir = (name) => name.startsWith(prefix);

/**
 * @param {(line: string) => void} say
 * @returns {Promise<string>} a folder that nobody may write to: copies are for use
 * @throws {Error} where it cannot be made
 */
export async function bareRoot(say) {
  const mirror = await debianMirror();
  const settings = (await runOk('apt-config', ['dump', 'Acquire'])).split('\n').filter((line) => reaching.test(line));
  const npm = dirname(dirname(await realpath((await findProgram('npm')) ?? 'npm')));
  const recipe = JSON.stringify([suite, packages, mirror, settings, process.version, npm, process.arch]);
  const dir = join(cacheDir(), `${prefix}${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
  if (existsSync(dir)) return dir;
  say(`unpacking a bare Debian ${suite} (80 MB of packages)`);
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const root = join(work, 'root');
    await runOk('mmdebstrap', [
      ...['--variant=minbase', '--mode=root', '--components=main', `--include=${packages.join(',')}`],
      '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
      ...settings.map((line) => `--aptopt=${line}`),
      `--customize-hook=chroot "$1" useradd --create-home --shell /bin/bash ${account}`,
      ...[suite, root, mirror],
    ]);
    await writeFile(join(root, 'etc/sudoers.d', account), `${account} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
    await addNode(join(root, 'usr/local'), npm);
    // Two that make it at once: the first to arrive here wins, and the other's is as good.
    await rename(root, dir).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return dir;
}

/** This machine's own. @param {string} local @param {string} npm */
async function addNode(local, npm) {
  await cp(process.execPath, join(local, 'bin/node'));
  await cp(npm, join(local, 'lib/node_modules/npm'), { recursive: true, verbatimSymlinks: true });
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
  }
}
