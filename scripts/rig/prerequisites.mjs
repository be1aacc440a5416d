// What the layers of tests need of the machine, and how it gets there on Debian and Ubuntu. Asks nobody anything.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findBrowser } from './browser.mjs';
import { areModulesUpToDate } from './npmState.mjs';
import { root } from './root.mjs';
import { findProgram, run } from './run.mjs';

/** Not what else is called python3 on the PATH: packages are installed for this one. */
export const systemPython = '/usr/bin/python3';

/**
 * For apt-get: unattended-upgrades holds dpkg's lock for minutes, on a machine that was just started above all.
 * @type {readonly string[]}
 */
export const waitForAptLock = ['-o', 'DPkg::Lock::Timeout=600'];

/**
 * program → Debian package. Tests run guests, so a machine with libvirt alone is not enough.
 * @type {Readonly<Record<string, string>>}
 */
const libvirtPrograms = {
  libvirtd: 'libvirt-daemon-system',
  virsh: 'libvirt-clients',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  // Not essential any more in Debian 13; the guest's disk is made with it.
  mke2fs: 'e2fsprogs',
  // Other makers and readers of the file systems that are read from restore points.
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  ntfscat: 'ntfs-3g',
  // Makes a real guest whose files are read.
  debootstrap: 'debootstrap',
  // Keeps the backups of VMs.
  restic: 'restic',
  // TPMs of guests.
  swtpm: 'swtpm',
  swtpm_setup: 'swtpm-tools',
  // Keys for new VMs.
  'ssh-keygen': 'openssh-client',
  ps: 'procps',
  // Assembles the guest that the data oracle talks to.
  nasm: 'nasm',
  unshare: 'util-linux',
  mount: 'mount',
};

/**
 * `releases`: the libvirt of other Debian releases; `pytest`: one of the frameworks that docs/library.md has a fixture
 * for; `sshd`: a server for one test, in the deep tier alone, for its package opens a port of the machine; `cluster`:
 * Pacemaker with its agents, in the deep tier alone, for their packages start services; `guestfish`: with a kernel for
 * its VM, in the deep tier alone, for they are large; `network`: a DHCP server of libvirt's, which starts no service;
 * `proxy`: squid and what filters before a bridge, in the deep tier alone, for the package starts a service;
 * `rclone`: it serves backups as a REST server of restic's does, is large too, and Debian has no package of such a
 * server; `gdb`: a debugger of VMs; `ovmf`: UEFI for VMs; `shellcheck`: for `npm run lint`; `advzip`: for
 * `npm run package`; `root`: the run's own rights, which nothing here can give.
 * @typedef {'libvirt' | 'browser' | 'releases' | 'pytest' | 'sshd' | 'network' | 'proxy' | 'cluster' | 'guestfish'
 *   | 'rclone' | 'gdb' | 'ovmf' | 'shellcheck' | 'advzip' | 'root'} Need
 */

/**
 * The packages that are wanting for a need.
 * @param {Need} need
 * @returns {Promise<string[]>}
 */
export async function missingPackages(need) {
  if (need === 'root') return [];
  if (need === 'browser') return (await findBrowser()) ? [] : ['chromium'];
  if (need === 'pytest') {
    const { code } = await run(systemPython, ['-m', 'pytest', '--version']);
    return code === 0 ? [] : ['python3-pytest'];
  }
  if (need === 'sshd') {
    return [
      ...((await findProgram('sshd')) === undefined ? ['openssh-server'] : []),
      ...((await findProgram('ssh')) === undefined ? ['openssh-client'] : []),
      ...((await findProgram('nc')) === undefined ? ['netcat-openbsd'] : []),
      // A daemon that asks for a name and a password: its mechanisms, and what writes its users down.
      ...(findSasl() ? [] : ['libsasl2-modules', 'libsasl2-modules-db']),
    ];
  }
  if (need === 'advzip') return (await findProgram('advzip')) === undefined ? ['advancecomp'] : [];
  if (need === 'rclone' || need === 'gdb' || need === 'shellcheck')
    return (await findProgram(need)) === undefined ? [need] : [];
  if (need === 'ovmf') {
    const folder = '/usr/share/qemu/firmware';
    const has = existsSync(folder) && readdirSync(folder).some((name) => name.includes('x86_64'));
    return has ? [] : ['ovmf'];
  }
  if (need === 'cluster') {
    const programs = { crm_mon: 'pacemaker', cibadmin: 'pacemaker-cli-utils', corosync: 'corosync' };
    const missing = [];
    for (const [program, name] of Object.entries(programs)) {
      if ((await findProgram(program)) === undefined) missing.push(name);
    }
    return [...missing, ...(existsSync('/usr/lib/ocf/resource.d/heartbeat/VirtualDomain') ? [] : ['resource-agents'])];
  }
  if (need === 'proxy') {
    return [
      ...((await findProgram('squid')) === undefined ? ['squid'] : []),
      ...((await findProgram('ebtables')) === undefined ? ['iptables'] : []),
    ];
  }
  if (need === 'network') return (await findProgram('dnsmasq')) === undefined ? ['dnsmasq-base'] : [];
  if (need === 'guestfish') {
    const kernels = existsSync('/boot') && readdirSync('/boot').some((name) => name.startsWith('vmlinuz-'));
    return [
      ...((await findProgram('guestfish')) === undefined ? ['libguestfs-tools'] : []),
      ...((await findProgram('mkfs.xfs')) === undefined ? ['xfsprogs'] : []),
      ...(kernels ? [] : ['linux-image-cloud-amd64']),
    ];
  }
  if (need === 'releases') {
    return [
      ...((await findProgram('mmdebstrap')) === undefined ? ['mmdebstrap'] : []),
      // Debian has its own keys from the beginning; Ubuntu has them not.
      ...(existsSync('/usr/share/keyrings/debian-archive-keyring.gpg') ? [] : ['debian-archive-keyring']),
    ];
  }
  const missing = [];
  for (const [program, name] of Object.entries(libvirtPrograms)) {
    if ((await findProgram(program)) === undefined) missing.push(name);
  }
  // Only recommended by newer libvirt packages, and without it there are no QEMU VMs.
  if (missing.includes('libvirt-daemon-system')) missing.push('libvirt-daemon-driver-qemu');
  return missing;
}

/**
 * Installs what the needs lack, where that is possible without a question: as root, or with a sudo that wants no
 * password. Brings the package lists up to date once, also when only they are missing, for the guest is made of
 * packages.
 * @param {readonly Need[]} needs
 * @param {(line: string) => void} say
 * @returns {Promise<Map<Need, string>>} what could not be met, each with the reason and the command that helps
 */
export async function meetNeeds(needs, say) {
  /** @type {Map<Need, string>} */
  const unmet = new Map();
  if (needs.includes('root') && process.getuid?.() !== 0) unmet.set('root', 'run it as root');
  /** @type {Map<Need, string[]>} */
  const wanted = new Map();
  for (const need of needs) {
    const missing = await missingPackages(need);
    if (missing.length > 0) wanted.set(need, missing);
  }
  const stale = needs.includes('libvirt') && !hasPackageLists();
  if (wanted.size === 0 && !stale) return unmet;
  const apt = await aptCommand();
  if (apt && (await call(apt, ['update', '-q'], say)) !== 0) say('apt-get update failed; going on with what is known');
  for (const [need, packages] of wanted) {
    const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
    if (!apt) {
      unmet.set(need, `${packages.join(', ')} not installed (as root: ${command})`);
      continue;
    }
    // One call for each need: a system without one of the packages refuses the whole call.
    const status = await call(apt, ['install', '-q', '-y', '--no-install-recommends', ...packages], say);
    if (status !== 0) unmet.set(need, `"${command}" ended with ${status}`);
  }
  return unmet;
}

/** npm's part: everything the lock file names, if it is not there yet. */
export async function installModules(/** @type {(line: string) => void} */ say) {
  if (await areModulesUpToDate()) return;
  const status = await call(['npm'], ['ci', '--no-audit', '--no-fund'], say);
  if (status !== 0) throw new Error(`npm ci ended with ${status}`);
}

function findSasl() {
  const folders = [
    '/usr/lib/x86_64-linux-gnu/sasl2',
    '/usr/lib/aarch64-linux-gnu/sasl2',
    '/usr/lib64/sasl2',
    '/usr/lib/sasl2',
  ];
  const has = (/** @type {string} */ name) => folders.some((folder) => existsSync(join(folder, name)));
  return has('libscram.so') && has('libsasldb.so');
}

function hasPackageLists() {
  const lists = '/var/lib/apt/lists';
  return !existsSync(lists) || readdirSync(lists).some((name) => name.includes('_Packages'));
}

/** @returns {Promise<string[] | undefined>} how this user runs apt-get; nothing where he cannot */
async function aptCommand() {
  if (!(await findProgram('apt-get'))) return undefined;
  if (process.getuid?.() === 0) return ['apt-get', ...waitForAptLock];
  const sudo = await run('sudo', ['-n', 'true']);
  return sudo.code === 0 ? ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...waitForAptLock] : undefined;
}

/**
 * Runs a program and shows the end of what it said if it fails: when all goes well, nobody reads a thousand lines of
 * apt.
 * @param {string[]} command
 * @param {string[]} args
 * @param {(line: string) => void} say
 * @returns {Promise<number>} exit status
 */
async function call([program = '', ...first], args, say) {
  say(`$ ${[program, ...first, ...args].join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { code, stdout, stderr } = await run(program, [...first, ...args], { cwd: root, env });
  if (code !== 0) say(`${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n'));
  return code;
}
