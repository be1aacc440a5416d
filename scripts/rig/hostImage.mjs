// Disk images of whole Debian hosts: systemd, AppArmor, polkit, libvirt, sshd. Made as root from the mirror of apt,
// kept in the user's cache. Starts none; realHost.mjs does.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDir } from '../guest/buildGuest.mjs';
import { debianMirror } from './debianRoot.mjs';
import { root as project } from './root.mjs';
import { findProgram, run, runOk } from './run.mjs';

/**
 * @typedef {object} HostImage
 * @property {string} disk nothing may write to it: overlays are for use
 * @property {string} kernel
 * @property {string} initrd
 * @property {string} key of root and of the account, for ssh
 */

export const hostSuites = /** @type {const} */ (['bookworm', 'trixie']);
/** @typedef {(typeof hostSuites)[number]} HostSuite */

/** One of group libvirt, with a sudo that wants no password. */
export const hostAccount = 'alice';

/** Of the two hosts that a cable joins, if it does. The table knows these addresses. */
export const cableEnds = {
  first: { mac: '52:54:00:77:00:01', address: '10.77.0.1', name: 'real-host' },
  second: { mac: '52:54:00:77:00:02', address: '10.77.0.2', name: 'next-host' },
};
/** @typedef {keyof typeof cableEnds} CableEnd */

const packages = [
  ...['systemd-sysv', 'libpam-systemd', 'dbus', 'dbus-user-session', 'udev', 'kmod', 'procps', 'iproute2', 'sudo'],
  ...['linux-image-cloud-amd64', 'initramfs-tools', 'openssh-server', 'polkitd', 'apparmor', 'apparmor-utils'],
  ...['libvirt-daemon-system', 'libvirt-clients', 'qemu-system-x86', 'qemu-utils', 'swtpm', 'swtpm-tools', 'ovmf'],
  ...['dnsmasq-base', 'nftables', 'iptables', 'restic', 'netcat-openbsd', 'nasm', 'e2fsprogs'],
  ...['nfs-kernel-server', 'nfs-common'],
];
/** trixie's libvirt only recommends this package. */
const packagesOf = { bookworm: [], trixie: ['libvirt-daemon-driver-qemu'] };
const leftOut = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];
/** Most of it is a hole. */
const diskGiB = 10;

const initrdHook = 'scripts/rig/hostInitrd.sh';
const sources = ['scripts/rig/hostImage.mjs', initrdHook];

/** @param {string} dir @returns {HostImage} */
const filesIn = (dir) => ({
  disk: join(dir, 'disk.raw'),
  kernel: join(dir, 'vmlinuz'),
  initrd: join(dir, 'initrd.img'),
  key: join(dir, 'key'),
});

/**
 * From the cache if it was made before (five minutes of processor time and 0.8 GB).
 * @param {HostSuite} suite
 * @param {(line: string) => void} say
 * @param {AbortSignal} signal ends the making
 * @returns {Promise<HostImage>}
 */
export async function hostImage(suite, say, signal) {
  const dir = await cachedDir(suite);
  if (existsSync(dir)) return filesIn(dir);
  say(`making a host of Debian ${suite}: 300 MB of packages, some minutes`);
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const made = join(work, 'made');
    await mkdir(made, { mode: 0o700 });
    const image = filesIn(made);
    await runOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', image.key]);
    const root = join(work, 'root');
    await unpack(suite, root, signal);
    await settle(root, `${image.key}.pub`);
    await takeKernel(root, image);
    await writeFile(image.disk, '', { mode: 0o600 });
    await truncate(image.disk, diskGiB * 1024 ** 3);
    const mke2fs = (await findProgram('mke2fs')) ?? 'mke2fs';
    await runOk(mke2fs, ['-q', '-t', 'ext4', '-E', 'lazy_itable_init=1,root_owner=0:0', '-d', root, image.disk]);
    // Two that make it at once: the first to arrive here wins, and the other's is as good.
    await rename(made, dir).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return filesIn(dir);
}

/** A name that changes with all that the image is made by. @param {HostSuite} suite */
async function cachedDir(suite) {
  const hash = createHash('sha256');
  for (const source of sources) hash.update(await readFile(join(project, source)));
  return join(cacheDir(), `host-${suite}-${hash.digest('hex').slice(0, 12)}`);
}

/**
 * Whether the machine's apt gets at what an image is made of.
 * @param {HostSuite} suite
 * @returns {Promise<string | undefined>} why not
 */
export async function unreachable(suite) {
  if (existsSync(await cachedDir(suite))) return undefined;
  const work = await mkdtemp(join(tmpdir(), 'vr-reach-'));
  try {
    const url = `${(await debianMirror()).replace(/\/$/u, '')}/dists/${suite}/InRelease`;
    const { code, stderr } = await run('/usr/lib/apt/apt-helper', ['download-file', url, join(work, 'InRelease')]);
    return code === 0 ? undefined : `no packages of Debian ${suite}: ${stderr.trim().split('\n')[0] ?? ''}`;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {HostSuite} suite @param {string} root @param {AbortSignal} signal */
async function unpack(suite, root, signal) {
  const args = [
    ...['--variant=minbase', '--mode=root', '--components=main', '--dpkgopt=force-unsafe-io'],
    '--keyring=/usr/share/keyrings/debian-archive-keyring.gpg',
    `--include=${[...packages, ...packagesOf[suite]].join(',')}`,
    ...leftOut.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    '--aptopt=Acquire::Check-Valid-Until "false"',
    // A small initrd, made once: minutes less.
    '--setup-hook=mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"',
    '--setup-hook=echo MODULES=list > "$1/etc/initramfs-tools/conf.d/few"',
    `--setup-hook=copy-in ${join(project, initrdHook)} /etc/initramfs-tools/hooks`,
    ...[suite, root, await debianMirror()],
  ];
  // Passes the end on to all that mmdebstrap has started, which waits for these.
  await runOk('timeout', ['0', 'mmdebstrap', ...args], { signal });
}

/** @param {string} root @param {string} publicKey */
async function settle(root, publicKey) {
  const at = (/** @type {string} */ path) => join(root, path);
  const inside = (/** @type {string[]} */ ...command) => runOk('chroot', [root, ...command]);
  await writeFile(at('etc/hostname'), 'real-host\n');
  await writeFile(at('etc/hosts'), '127.0.0.1 localhost real-host\n');
  await writeFile(at('etc/fstab'), '/dev/vda / ext4 rw,relatime 0 1\n');
  await writeFile(at('etc/systemd/network/10-first.network'), '[Match]\nName=eth0\n[Network]\nDHCP=yes\n');
  for (const { mac, address } of Object.values(cableEnds)) {
    const network = `[Match]\nMACAddress=${mac}\n[Network]\nAddress=${address}/24\n`;
    await writeFile(at(`etc/systemd/network/20-${address}.network`), network);
  }
  await writeFile(at('etc/ssh/sshd_config.d/real-host.conf'), 'PermitRootLogin prohibit-password\nUseDNS no\n');
  await writeFile(at('etc/sudoers.d/account'), `${hostAccount} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
  await inside('systemctl', 'enable', 'systemd-networkd', 'ssh');
  await inside('systemctl', 'disable', 'systemd-networkd-wait-online', 'nfs-server');
  await inside('useradd', '--create-home', '--shell', '/bin/bash', '--groups', 'libvirt,sudo', hostAccount);
  for (const [owner, home] of [
    ['root', 'root'],
    [hostAccount, `home/${hostAccount}`],
  ]) {
    const folder = at(`${home}/.ssh`);
    // The package of the server may have made it.
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o700);
    await copyFile(publicKey, join(folder, 'authorized_keys'));
    await inside('chown', '-R', `${owner}:`, `/${home}/.ssh`);
  }
}

/** @param {string} root @param {HostImage} image */
async function takeKernel(root, { kernel, initrd }) {
  const boot = join(root, 'boot');
  const names = await readdir(boot);
  for (const [start, file] of [
    ['vmlinuz-', kernel],
    ['initrd.img-', initrd],
  ]) {
    const name = names.find((one) => one.startsWith(start ?? ''));
    if (name === undefined) throw new Error(`the packages made no ${start}`);
    await copyFile(join(boot, name), file ?? '');
    await chmod(file ?? '', 0o600);
  }
}
