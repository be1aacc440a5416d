// Puts the example of a lab into a folder: examples/lab, and beside its lab file the guest that its VMs run, which is
// made here.
//   node scripts/start/exampleLab.mjs FOLDER
import { copyFile, cp, mkdir, rename, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildGuest } from '../guest/buildGuest.mjs';
import { isEntryPoint } from '../rig/entryPoint.mjs';
import { root } from '../rig/root.mjs';

/** Where the demo's workspace is, within the folder of workspaces. @param {string} workspaces */
export const demoWorkspaceIn = (workspaces) => join(workspaces, 'Virt Rewind demo');

/** The lab file of the demo's workspace. @param {string} workspaces */
export const exampleLabFile = (workspaces) => join(demoWorkspaceIn(workspaces), 'virt-rewind.yaml');

/** For the files that QEMU reads, beside those of the demo VMs. @param {string} demoFolder */
export const labGuestFolder = (demoFolder) => join(demoFolder, 'lab-guest');

/**
 * What is there already stays: somebody may have changed it, and the disks of VMs rest on the image.
 * @param {string} folder
 * @param {{ guestFolder?: string, onStep?: (what: string) => void }} [options] `guestFolder`: for the files that QEMU
 *   reads, where the folder itself is one that it may not read; a link leads there
 */
export async function putExampleLab(folder, { guestFolder, onStep = () => undefined } = {}) {
  const guest = await buildGuest({ onStep });
  const link = join(folder, 'guest');
  const place = guestFolder ?? link;
  await mkdir(folder, { recursive: true });
  await mkdir(place, { recursive: true, mode: 0o755 });
  if (guestFolder !== undefined && !existsSync(link)) await symlink(guestFolder, link);
  for (const [from, name] of /** @type {const} */ ([
    [guest.kernel, 'vmlinuz'],
    [guest.initrd, 'initrd.img'],
    [guest.base, 'disk.qcow2'],
  ])) {
    const file = join(place, name);
    if (existsSync(file)) continue;
    await copyFile(from, `${file}.part`);
    await rename(`${file}.part`, file);
  }
  await cp(join(root, 'examples/lab'), folder, { recursive: true, force: false });
}

if (isEntryPoint(import.meta)) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) {
    console.error('node scripts/start/exampleLab.mjs FOLDER');
    process.exit(2);
  }
  await putExampleLab(resolve(folder), { onStep: console.log });
  console.log(`The example is in ${resolve(folder)}`);
}
