// Finds libvirt and QEMU on this machine, or gets them from the system's package manager: as root, or with sudo after
// asking. Where it cannot, it says which command would.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { missingPackages, waitForAptLock } from '../rig/prerequisites.mjs';
import { findProgram, run } from '../rig/run.mjs';
import { say, StartStopped } from './say.mjs';

/** What to type where we do not install by ourselves. */
const instructions = [
  {
    program: 'dnf',
    text: `On Fedora:
    sudo dnf install libvirt-daemon-kvm libvirt-client qemu-img
    sudo systemctl enable --now virtqemud.socket virtlogd.socket`,
  },
  {
    program: 'pacman',
    text: `On Arch Linux:
    sudo pacman -S libvirt qemu-base
    sudo systemctl enable --now libvirtd.socket virtlogd.socket`,
  },
  {
    program: 'zypper',
    text: `On openSUSE:
    sudo zypper install libvirt-daemon-qemu libvirt-client qemu-tools
    sudo systemctl enable --now libvirtd.socket virtlogd.socket`,
  },
];

/**
 * @typedef {object} LibvirtPlan
 * @property {'ready' | 'noDemo'} libvirt once it is carried out; `noDemo`: libvirt may be here, but the demo VMs cannot
 *   be made on this system
 * @property {boolean} mayAsk whether sudo may ask for a password meanwhile
 * @property {() => Promise<void>} install
 */

/**
 * Asks what there is to ask, and installs nothing yet.
 * @returns {Promise<LibvirtPlan>}
 * @throws {StartStopped} with the command that is missing
 */
export async function planLibvirt() {
  const nothing = { mayAsk: false, install: async () => undefined };
  if (process.platform !== 'linux') {
    say(`there is no libvirt with QEMU guests for ${process.platform}: no demo VMs here`);
    say('VMs of another host come over ssh: docs/hosts.md');
    return { libvirt: 'noDemo', ...nothing };
  }
  if ((await findProgram('apt-get')) === undefined) {
    await withoutApt();
    return { libvirt: 'noDemo', ...nothing };
  }
  const missing = await missingPackages('libvirt');
  if (missing.length === 0 && !(await hasNoPackageLists())) return { libvirt: 'ready', ...nothing };
  if (missing.length > 0) say(`libvirt and QEMU: missing ${missing.join(', ')}`);
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const asRoot = await rightsFor(`apt-get update && apt-get ${install.join(' ')}`);
  return {
    libvirt: 'ready',
    mayAsk: asRoot.length > 0 && (await run('sudo', ['-n', 'true'])).code !== 0,
    install: async () => {
      say('bringing the package lists up to date (apt-get update)');
      const updated = await runApt(asRoot, ['update', '-q']);
      if (missing.length === 0 && updated !== undefined) throw new StartStopped(updated);
      if (updated !== undefined) say(`${updated}\ngoing on with the package lists that are there`);
      if (missing.length === 0) return;
      say('installing libvirt, QEMU and what they need (apt-get install)');
      const installed = await runApt(asRoot, ['-q', ...install]);
      if (installed !== undefined) throw new StartStopped([updated, installed].filter(Boolean).join('\n'));
      say('installed libvirt and QEMU');
    },
  };
}

/** @throws {StartStopped} where libvirt or QEMU is not here */
async function withoutApt() {
  const daemon = (await findProgram('libvirtd')) ?? (await findProgram('virtqemud'));
  if (daemon === undefined || (await findProgram('qemu-img')) === undefined) {
    for (const { program, text } of instructions) {
      if ((await findProgram(program)) !== undefined) {
        throw new StartStopped(`libvirt or QEMU is not installed.\n${text}\nThen run npm start again.`);
      }
    }
    throw new StartStopped("Install libvirt and QEMU with this system's package manager, then run npm start again.");
  }
  say('the demo VMs are made from packages of Debian or Ubuntu: none here, but your own VMs will show');
}

/**
 * How to become root for a command: nothing for root; sudo after a yes.
 * @param {string} command as a person would type it as root
 * @returns {Promise<readonly string[]>} words to put before the program
 */
async function rightsFor(command) {
  if (process.getuid?.() === 0) return [];
  const sudo = await findProgram('sudo');
  const bySudo = command.replaceAll('apt-get', 'sudo apt-get');
  if (sudo === undefined || !process.stdin.isTTY) {
    throw new StartStopped(
      `This needs root. Type:\n    ${sudo === undefined ? command : bySudo}\nthen run npm start again.`,
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`\nRun this now?\n    ${bySudo}\n[Y/n] `);
  terminal.close();
  if (!/^\s*(y(es)?)?\s*$/i.test(answer)) {
    throw new StartStopped(`Nothing was installed. When you want to:\n    ${bySudo}`);
  }
  return [sudo];
}

/**
 * @param {readonly string[]} asRoot
 * @param {readonly string[]} args
 * @returns {Promise<string | undefined>} how it failed
 */
async function runApt(asRoot, args) {
  const [program = 'apt-get', ...rest] = [
    ...asRoot,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    ...waitForAptLock,
    ...args,
  ];
  const child = spawn(program, rest, { stdio: [process.stdin.isTTY ? 'inherit' : 'ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (/** @type {Buffer} */ data) => (said += data.toString()));
  }
  const status = await new Promise((resolve) => {
    child.once('close', resolve);
    child.once('error', () => resolve(127));
  });
  return status === 0
    ? undefined
    : `apt-get ${args.join(' ')} ended with ${String(status)}:\n${said.trim().split('\n').slice(-20).join('\n')}`;
}

/** A fresh container image has none; the demo guest is made of downloaded packages, so it needs them too. */
async function hasNoPackageLists() {
  const lists = await readdir('/var/lib/apt/lists').catch(() => /** @type {string[]} */ ([]));
  const cache = await readFile('/var/cache/apt/pkgcache.bin').then(
    () => true,
    () => false,
  );
  return !cache && !lists.some((name) => name.endsWith('_Packages') || name.includes('_Packages.'));
}
