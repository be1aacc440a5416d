// Removes what `npm start` made: the demo VMs with their files, and from the cache the guest, the VS Code server and its
// state. Leaves the system's packages, node_modules, and the other versions of libvirt that the tests fetched.
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { virshOf } from '../guest/defineVm.mjs';
import { demoFolder, demoNames, removeDemoVms } from '../guest/demoVms.mjs';
import { cacheDir } from '../guest/buildGuest.mjs';
import { isReleaseDir } from '../rig/debianRoot.mjs';
import { findProgram } from '../rig/run.mjs';
import { demoUri, ensureDaemon, isSystem } from './libvirtService.mjs';
import { say } from './say.mjs';

/** Where libvirt keeps QEMU's own words about each VM, also after the VM is gone. */
function logs() {
  const cache = process.env['XDG_CACHE_HOME'] ?? '';
  const own = join(cache === '' ? join(homedir(), '.cache') : cache, 'libvirt/qemu/log');
  return isSystem ? '/var/log/libvirt/qemu' : own;
}

function cached() {
  const cache = cacheDir();
  const made = existsSync(cache) ? readdirSync(cache).filter((name) => !isReleaseDir(name)) : [];
  return made.map((name) => join(cache, name));
}

export async function uninstallDemo() {
  const folder = demoFolder(isSystem);
  if ((await findProgram('virsh')) !== undefined) {
    const daemon = await ensureDaemon();
    try {
      const removed = await removeDemoVms({ virsh: virshOf(demoUri), folder });
      say(removed.length === 0 ? 'there were no demo VMs' : `removed the VMs ${removed.join(' and ')}`);
    } finally {
      await daemon.stop(demoNames);
    }
  }
  for (const path of [folder, ...cached(), ...demoNames.map((name) => join(logs(), `${name}.log`))]) {
    if (existsSync(path)) say(`removing ${path}`);
    await rm(path, { recursive: true, force: true });
  }
  say('done; node_modules, dist and packages of the system stay');
}
