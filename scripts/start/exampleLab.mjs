// Puts the example of a lab into a folder: examples/lab, and beside its lab file the guest that its VMs run, which is made here.
//   node scripts/start/exampleLab.mjs FOLDER
import { copyFile, cp, mkdir, rename } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildGuest } from '../guest/buildGuest.mjs';
import { isEntryPoint } from '../rig/entryPoint.mjs';
import { root } from '../rig/root.mjs';

/**
 * What is there already stays: somebody may have changed it, and the disks of VMs rest on the image.
 * @param {string} folder
 * @param {(what: string) => void} [onStep]
 */
export async function putExampleLab(folder, onStep = () => undefined) {
  const guest = await buildGuest({ onStep });
  await mkdir(join(folder, 'guest'), { recursive: true });
  for (const [from, name] of /** @type {const} */ ([
    [guest.kernel, 'vmlinuz'],
    [guest.initrd, 'initrd.img'],
    [guest.base, 'disk.qcow2'],
  ])) {
    const file = join(folder, 'guest', name);
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
  await putExampleLab(resolve(folder), console.log);
  console.log(`The example is in ${resolve(folder)}`);
}
