// Removes what `npm start` made: the demo VMs and the lab with their files, and from the cache the guest, the VS Code
// server and its state. Leaves the system's packages, node_modules, other labs, and what the tests fetched: other
// versions of libvirt, and a bare Debian.
import { existsSync, readdirSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { virshOf } from '../guest/defineVm.mjs';
import { demoFolder, demoNames, removeDemoVms, restingOnDemos } from '../guest/demoVms.mjs';
import { cacheDir } from '../guest/buildGuest.mjs';
import { restingOn } from '../guest/restingOn.mjs';
import { isBareRootDir } from '../rig/bareRoot.mjs';
import { isReleaseDir } from '../rig/debianRoot.mjs';
import { findProgram, run } from '../rig/run.mjs';
import { exampleLabFile, labGuestFolder } from './exampleLab.mjs';
import { demoUri, ensureDaemon, isSystem } from './libvirtService.mjs';
import { say, StartStopped } from './say.mjs';

/** Where libvirt keeps QEMU's own words about each VM, also after the VM is gone. */
function logs() {
  const cache = process.env['XDG_CACHE_HOME'] ?? '';
  const own = join(cache === '' ? join(homedir(), '.cache') : cache, 'libvirt/qemu/log');
  return isSystem ? '/var/log/libvirt/qemu' : own;
}

function cached() {
  const cache = cacheDir();
  const ofTests = (/** @type {string} */ name) => isReleaseDir(name) || isBareRootDir(name);
  const made = existsSync(cache) ? readdirSync(cache).filter((name) => !ofTests(name)) : [];
  return made.map((name) => join(cache, name));
}

export async function uninstallDemo() {
  const folder = demoFolder(isSystem);
  const guestFolder = labGuestFolder(folder);
  let guest = [guestFolder];
  if ((await findProgram('virsh')) !== undefined) {
    const daemon = await ensureDaemon();
    try {
      const virsh = virshOf(demoUri);
      await requireAlone(virsh, folder);
      await destroyLab();
      const removed = await removeDemoVms({ virsh, folder });
      say(removed.length === 0 ? 'there were no demo VMs' : `removed the VMs ${removed.join(' and ')}`);
      const others = await restingOn({ virsh, folder: guestFolder });
      if (others.length > 0) {
        say(`${guestFolder} stays, for these VMs rest on it: ${others.join(', ')}`);
        guest = [];
      }
    } finally {
      await daemon.stop(demoNames);
    }
  }
  for (const path of [...guest, ...cached(), ...demoNames.map((name) => join(logs(), `${name}.log`))]) {
    if (existsSync(path)) say(`removing ${path}`);
    await rm(path, { recursive: true, force: true });
  }
  for (const path of [join(folder, 'labs'), folder]) {
    await rmdir(path).catch((/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'ENOTEMPTY') say(`the disks of other labs stay in ${path}`);
      else if (error.code !== 'ENOENT') throw error;
    });
  }
  say('done; node_modules, dist and packages of the system stay');
}

/**
 * @param {import('../guest/defineVm.mjs').Virsh} virsh
 * @param {string} folder
 * @throws {StartStopped} where somebody made a clone or a fork of a demo VM, whose disk would go unsaid
 */
async function requireAlone(virsh, folder) {
  const others = await restingOnDemos({ virsh, folder });
  if (others.length === 0) return;
  throw new StartStopped(
    `These VMs have their disks among the files of the demo VMs, or on them, and would lose them: ${others.join(', ')}.\n` +
      'Nothing was removed. Throw them away first: npm start, then “Clones and Forks”, “Delete Clone…” in the menu of each.',
  );
}

/**
 * The disks of its VMs rest on the guest's image, so it goes first.
 * @throws {StartStopped} where it cannot go; then nothing else is removed
 */
async function destroyLab() {
  const file = exampleLabFile(join(cacheDir(), 'workspace'));
  if (!existsSync(file)) return;
  const { buildDoor } = await import('../build.mjs');
  const program = await buildDoor('commandLine', join(cacheDir(), 'editor/program'));
  const { code, stdout, stderr } = await run(
    process.execPath,
    [program, 'lab', 'destroy', '--yes', '--name', 'shop', '--file', file],
    { env: { ...process.env, LIBVIRT_DEFAULT_URI: demoUri } },
  );
  if (code !== 0) {
    throw new StartStopped(`The lab of the demo could not be removed, so nothing was:\n${stderr.trim()}`);
  }
  say(stdout.trim());
}
