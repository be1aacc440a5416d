// The guest of tests of labs: in a lab file, and in the folder beside it.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildGuest } from '../../scripts/guest/buildGuest.mjs';

/** Of a VM in a lab file, below its name. */
export const guestBoot = `
    boot: { kernel: vmlinuz, initrd: initrd.img, arguments: "console=ttyS0 quiet nokaslr no_timer_check cryptomgr.notests vr.tick=0" }
    memory: 96 MiB
    wait: { agent: true }`;

/** A folder with what the VMs are made of: their image is base.qcow2. */
export async function makeProject(folder: string): Promise<void> {
  await mkdir(folder);
  const guest = await buildGuest();
  await copyFile(guest.kernel, join(folder, 'vmlinuz'));
  await copyFile(guest.initrd, join(folder, 'initrd.img'));
  await copyFile(guest.base, join(folder, 'base.qcow2'));
}
