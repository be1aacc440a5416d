// The two demo VMs and their prepared snapshot trees, one for each style of snapshots. Touches no VM that is not its
// own.
import { copyFile, mkdir, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildGuest } from './buildGuest.mjs';
import { defineVm, virshOk } from './defineVm.mjs';
import { counters, waitForAgent } from './inGuest.mjs';
import { restingOn } from './restingOn.mjs';
import { element } from './xml.mjs';

/** @typedef {import('./defineVm.mjs').Virsh} Virsh */

/** The element in a VM's metadata that says the VM is ours. */
const markUri = 'https://github.com/virt-rewind/virt-rewind/demo-vm';
const mark = element('demo:vm', { 'xmlns:demo': markUri });

/**
 * Where the demo VMs' files are kept: where a system daemon may read them, or among the user's own data.
 * @param {boolean} system
 */
export function demoFolder(system) {
  if (system) return '/var/lib/libvirt/images/virt-rewind';
  const data = process.env['XDG_DATA_HOME'];
  return join(data === undefined || data === '' ? join(homedir(), '.local/share') : data, 'virt-rewind');
}

/**
 * A description as the extension writes it: free text, then trailers after a line of two dashes.
 * @param {string} text
 * @param {string} title
 * @param {'memory' | 'quiesced' | 'crash-consistent' | 'offline'} consistency
 */
function describe(text, title, consistency) {
  return `${text}\n\n--\nTitle: ${title}\nConsistency: ${consistency}\nCreated-By: virt-rewind`;
}

/** What a demo VM is made with: its prepared tree. `take` has the VM's name and its only disk filled in already. */
const demos = [
  {
    name: 'rewind-internal',
    title: 'Demo: internal snapshots',
    description:
      'Snapshots inside the disk image, with and without RAM. The console counts once a second in memory and on the disk.',
    /** @param {Steps} vm */
    prepare: async (vm) => {
      await vm.take(
        'clean-install',
        [],
        'Taken while the VM was off: the disk as it was delivered.',
        'Clean install',
        'offline',
      );
      await vm.start(100);
      await vm.take(
        'before-upgrade',
        [],
        'Taken while the VM ran: both counters stood at 100 and will again.',
        'Before upgrade',
        'memory',
      );
      await vm.count(200);
      await vm.take('after-upgrade', [], 'The upgrade went well: both counters at 200.', 'After upgrade', 'memory');
      await vm.revert('before-upgrade');
      await vm.count(150);
      await vm.take('other-way', [], 'A second attempt from the same point: a branch.', 'Another way', 'memory');
    },
  },
  {
    name: 'rewind-overlays',
    title: 'Demo: external snapshots',
    description:
      'Snapshots as a chain of overlay files, each a delta over the one before. The console counts in memory and on the disk.',
    /** @param {Steps} vm */
    prepare: async (vm) => {
      const external = ['--disk-only', '--diskspec', 'vda,snapshot=external'];
      await vm.take('clean-install', external, 'The disk before its first boot.', 'Clean install', 'offline');
      await vm.start(100);
      await vm.take(
        'before-upgrade',
        external,
        'The disk of the running VM as it was that instant: reverting is like starting after a power cut.',
        'Before upgrade',
        'crash-consistent',
      );
      await vm.count(200);
      await vm.take(
        'after-upgrade',
        [...external, '--quiesce'],
        'The guest agent flushed and froze the file systems first, so the disk is in order.',
        'After upgrade',
        'quiesced',
      );
    },
  },
];

/** The names of the demo VMs, as they stand in the view: the first is the one to try things on. */
export const demoNames = demos.map(({ name }) => name);

/** Demo VMs that an earlier version has made: removed with the others. */
const formerNames = ['rewind-external'];
const ownNames = [...demoNames, ...formerNames];

/**
 * @typedef {object} Steps
 * @property {(name: string, flags: readonly string[], text: string, title: string,
 *   consistency: 'memory' | 'quiesced' | 'crash-consistent' | 'offline') => Promise<unknown>} take
 * @property {(value: number) => Promise<unknown>} start and set the counters
 * @property {(value: number) => Promise<unknown>} count
 * @property {(snapshot: string) => Promise<unknown>} revert
 */

/**
 * Makes the demo VMs that are not there yet and starts those that are off.
 * @param {{ virsh: Virsh, folder: string, onStep?: (what: string) => void, onStart?: (name: string) => void }} options
 *   `folder`: for their files; the daemon must be able to read it; `onStart` is told before each start
 * @returns {Promise<string[]>} the names of those that were started
 * @throws {Error} when a VM of such a name is somebody else's, or libvirt refuses a step
 */
export async function makeDemoVms({ virsh, folder, onStep = () => undefined, onStart = () => undefined }) {
  /** @type {ReturnType<typeof buildGuest> | undefined} */
  let building;
  const guest = () => (building ??= buildGuest({ onStep }));
  const start = startInTurn(virsh, onStep);
  // All of them first: where one is somebody else's, none is made.
  const states = await Promise.all(demos.map(({ name }) => stateOf(virsh, name)));
  const started = await allOver(
    demos.map(async (demo, index) => {
      const ready = join(folder, `${demo.name}.ready`);
      const state = states[index];
      if (state !== undefined && (await exists(ready))) {
        if (state !== 'shut off' && state !== 'crashed') return undefined;
        onStart(demo.name);
        await start(demo.name);
        return demo.name;
      }
      // Half made, or its files are gone: nobody's work is in it.
      await removeOne(virsh, folder, demo.name);
      onStart(demo.name);
      onStep(`making the VM ${demo.name} with its snapshots`);
      await makeOne({ virsh, folder, start, built: await guest() }, demo);
      await writeFile(ready, '');
      return demo.name;
    }),
  );
  return started.filter((name) => name !== undefined);
}

/**
 * Starts VMs one after the other: with the first, libvirt makes the control group of all of them, and another that
 * starts meanwhile may get no processors ("No space left on device"). What fails is tried once more.
 * @param {Virsh} virsh
 * @param {(what: string) => void} onStep
 * @returns {(name: string) => Promise<void>}
 */
function startInTurn(virsh, onStep) {
  const startOne = async (/** @type {string} */ name) => {
    const { code, stderr } = await virsh(['start', name]);
    if (code === 0) return;
    onStep(`${name} did not start, so it is tried once more: ${stderr.trim()}`);
    await virshOk(virsh, 'start', name);
  };
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (name) => {
    const started = last.then(() => startOne(name));
    last = started.catch(() => undefined);
    return started;
  };
}

/**
 * @param {{ virsh: Virsh, folder: string, start: (name: string) => Promise<void>, built:
 *   import('./buildGuest.mjs').Guest }} means
 * @param {(typeof demos)[number]} demo
 */
async function makeOne({ virsh, folder, start, built }, { name, title, description, prepare }) {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const file = join(folder, `${name}.qcow2`);
  const guest = { kernel: join(folder, `${name}.vmlinuz`), initrd: join(folder, `${name}.initrd.img`) };
  await copyFile(built.kernel, guest.kernel);
  await copyFile(built.initrd, guest.initrd);
  await copyFile(built.base, file);
  await defineVm(virsh, {
    name,
    title,
    description,
    guest,
    disks: [{ file, format: 'qcow2' }],
    consoleLog: join(folder, `${name}.console.log`),
    metadata: mark,
  });
  await prepare({
    take: (snapshot, flags, text, heading, consistency) =>
      virshOk(
        virsh,
        'snapshot-create-as',
        ...[name, snapshot, '--description', describe(text, heading, consistency), '--atomic', ...flags],
      ),
    start: async (value) => {
      await start(name);
      await waitForAgent(virsh, name);
      await counters(virsh, name, value);
    },
    count: (value) => counters(virsh, name, value),
    revert: async (snapshot) => {
      await virshOk(virsh, 'snapshot-revert', name, snapshot);
      await waitForAgent(virsh, name);
    },
  });
}

/**
 * Ends demo VMs at once, as at the end of `npm start`. What they wrote is on their disks.
 * @param {Virsh} virsh
 * @param {readonly string[]} names
 */
export async function stopDemoVms(virsh, names) {
  await Promise.all(names.map((name) => virsh(['destroy', name, '--graceful'])));
}

/**
 * VMs of somebody else that would lose a disk with the demo's files: clones and forks of the demo VMs. Those of labs
 * have theirs in a folder below.
 * @param {{ virsh: Virsh, folder: string }} options
 * @returns {Promise<string[]>} their names
 */
export async function restingOnDemos(options) {
  return (await restingOn(options)).filter((name) => !ownNames.includes(name));
}

/**
 * Removes the demo VMs, their snapshots and all their files. Nothing there is fine. Folders in it stay, and it with
 * them: beside the demo's files the extension keeps those of labs.
 * @param {{ virsh: Virsh, folder: string }} options
 * @returns {Promise<string[]>} the names of those that there were
 * @throws {Error} when a VM of such a name is somebody else's
 */
export async function removeDemoVms({ virsh, folder }) {
  const removed = [];
  for (const name of ownNames) {
    if ((await stateOf(virsh, name)) !== undefined) removed.push(name);
    await removeOne(virsh, folder, name);
  }
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) await rm(join(folder, entry.name), { force: true });
  }
  await rmdir(folder).catch((/** @type {NodeJS.ErrnoException} */ error) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error;
  });
  return removed;
}

/** @param {Virsh} virsh @param {string} folder @param {string} name */
async function removeOne(virsh, folder, name) {
  const state = await stateOf(virsh, name);
  if (state !== undefined) {
    if (state !== 'shut off') await virshOk(virsh, 'destroy', name);
    await virshOk(virsh, 'undefine', name, '--managed-save', '--snapshots-metadata');
  }
  const files = await readdir(folder).catch(() => /** @type {string[]} */ ([]));
  for (const file of files.filter((candidate) => candidate.startsWith(`${name}.`))) {
    await rm(join(folder, file), { force: true });
  }
}

/**
 * The state of a demo VM in virsh's words; undefined when there is none.
 * @param {Virsh} virsh
 * @param {string} name
 * @throws {Error} when a VM of this name is not ours
 */
async function stateOf(virsh, name) {
  const state = await virsh(['domstate', name]);
  if (state.code !== 0) {
    await virshOk(virsh, 'uri'); // tells apart "no such VM" and "no connection"
    return undefined;
  }
  // Without such an element, older versions of virsh fail and newer ones print nothing.
  const marked = await virsh(['metadata', name, '--uri', markUri]);
  if (marked.code !== 0 || !marked.stdout.includes('<')) {
    throw new Error(`there is a VM named ${name} that is not this demo's; rename or remove it first`);
  }
  return state.stdout.trim();
}

/**
 * As `Promise.all`, but where one fails, once the others are over too: nothing is made behind the back of who was told.
 * @template T
 * @param {readonly Promise<T>[]} promises
 * @returns {Promise<T[]>}
 */
async function allOver(promises) {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** @param {string} path */
function exists(path) {
  return stat(path).then(
    () => true,
    () => false,
  );
}
