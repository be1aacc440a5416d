// VMs on disks that a test has made itself: off, without an operating system, so that they write nothing by themselves.
// Knows how they are defined, not what is in their images.
import { virshOk, withXmlFile } from './defineVm.mjs';
import { element as e } from './xml.mjs';

/**
 * @param {Pick<import('../rig/privateDaemon.mjs').PrivateDaemon, 'virsh'>} daemon
 * @param {string} name
 * @param {readonly { readonly file: string, readonly format: string }[]} disks vda, vdb, …
 */
export async function defineDiskVm({ virsh }, name, disks) {
  const { xml } = e(
    'domain',
    { type: 'qemu' },
    e('name', {}, name),
    e('memory', { unit: 'MiB' }, 32),
    e('os', {}, e('type', { arch: 'x86_64', machine: 'pc' }, 'hvm')),
    e(
      'devices',
      {},
      ...disks.map(({ file, format }, index) =>
        e(
          'disk',
          { type: 'file', device: 'disk' },
          e('driver', { name: 'qemu', type: format }),
          e('source', { file }),
          e('target', { dev: `vd${String.fromCharCode(97 + index)}`, bus: 'virtio' }),
        ),
      ),
      e('memballoon', { model: 'none' }),
    ),
  );
  await withXmlFile(xml, (file) => virshOk(virsh, 'define', file));
}
