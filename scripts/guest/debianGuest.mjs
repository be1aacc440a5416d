// A real Debian for tests of what is in its files: made by debootstrap, which needs root, with its root file system in
// ext4. It starts with the demo guest's kernel and Debian's own guest agent.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianMirror } from '../rig/debianRoot.mjs';
import { findProgram, runOk } from '../rig/run.mjs';
import { buildGuest, cacheDir } from './buildGuest.mjs';
import { writeCpio } from './cpio.mjs';
import { defineVm } from './defineVm.mjs';

const suite = 'bookworm';
/** Fetched, not installed: a guest without a network can install it. Its scripts change texts of others. */
export const offeredPackage = 'cron';

/** Goes on from the initramfs of the demo guest into the disk. */
const firstInit = `#!/bin/sh
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do
  [ -e "/lib/modules/$module.ko" ] && insmod "/lib/modules/$module.ko"
done </lib/modules/order
mkdir /debian
mount /dev/vda /debian
for folder in proc sys dev; do mount -o move /$folder /debian/$folder; done
exec switch_root /debian /sbin/init
`;

/** A port's name comes some time after the port. */
const init = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs run /run
mkdir -p /dev/pts
mount -t devpts pts /dev/pts
while :; do
  for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name" 2>/dev/null)" = org.qemu.guest_agent.0 ] &&
      qemu-ga -m virtio-serial -p "/dev/\${port##*/}" -t /run -f /run/qemu-ga.pid
  done
  sleep 0.2
done
`;

/**
 * Its disk, from the cache if it was made before (about 40 s and 90 MB).
 * @returns {Promise<string>} a qcow2 image that nothing may write to
 */
async function debianDisk() {
  const recipe = createHash('sha256').update(JSON.stringify([suite, offeredPackage, init]));
  const image = join(cacheDir(), `debian-disk-${recipe.digest('hex').slice(0, 12)}.qcow2`);
  if ((await stat(image).catch(() => undefined)) !== undefined) return image;
  await mkdir(cacheDir(), { recursive: true });
  const work = await mkdtemp(join(cacheDir(), 'building-'));
  try {
    const [root, raw, made] = [join(work, 'root'), join(work, 'raw'), join(work, 'made')];
    await runOk('debootstrap', ['--variant=minbase', '--include=qemu-guest-agent', suite, root, await debianMirror()]);
    await runOk('chroot', [
      root,
      'apt-get',
      'install',
      '-y',
      '--no-install-recommends',
      '--download-only',
      offeredPackage,
    ]);
    // Not those of this machine.
    await writeFile(join(root, 'etc/hostname'), 'debian\n');
    await writeFile(join(root, 'etc/resolv.conf'), '');
    await writeFile(join(root, 'sbin/init'), init, { mode: 0o755 });
    await runOk((await findProgram('mke2fs')) ?? 'mke2fs', ['-q', '-t', 'ext4', '-d', root, raw, '512M']);
    await runOk('qemu-img', ['convert', '-O', 'qcow2', raw, made]);
    await rename(made, image);
    return image;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Defines a VM with it that is off.
 * @param {Pick<import('../rig/privateDaemon.mjs').PrivateDaemon, 'virsh' | 'dir'>} daemon
 * @param {string} name
 */
export async function defineDebianGuest({ virsh, dir }, name) {
  const { kernel, initrd } = await buildGuest();
  const [disk, own] = [join(dir, `${name}.qcow2`), join(dir, `${name}.initrd`)];
  await copyFile(await debianDisk(), disk);
  // If two files have one name, the kernel uses the later one.
  const more = writeCpio([{ path: 'init', kind: 'file', mode: 0o755, content: firstInit }]);
  await writeFile(own, Buffer.concat([await readFile(initrd), more]));
  await defineVm(virsh, {
    name,
    guest: { kernel, initrd: own },
    disks: [{ file: disk, format: 'qcow2' }],
    consoleLog: join(dir, `${name}.console.log`),
    memoryMiB: 256,
  });
}
