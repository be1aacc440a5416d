// The Debian package: the command line without Node.js, which it depends on, with its manual page and its completions.
// Needs dpkg-deb, and no root. The same sources and the same date make the same bytes.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packedPages, packedPlaces, packedSchemas } from './docs/packedPages.mjs';
import { loadSource } from './loadSource.mjs';
import { manPage } from './manPage.mjs';
import { dataFiles, programs } from './npmPackage.mjs';
import { findProgram, runOk } from './rig/run.mjs';
import { root } from './rig/root.mjs';

/** The library is for programs of Node.js, which have it from npm. */
const notInIt = ['library', 'api'];
const maintainer = 'The Virt Rewind authors <virt-rewind@users.noreply.github.com>';

/**
 * Where each shell looks for completions of packages. In zsh the file's name is that of its function, so that the first
 * Tab completes.
 */
const completionPlaces = {
  bash: 'usr/share/bash-completion/completions/virt-rewind',
  zsh: 'usr/share/zsh/vendor-completions/_virt_rewind',
  fish: 'usr/share/fish/vendor_completions.d/virt-rewind.fish',
};

/** Why no package can be made here, and what helps. @returns {Promise<string | undefined>} */
export async function whyNoDeb() {
  return (await findProgram('dpkg-deb')) === undefined
    ? 'dpkg-deb is not installed. Debian and Ubuntu have it; Fedora, Arch and Homebrew: install the package dpkg.'
    : undefined;
}

/**
 * @param {string} folder absolute
 * @param {Date} date of all files in it
 * @param {string} [built] by `buildPacked`
 * @returns {Promise<string>} absolute path of the package, in the folder
 */
export async function packDeb(folder, date, built = join(root, 'dist')) {
  const { name, version, license, homepage, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const staged = join(folder, 'deb');
  const put = (/** @type {string} */ place, /** @type {string | Buffer} */ content) => {
    mkdirSync(dirname(join(staged, place)), { recursive: true });
    writeFileSync(join(staged, place), content);
  };
  const read = (/** @type {string} */ path) => readFileSync(join(root, path), 'utf8');
  rmSync(staged, { recursive: true, force: true });

  const program = `usr/share/${name}`;
  for (const file of programs.filter((one) => !notInIt.includes(one))) {
    put(`${program}/dist/${file}.js`, readFileSync(join(built, `${file}.js`)));
  }
  for (const data of dataFiles) cpSync(join(built, data), join(staged, program, 'dist', data), { recursive: true });
  put(`${program}/package.json`, `${JSON.stringify({ name, version, license, type: 'commonjs' })}\n`);
  const door = `${program}/dist/commandLine.js`;
  // The Node.js that the package depends on, whatever another one is before it on the PATH.
  put(door, readFileSync(join(staged, door), 'utf8').replace(/^#!.*/u, '#!/usr/bin/node'));
  mkdirSync(join(staged, 'usr/bin'));
  symlinkSync(`../share/${name}/dist/commandLine.js`, join(staged, `usr/bin/${name}`));

  put(`usr/share/man/man1/${name}.1.gz`, gzipSync(await manPage(version), { level: 9 }));
  for (const [shell, script] of Object.entries(await completions())) put(placeOf(shell), script);

  const documents = `usr/share/doc/${name}`;
  const places = new Map([...packedPlaces].filter(([page]) => page !== 'docs/library.md'));
  for (const [place, text] of packedPages(read, places)) put(`${documents}/${place}`, text);
  for (const [schema, place] of packedSchemas) put(`${documents}/${place}`, read(schema));
  put(`${documents}/copyright`, `${read('LICENSE').trim()}\n\n${'='.repeat(80)}\n${read('NOTICES')}`);
  const entry = changelogEntry(name, debVersion(version), date);
  put(`${documents}/changelog.gz`, gzipSync(entry, { level: 9 }));

  const files = filesBelow(staged);
  const summed = files.filter((file) => lstatSync(join(staged, file)).isFile());
  put('DEBIAN/md5sums', summed.map((file) => `${md5(join(staged, file))}  ${file}\n`).join(''));
  const kibibytes = files.reduce((sum, file) => sum + Math.ceil(lstatSync(join(staged, file)).size / 1024), 0);
  const page = homepage ?? repository.url.replace(/\.git$/u, '');
  put('DEBIAN/control', controlFile({ name, version: debVersion(version), kibibytes, page }));
  settle(staged, date, [door]);

  const file = join(folder, `${name}_${debVersion(version)}_all.deb`);
  await runOk('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', staged, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds(date)), DPKG_DEB_THREADS_MAX: '1' },
  });
  rmSync(staged, { recursive: true });
  return file;
}

/** A version before another has a hyphen in npm and a tilde in Debian. @param {string} version */
export function debVersion(version) {
  return version.replaceAll('-', '~');
}

/**
 * Pure. Node.js 20.15 has `crc32` of node:zlib.
 * @param {{ name: string, version: string, kibibytes: number, page: string }} parts
 */
export function controlFile({ name, version, kibibytes, page }) {
  return [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: all',
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${kibibytes}`,
    'Depends: nodejs (>= 20.15)',
    'Recommends: qemu-utils',
    'Suggests: libvirt-daemon-system, libvirt-clients, openssh-client, restic',
    'Section: admin',
    'Priority: optional',
    `Homepage: ${page}`,
    'Description: snapshots of libvirt virtual machines from a shell',
    ' Takes, reverts, compares and deletes snapshots of libvirt/QEMU virtual',
    ' machines, with a plan before each operation, a journal, undo and recovery.',
    ' It also creates VMs from cloud images, clones and forks them, backs them up',
    ' by restic, and serves agents by the Model Context Protocol.',
    ' .',
    ' The extension of the same name for VS Code shows the same snapshots.',
    '',
  ].join('\n');
}

/**
 * As deb-changelog(5) wants it; what is new is in CHANGELOG.md.
 * @param {string} name @param {string} version @param {Date} date
 */
function changelogEntry(name, version, date) {
  const when = date.toUTCString().replace('GMT', '+0000');
  return `${name} (${version}) unstable; urgency=medium\n\n  * Release ${version}.\n\n -- ${maintainer}  ${when}\n`;
}

/** @param {string} shell */
function placeOf(shell) {
  return completionPlaces[/** @type {keyof typeof completionPlaces} */ (shell)];
}

/** @returns {Promise<Record<string, string>>} by shell */
async function completions() {
  const { completionScript } = /** @type {typeof import('../src/cli/completion.js')} */ (
    await loadSource("export { completionScript } from './src/cli/completion.js';")
  );
  return Object.fromEntries(Object.keys(completionPlaces).map((shell) => [shell, completionScript(shell)]));
}

/** Files and links, sorted. @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !lstatSync(join(folder, name)).isDirectory())
    .sort();
}

/**
 * Modes and times that do not depend on who makes it when.
 * @param {string} staged @param {Date} date @param {readonly string[]} run names of programs
 */
function settle(staged, date, run) {
  const names = readdirSync(staged, { recursive: true, encoding: 'utf8' });
  for (const name of ['.', ...names]) {
    const path = join(staged, name);
    const stats = lstatSync(path);
    if (!stats.isSymbolicLink()) chmodSync(path, stats.isDirectory() || run.includes(name) ? 0o755 : 0o644);
  }
  for (const name of [...names, '.']) lutimesSync(join(staged, name), date, date);
}

/** @param {Date} date */
function seconds(date) {
  return Math.floor(date.getTime() / 1000);
}

/** @param {string} file */
function md5(file) {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
