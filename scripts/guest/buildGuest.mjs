// Builds the small Linux guest that the demo VMs and the tests run: a kernel, an initramfs and a disk, out of the
// distribution's own packages, without root.
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { root as project } from '../rig/root.mjs';
import { findProgram, run, runOk } from '../rig/run.mjs';
import { writeCpio } from './cpio.mjs';
import { dependenciesOf, fetchPackages, hasDebianPackages } from './debianPackages.mjs';
import { kernelModules } from './kernelModules.mjs';

/**
 * @typedef {object} Guest
 * @property {string} dir the folder that holds these files
 * @property {string} kernel
 * @property {string} initrd
 * @property {string} base a qcow2 image of 64 MiB that nothing may write to: copies or overlays are for use
 * @property {Record<string, string>} packages name → version of what it was made from
 */

/** Where everything that can be made again is kept. */
export function cacheDir() {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'virt-rewind');
}

const files = (/** @type {string} */ dir) => ({
  dir,
  kernel: join(dir, 'vmlinuz'),
  initrd: join(dir, 'initrd.img'),
  base: join(dir, 'base.qcow2'),
});

/** Debian's small kernel for clouds first, then Ubuntu's, then whatever else names a kernel package. */
const kernelPackages = ['linux-image-cloud-amd64', 'linux-image-virtual', 'linux-image-amd64', 'linux-image-generic'];

const sources = [
  'scripts/guest/buildGuest.mjs',
  'scripts/guest/cpio.mjs',
  'scripts/guest/kernelModules.mjs',
  'scripts/guest/rootfs',
];

/** A name that changes with the distribution's release and with anything here that the guest is made by. */
async function guestKey() {
  const hash = createHash('sha256');
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  hash.update(/^ID=.*$/m.exec(release)?.[0] ?? '').update(/^VERSION_ID=.*$/m.exec(release)?.[0] ?? '');
  hash.update(process.arch);
  for (const source of sources) {
    const path = join(project, source);
    const names = await readdir(path).catch(() => undefined);
    for (const file of names === undefined ? [path] : names.sort().map((name) => join(path, name))) {
      hash.update(basename(file)).update(await readFile(file));
    }
  }
  return hash.digest('hex').slice(0, 12);
}

/**
 * The guest, from the cache if it was built before. `refresh` builds it again, from the packages as they are now.
 * @param {{ onStep?: (what: string) => void, refresh?: boolean }} [options]
 * @returns {Promise<Guest>}
 * @throws {Error} where there are no Debian packages, or one of them could not be fetched
 */
export async function buildGuest({ onStep = () => undefined, refresh = false } = {}) {
  const guest = files(join(cacheDir(), `guest-${await guestKey()}`));
  const manifest = join(guest.dir, 'packages.json');
  const packages = await readFile(manifest, 'utf8').catch(() => undefined);
  if (packages !== undefined && !refresh) {
    return { ...guest, packages: JSON.parse(packages) };
  }
  if (!(await hasDebianPackages()) || process.arch !== 'x64') {
    throw new Error('the demo guest is made from the packages of Debian or Ubuntu on a 64-bit PC');
  }
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    onStep('downloading a kernel, busybox and the guest agent (28 MB of packages)');
    const kernel = await kernelOf();
    const names = [...kernel, 'busybox-static', 'qemu-guest-agent'];
    const { root, versions } = await fetchPackages(names, work);
    onStep('making the initramfs and the disk');
    const made = files(join(work, 'made'));
    await mkdir(made.dir);
    const image = (await readdir(join(root, 'boot'))).find((name) => name.startsWith('vmlinuz-'));
    if (image === undefined) {
      throw new Error(`${kernel.join(', ')} hold no kernel`);
    }
    await copyFile(join(root, 'boot', image), made.kernel);
    await chmod(made.kernel, 0o644);
    // As it is: without KVM, unpacking it would be a tenth of each boot.
    await writeFile(made.initrd, writeCpio(await rootFiles(root, work)));
    await makeBase(work, made.base);
    await writeFile(join(made.dir, 'packages.json'), JSON.stringify(versions, undefined, 2));
    await rm(guest.dir, { recursive: true, force: true });
    // Two builds at once: the first to arrive here wins, and the other's is as good.
    await rename(made.dir, guest.dir).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
    return { ...guest, packages: versions };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The names of the packages that hold the kernel and, with Ubuntu, its modules. */
async function kernelOf() {
  for (const name of kernelPackages) {
    const image = (await dependenciesOf(name)).find((dependency) => dependency.startsWith('linux-image-'));
    if (image !== undefined) {
      const beside = (await dependenciesOf(image)).filter((dependency) => dependency.startsWith('linux-modules-'));
      return [image, ...beside];
    }
  }
  throw new Error(`the package sources know none of ${kernelPackages.join(', ')}; "apt-get update" may help`);
}

/**
 * Everything in the guest's root file system.
 * @param {string} packages where the packages were unpacked
 * @param {string} work a folder for more of them
 * @returns {Promise<import('./cpio.mjs').CpioEntry[]>}
 */
async function rootFiles(packages, work) {
  const busybox = await need(packages, 'busybox');
  const applets = await runOk(busybox, ['--list']);
  /** @type {Map<string, import('./cpio.mjs').CpioEntry>} */
  const entries = new Map();
  const add = (/** @type {import('./cpio.mjs').CpioEntry} */ entry) => {
    const parent = dirname(entry.path);
    if (parent !== '.' && !entries.has(parent)) add({ path: parent, kind: 'folder' });
    entries.set(entry.path, entry);
  };
  for (const path of [
    'bin',
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'data',
    'data2',
    'var/run',
    'var/log',
    'etc/acpi/PWRF',
  ]) {
    add({ path, kind: 'folder' });
  }
  for (const name of ['sbin', 'usr/bin', 'usr/sbin']) {
    add({ path: name, kind: 'link', content: '/bin' });
  }
  add({ path: 'bin/busybox', kind: 'file', mode: 0o755, content: await readFile(busybox) });
  for (const applet of applets.split('\n').filter((name) => name !== '' && name !== 'busybox')) {
    add({ path: `bin/${applet}`, kind: 'link', content: 'busybox' });
  }
  const agent = await need(packages, 'qemu-ga');
  add({ path: 'bin/qemu-ga', kind: 'file', mode: 0o755, content: await readFile(agent) });
  for (const [path, file] of await librariesOf(agent, work)) {
    add({ path: path.slice(1), kind: 'file', mode: 0o755, content: await readFile(file) });
  }
  for (const name of ['counter', 'console', 'shutdown']) {
    const content = await readFile(join(project, 'scripts/guest/rootfs', name));
    add({ path: `bin/${name}`, kind: 'file', mode: 0o755, content });
  }
  add({ path: 'init', kind: 'file', mode: 0o755, content: await readFile(join(project, 'scripts/guest/rootfs/init')) });
  const release =
    'ID=virt-rewind-demo\nNAME="Virt Rewind demo guest"\nPRETTY_NAME="Virt Rewind demo guest"\nVERSION_ID=1\n';
  add({ path: 'etc/os-release', kind: 'file', content: release });
  // busybox acpid runs this when the power button is pressed, which is what a shutdown without an agent does.
  add({ path: 'etc/acpi/PWRF/00000080', kind: 'file', mode: 0o755, content: '#!/bin/sh\nexec shutdown\n' });
  const modules = await kernelModules({ packages, busybox, work });
  for (const { name, content } of modules) {
    add({ path: `lib/modules/${name}.ko`, kind: 'file', content });
  }
  const order = modules.map(({ name }) => `${name}\n`).join('');
  add({ path: 'lib/modules/order', kind: 'file', content: order });
  return [...entries.values()];
}

/**
 * A program in the unpacked packages, in whichever folder this release has it.
 * @param {string} packages
 * @param {string} name
 */
async function need(packages, name) {
  const all = await readdir(packages, { recursive: true, withFileTypes: true });
  const found = all.find((entry) => entry.isFile() && entry.name === name && entry.parentPath.endsWith('bin'));
  if (found === undefined) {
    throw new Error(`the packages hold no ${name}`);
  }
  return join(found.parentPath, found.name);
}

/**
 * The libraries of a program: the path where the program looks for each → the file to copy. Those that this machine
 * lacks come from the agent's own dependencies.
 * @param {string} program
 * @param {string} work
 * @returns {Promise<Map<string, string>>}
 */
async function librariesOf(program, work) {
  const list = async (/** @type {string[]} */ paths) => {
    const env = { ...process.env, LD_LIBRARY_PATH: paths.join(':') };
    return (await run('ldd', [program], { env })).stdout;
  };
  let said = await list([]);
  const folders = [];
  if (said.includes('not found')) {
    const more = join(work, 'libraries');
    await mkdir(more, { recursive: true });
    const { root } = await fetchPackages(await dependenciesOf('qemu-guest-agent'), more);
    folders.push(join(root, 'lib/x86_64-linux-gnu'), join(root, 'usr/lib/x86_64-linux-gnu'));
    said = await list(folders);
  }
  const found = new Map();
  for (const [, name, file] of said.matchAll(/^\s*(\S+) => (\/\S+)/gm)) {
    if (name !== undefined && file !== undefined) found.set(`/lib/x86_64-linux-gnu/${basename(name)}`, file);
  }
  const loader = /(\/lib64\/ld-linux-x86-64\.so\.2)/.exec(said)?.[1];
  if (loader === undefined || said.includes('not found')) {
    throw new Error(`the guest agent's libraries could not be found:\n${said}`);
  }
  return found.set(loader, loader);
}

/** @param {string} work @param {string} target */
async function makeBase(work, target) {
  const content = join(work, 'disk');
  const raw = join(work, 'base.raw');
  await mkdir(content);
  await writeFile(join(content, 'counter'), '0          \n');
  await writeFile(join(content, 'boots'), '0          \n');
  await writeFile(join(content, 'README'), 'The disk of a Virt Rewind demo VM.\n');
  const mke2fs = (await findProgram('mke2fs')) ?? 'mke2fs';
  await runOk(mke2fs, ['-q', '-t', 'ext4', '-L', 'demo', '-d', content, raw, '64M']);
  await runOk('qemu-img', ['convert', '-c', '-O', 'qcow2', raw, target]);
}
