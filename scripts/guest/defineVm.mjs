// Defines VMs that run the demo guest. Knows libvirt's domain XML and virsh, nothing of snapshots.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kvmUsable } from '../rig/kvm.mjs';
import { run } from '../rig/run.mjs';
import { element } from './xml.mjs';

/**
 * @typedef {(args: readonly string[]) => Promise<import('../rig/run.mjs').Ran>} Virsh one connection's virsh; never
 *   rejects
 *
 * @typedef {object} VmDisk
 * @property {string} file absolute path
 * @property {'qcow2' | 'raw'} format
 * @property {'disk' | 'cdrom'} [device] a CD-ROM is read-only
 *
 * @typedef {object} VmDefinition
 * @property {string} name
 * @property {string} [title]
 * @property {string} [description]
 * @property {number} [memoryMiB] 96 unless given; the guest needs 80
 * @property {{ kernel: string, initrd: string }} guest
 * @property {readonly VmDisk[]} disks the first is vda, which the guest mounts and counts on
 * @property {string} consoleLog absolute path of the file that gets all that the guest says on its serial console
 * @property {boolean} [agent] whether the guest agent's channel is there; true unless given
 * @property {number} [tick] seconds between two lines on the console; 1 unless given, 0 for silence
 * @property {boolean} [kvm] false: emulate even where KVM works
 * @property {import('./xml.mjs').Element} [metadata] an element with a namespace of its own
 */

/** @param {string} uri @returns {Virsh} */
export function virshOf(uri) {
  return (args) => run('virsh', ['-q', '-c', uri, ...args]);
}

/**
 * virsh where a failure is not expected.
 * @param {Virsh} virsh
 * @param {...string} args
 * @returns {Promise<string>} its standard output without the line end
 * @throws {Error} with the command and what virsh said
 */
export async function virshOk(virsh, ...args) {
  const { stdout, stderr, code } = await virsh(args);
  if (code !== 0) {
    throw new Error(`virsh ${args.join(' ')}: ${stderr.trim()}`);
  }
  return stdout.trimEnd();
}

/**
 * The domain XML of a VM.
 * @param {VmDefinition & { kvm: boolean }} vm
 * @returns {string}
 */
export function domainXml(vm) {
  const e = element;
  const letters = { disk: 'vd', cdrom: 'sd' };
  const count = { disk: 0, cdrom: 0 };
  const disks = vm.disks.map(({ file, format, device = 'disk' }) => {
    const dev = `${letters[device]}${String.fromCharCode(97 + count[device]++)}`;
    return e(
      'disk',
      { type: 'file', device },
      e('driver', { name: 'qemu', type: format }),
      e('source', { file }),
      e('target', { dev, bus: device === 'disk' ? 'virtio' : 'sata' }),
      device === 'cdrom' ? e('readonly') : undefined,
    );
  });
  const agent = e('channel', { type: 'unix' }, e('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' }));
  const serial = e(
    'serial',
    { type: 'pty' },
    e('log', { file: vm.consoleLog, append: 'on' }),
    e('target', { port: 0 }),
  );
  const memory = (vm.memoryMiB ?? 96) * 1024;
  return e(
    'domain',
    { type: vm.kvm ? 'kvm' : 'qemu' },
    e('name', {}, vm.name),
    vm.title === undefined ? undefined : e('title', {}, vm.title),
    vm.description === undefined ? undefined : e('description', {}, vm.description),
    vm.metadata === undefined ? undefined : e('metadata', {}, vm.metadata),
    e('memory', { unit: 'KiB' }, memory),
    e('vcpu', {}, 1),
    e(
      'os',
      {},
      e('type', { arch: 'x86_64', machine: 'pc' }, 'hvm'),
      e('kernel', {}, vm.guest.kernel),
      e('initrd', {}, vm.guest.initrd),
      // An emulated timer does not tick while the host has no time for QEMU's main loop: the kernel, which counts its
      // ticks early in a boot, takes that for a broken one and panics ("IO-APIC + timer doesn't work!"), unless it is
      // told not to check. The kernel's tests of its own ciphers are a tenth of an emulated boot; of RAM that is
      // emptied when it is freed, a third less must be saved and read again (82 to 58 MB after a boot).
      e(
        'cmdline',
        {},
        `console=ttyS0 quiet loglevel=1 nokaslr mitigations=off no_timer_check cryptomgr.notests init_on_free=1 vr.tick=${vm.tick ?? 1}`,
      ),
    ),
    e('features', {}, e('acpi'), e('apic')),
    e('clock', { offset: 'utc' }),
    e('on_poweroff', {}, 'destroy'),
    e('on_reboot', {}, 'restart'),
    e('on_crash', {}, 'preserve'),
    e('pm', {}, e('suspend-to-mem', { enabled: 'yes' }), e('suspend-to-disk', { enabled: 'no' })),
    e(
      'devices',
      {},
      ...disks,
      e('controller', { type: 'usb', model: 'none' }),
      serial,
      e('console', { type: 'pty' }, e('target', { type: 'serial', port: 0 })),
      vm.agent === false ? undefined : agent,
      e('memballoon', { model: 'none' }),
      e('panic', { model: 'isa' }),
    ),
  ).xml;
}

/**
 * Defines a VM, with KVM where this machine and this libvirt can.
 * @param {Virsh} virsh
 * @param {VmDefinition} vm
 * @throws {Error} what libvirt says against it
 */
export async function defineVm(virsh, vm) {
  const kvm =
    vm.kvm !== false &&
    kvmUsable() &&
    (await virsh(['domcapabilities', '--virttype', 'kvm', '--machine', 'pc'])).code === 0;
  await withXmlFile(domainXml({ ...vm, kvm }), (file) => virshOk(virsh, 'define', file));
}

/**
 * Lends a file with this content, because virsh reads XML from files alone.
 * @template T
 * @param {string} xml
 * @param {(file: string) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withXmlFile(xml, use) {
  const folder = await mkdtemp(join(tmpdir(), 'vr-xml-'));
  try {
    const file = join(folder, 'it.xml');
    await writeFile(file, xml);
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
