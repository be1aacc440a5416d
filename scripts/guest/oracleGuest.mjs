// VMs that run the oracle guest (oracle.asm): a few MiB of RAM, up within a tenth of a second, with disks that hold
// nothing but numbered blocks. Knows how they are defined, not what is asked of them.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { kvmUsable } from '../rig/kvm.mjs';
import { root } from '../rig/root.mjs';
import { runOk } from '../rig/run.mjs';
import { virshOk, withXmlFile } from './defineVm.mjs';
import { createEncrypted, encryption, keepSecret } from './encryptedDisk.mjs';
import { element as e } from './xml.mjs';

/**
 * @typedef {'qcow2' | 'raw' | 'luks'} OracleFormat `luks`: qcow2, and encrypted
 *
 * @typedef {object} OracleDisk
 * @property {string} target the guest's name of it: vda, vdb, … in the order of the guest's numbers 0, 1, …
 * @property {string} file absolute path
 * @property {'qcow2' | 'raw'} format
 * @property {boolean} encrypted
 *
 * @typedef {object} OracleGuest
 * @property {string} name
 * @property {readonly OracleDisk[]} disks empty images
 * @property {number} diskBytes the size of each
 * @property {string} serial absolute path of the socket that QEMU listens on while the VM is active, unless it is a
 *   console
 */

/** Half of it boots too, with the SeaBIOS of Debian 12. RAM is what a memory snapshot costs. */
const usualMiB = 4;

/**
 * Defines a VM that is off.
 * @param {Pick<import('../rig/privateDaemon.mjs').PrivateDaemon, 'virsh' | 'dir'>} daemon
 * @param {{ name: string, disks?: readonly OracleFormat[], diskMiB?: number, folder?: string, console?: boolean,
 *   display?: boolean, vnc?: 'open' | 'password', memoryMiB?: number, lockstep?: boolean }}
 *   options two qcow2 disks of 16 MiB in the daemon's folder unless given; `folder`: for the disks, made if it is not
 *   there; `console`: it talks over a console of libvirt's, in place of a socket; `display`: it has one, which the BIOS
 *   writes on; `vnc`: one that a server shows on a socket, perhaps with the password `secret`; `lockstep`: it knows the
 *   orders of lockstep.asm too
 * @returns {Promise<OracleGuest>}
 */
export async function defineOracleGuest(daemon, options) {
  const { name, disks: formats = ['qcow2', 'qcow2'], diskMiB = 16, folder = daemon.dir } = options;
  const kernel = join(daemon.dir, options.lockstep === true ? 'lockstep.bin' : 'oracle.bin');
  const sources = join(root, 'scripts/guest');
  const more = options.lockstep === true ? ['-dLOCKSTEP', '-i', `${sources}/`] : [];
  await mkdir(folder, { recursive: true });
  await runOk('nasm', [...more, '-f', 'bin', '-o', kernel, join(sources, 'oracle.asm')]);
  if (formats.includes('luks')) await keepSecret(daemon);
  const disks = await Promise.all(
    formats.map(async (kind, index) => {
      const target = `vd${String.fromCharCode(97 + index)}`;
      const file = join(folder, `${name}-${index}.${kind}`);
      if (kind === 'luks') {
        await createEncrypted(file, diskMiB);
        return { target, file, format: /** @type {const} */ ('qcow2'), encrypted: true };
      }
      await runOk('qemu-img', ['create', '-q', '-f', kind, file, `${diskMiB}M`]);
      return { target, file, format: kind, encrypted: false };
    }),
  );
  const guest = { name, disks, diskBytes: diskMiB * 1024 ** 2, serial: join(daemon.dir, `${name}.sock`) };
  const kvm =
    kvmUsable() && (await daemon.virsh(['domcapabilities', '--virttype', 'kvm', '--machine', 'pc'])).code === 0;
  const xml = oracleXml(guest, kernel, {
    type: kvm ? 'kvm' : 'qemu',
    hasConsole: options.console === true,
    hasDisplay: options.display === true || options.vnc !== undefined,
    vnc: options.vnc && vncXml(options.vnc, join(daemon.dir, `${name}.vnc`)),
    memoryMiB: options.memoryMiB ?? usualMiB,
  });
  await withXmlFile(xml, (file) => virshOk(daemon.virsh, 'define', file));
  return guest;
}

/** Not on a port: those of a daemon in a network of its own nobody reaches. */
const vncXml = (/** @type {'open' | 'password'} */ kind, /** @type {string} */ socket) =>
  e(
    'graphics',
    { type: 'vnc', ...(kind === 'password' && { passwd: 'secret' }) },
    e('listen', { type: 'socket', socket }),
  );

/**
 * Caches are written through, so that a QEMU that is killed has lost no write that the guest was told to be done.
 * @param {OracleGuest} guest
 * @param {string} kernel
 * @param {{ type: 'kvm' | 'qemu', hasConsole: boolean, hasDisplay: boolean, vnc: ReturnType<typeof vncXml> | undefined,
 *   memoryMiB: number }} options
 */
function oracleXml({ name, disks, serial }, kernel, { type, hasConsole, hasDisplay, vnc, memoryMiB }) {
  const port = e('target', { port: 0 });
  return e(
    'domain',
    { type },
    e('name', {}, name),
    e('memory', { unit: 'MiB' }, memoryMiB),
    e('vcpu', {}, 1),
    e('os', {}, e('type', { arch: 'x86_64', machine: 'pc' }, 'hvm'), e('kernel', {}, kernel)),
    e('features', {}, e('acpi')),
    e('on_poweroff', {}, 'destroy'),
    e('on_reboot', {}, 'restart'),
    e('on_crash', {}, 'preserve'),
    e(
      'devices',
      {},
      ...disks.map(({ target, file, format, encrypted }, index) =>
        e(
          'disk',
          { type: 'file', device: 'disk' },
          e('driver', { name: 'qemu', type: format, cache: 'writethrough' }),
          e('source', { file }, encrypted ? encryption : undefined),
          e('target', { dev: target, bus: 'virtio' }),
          // libvirt has the BIOS serve only what it may boot from.
          e('boot', { order: index + 1 }),
        ),
      ),
      e('controller', { type: 'usb', model: 'none' }),
      hasConsole
        ? e('serial', { type: 'pty' }, port)
        : e('serial', { type: 'unix' }, e('source', { mode: 'bind', path: serial }), port),
      // Its memory is in each memory snapshot.
      hasDisplay ? e('video', {}, e('model', { type: 'vga', vram: 1024 })) : undefined,
      vnc,
      e('memballoon', { model: 'none' }),
    ),
  ).xml;
}
