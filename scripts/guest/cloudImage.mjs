// Cloud images for tests, each a disk that a BIOS starts: a real Debian with cloud-init, made by debootstrap, which
// needs root; and the demo guest with what stands in for cloud-init.
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianMirror } from '../rig/debianRoot.mjs';
import { findProgram, runOk } from '../rig/run.mjs';
import { buildGuest, cacheDir } from './buildGuest.mjs';
import { writeCpio } from './cpio.mjs';
import { fetchPackages } from './debianPackages.mjs';

const suite = 'bookworm';
const packages = [
  ...['systemd-sysv', 'udev', 'dbus', 'linux-image-cloud-amd64', 'initramfs-tools', 'zstd'],
  // As in the images of Debian and Ubuntu: a card is known by its MAC address alone.
  ...['cloud-init', 'cloud-guest-utils', 'netplan.io', 'iproute2'],
  ...['openssh-server', 'sudo', 'qemu-guest-agent'],
  // debootstrap finds no package by what it provides: without this one it leaves cloud-init unconfigured.
  'python3-cffi-backend',
];
/** Which debootstrap leaves disabled. */
const services = ['cloud-init-local', 'cloud-init', 'cloud-config', 'cloud-final'].map((name) => `${name}.service`);
/** Images of distributions have what makes another locale; without it a part of cloud-init would fail. */
const cloudConfig = '#cloud-config\nlocale: false\n';
const mebibyte = 1024 * 1024;
const sector = 512;
const firstSector = 2048;
const rootSectors = 2_400 * 1024;

/**
 * From the cache if it was made before (some minutes and 500 MB).
 * @returns {Promise<string>} a qcow2 image that nothing may write to
 */
export async function debianCloudImage() {
  const recipe = createHash('sha256').update(JSON.stringify([suite, packages, services, rootSectors, cloudConfig]));
  const image = join(cacheDir(), `debian-cloud-${recipe.digest('hex').slice(0, 12)}.qcow2`);
  if ((await stat(image).catch(() => undefined)) !== undefined) return image;
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const root = join(work, 'debian');
    const include = `--include=${packages.join(',')}`;
    await runOk('debootstrap', ['--variant=minbase', include, suite, root, await debianMirror()]);
    await settle(root);
    const boot = join(root, 'boot');
    const names = await readdir(boot);
    const [kernel, initrd] = ['vmlinuz-', 'initrd.img-'].map((start) =>
      join(boot, names.find((name) => name.startsWith(start)) ?? start),
    );
    const files = join(work, 'files');
    const mke2fs = (await findProgram('mke2fs')) ?? 'mke2fs';
    await runOk(mke2fs, ['-q', '-t', 'ext4', '-d', root, files, `${rootSectors / 2}k`]);
    const made = join(work, 'made');
    const words = 'root=/dev/vda2 rw console=ttyS0 no_timer_check quiet';
    await makeStartableDisk(made, { kernel: kernel ?? '', initrd: initrd ?? '', words, files });
    await rename(made, image);
    return image;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Not those of this machine, and nothing that each guest has to have of its own. @param {string} root */
async function settle(root) {
  await writeFile(join(root, 'etc/hostname'), 'image\n');
  await writeFile(join(root, 'etc/resolv.conf'), '');
  await writeFile(join(root, 'etc/machine-id'), '');
  await writeFile(join(root, 'etc/fstab'), '/dev/vda2 / ext4 rw 0 1\n');
  // What is to be installed is there: no guest of a test asks a mirror.
  await writeFile(join(root, 'etc/apt/sources.list'), '');
  await writeFile(join(root, 'etc/cloud/cloud.cfg.d/90_test.cfg'), cloudConfig);
  const ssh = join(root, 'etc/ssh');
  for (const name of (await readdir(ssh)).filter((one) => one.startsWith('ssh_host_'))) await rm(join(ssh, name));
  await rm(join(root, 'var/cache/apt'), { recursive: true, force: true });
  await runOk('systemctl', ['--root', root, 'enable', ...services]);
}

/** In the demo guest: its instance is that of the machine, as if the seed had been read. */
const cloudInit = `#!/bin/sh
read -r words </proc/cmdline
case $words in
  *cloud=failed*) code=1 ;;
  *cloud=partly*) code=2 ;;
  *) code=0 ;;
esac
mkdir -p /var/lib/cloud/data
case $words in
  *cloud=other*) echo iid-datasource-none ;;
  *) cat /sys/class/dmi/id/product_uuid ;;
esac >/var/lib/cloud/data/instance-id
exit $code
`;

/**
 * The demo guest as a cloud image, whose cloud-init is done, partly done, or has failed, or never saw the seed.
 * @param {string} file a qcow2 image that is made
 * @param {string} words `cloud=done`, `cloud=partly`, `cloud=failed`, `cloud=other`
 * @param {readonly import('./cpio.mjs').CpioEntry[]} [files] more of them
 */
export async function makeTinyCloudImage(file, words, files = []) {
  const { kernel, initrd } = await buildGuest();
  const own = `${file}.initrd`;
  const more = writeCpio([{ path: 'bin/cloud-init', kind: 'file', mode: 0o755, content: cloudInit }, ...files]);
  await writeFile(own, Buffer.concat([await readFile(initrd), more]));
  const usual = 'console=ttyS0 quiet nokaslr no_timer_check cryptomgr.notests vr.tick=0';
  await makeStartableDisk(file, { kernel, initrd: own, words: `${usual} ${words}` });
  await rm(own);
  return file;
}

/**
 * A disk that a BIOS starts, by syslinux, and the shell of UEFI: a kernel in a FAT, and beside it a file system.
 * @param {string} file a qcow2 image that is made
 * @param {{ kernel: string, initrd: string, words: string, files?: string }} parts `words`: for the kernel; `files`: an
 *   image of the second partition
 */
export async function makeStartableDisk(file, { kernel, initrd, words, files }) {
  const tools = await syslinux();
  const [start, config, shell, raw] = [`${file}.start`, `${file}.cfg`, `${file}.nsh`, `${file}.raw`];
  const bytes = (await stat(kernel)).size + (await stat(initrd)).size;
  const startSectors = Math.ceil(bytes / mebibyte + 40) * (mebibyte / sector);
  await writeFile(start, '');
  await truncate(start, startSectors * sector);
  const geometry = ['-h', '255', '-s', '63', '-T', String(startSectors), '-H', String(firstSector)];
  await runOk('mformat', ['-i', start, ...geometry, '::']);
  await writeFile(config, `DEFAULT linux\nLABEL linux\nKERNEL vmlinuz\nINITRD initrd.img\nAPPEND ${words}\n`);
  await writeFile(shell, `fs0:\\vmlinuz initrd=initrd.img ${words}\n`);
  for (const [from, to] of [
    [kernel, 'vmlinuz'],
    [initrd, 'initrd.img'],
    [config, 'syslinux.cfg'],
    [shell, 'startup.nsh'],
  ]) {
    await runOk('mcopy', ['-i', start, from ?? '', `::${to}`]);
  }
  await runOk(tools.program, ['--install', start]);
  await writeFile(raw, firstTrack(await readFile(tools.mbr), startSectors, files !== undefined));
  await putAt(raw, start, 1);
  if (files !== undefined) await putAt(raw, files, 1 + (startSectors * sector) / mebibyte);
  await runOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, file]);
  for (const one of [start, config, shell, raw]) await rm(one);
}

/** From the cache if it was fetched before (2 MB). */
async function syslinux() {
  const folder = join(cacheDir(), 'syslinux');
  if ((await stat(folder).catch(() => undefined)) === undefined) {
    await mkdir(cacheDir(), { recursive: true });
    const work = await mkdtemp(join(cacheDir(), 'building-'));
    const { root } = await fetchPackages(['syslinux', 'syslinux-common'], work);
    // Two at once: the first to arrive here wins, and the other's is as good.
    await rename(root, folder).catch(() => undefined);
    await rm(work, { recursive: true, force: true });
  }
  return { program: join(folder, 'usr/bin/syslinux'), mbr: join(folder, 'usr/lib/syslinux/mbr/mbr.bin') };
}

/**
 * With a table of one or two partitions, the first one active. UEFI ignores a table with a partition behind the end.
 * @param {Buffer} program
 * @param {number} startSectors
 * @param {boolean} hasFiles
 */
function firstTrack(program, startSectors, hasFiles) {
  const bytes = Buffer.alloc(firstSector * sector);
  program.copy(bytes);
  for (const [at, active, type, first, length] of /** @type {const} */ ([
    [446, 0x80, 0x0c, firstSector, startSectors],
    ...(hasFiles ? [/** @type {const} */ ([462, 0, 0x83, firstSector + startSectors, rootSectors])] : []),
  ])) {
    bytes[at] = active;
    bytes[at + 4] = type;
    bytes.writeUInt32LE(first, at + 8);
    bytes.writeUInt32LE(length, at + 12);
  }
  bytes.writeUInt16BE(0x55aa, 510);
  return bytes;
}

/** @param {string} disk @param {string} part @param {number} at in MiB */
async function putAt(disk, part, at) {
  const places = [`if=${part}`, `of=${disk}`, `bs=${mebibyte}`, `seek=${at}`];
  await runOk('dd', [...places, 'conv=notrunc,sparse', 'status=none']);
}
