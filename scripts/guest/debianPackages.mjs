// Fetches packages of Debian and Ubuntu and unpacks them into a folder, without installing them and without root.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, run, runOk } from '../rig/run.mjs';

/** Whether this machine has the programs that this file stands on. */
export async function hasDebianPackages() {
  return (await findProgram('apt-get')) !== undefined && (await findProgram('dpkg-deb')) !== undefined;
}

/**
 * What a package depends on directly, by name.
 * @param {string} name
 * @returns {Promise<string[]>} empty when there is no such package
 */
export async function dependenciesOf(name) {
  const { stdout, code } = await run('apt-cache', ['depends', '--important', name]);
  return code === 0 ? [...stdout.matchAll(/^ {2}(?:Pre)?Depends: ([^<\s]+)/gm)].map((match) => match[1] ?? '') : [];
}

/**
 * Downloads packages in the newest version that the machine's package sources name, and unpacks each.
 * @param {readonly string[]} names
 * @param {string} folder an existing one
 * @returns {Promise<{ root: string, versions: Record<string, string> }>} `root`: where all of their files are
 * @throws {Error} with what apt said, which is also what an empty package list leads to
 */
export async function fetchPackages(names, folder) {
  const root = join(folder, 'root');
  await mkdir(root, { recursive: true });
  // As root apt would give up its rights for the download and then could not write here.
  const download = await run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names], { cwd: folder });
  if (download.code !== 0) {
    throw new Error(
      `${names.join(', ')} could not be downloaded; if the package lists are old, "apt-get update" helps:\n${download.stderr.trim()}`,
    );
  }
  /** @type {Record<string, string>} */
  const versions = {};
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.deb')).sort()) {
    const [name = file, version = ''] = file.split('_');
    if (names.includes(name)) {
      versions[name] = decodeURIComponent(version);
      await runOk('dpkg-deb', ['-x', join(folder, file), root]);
    }
  }
  return { root, versions };
}
