// VMs whose disks a test has made itself: off, without an operating system, so that they write nothing by themselves.
// Knows how they are defined, not what is in their images.
import { element, writeXml } from '../../src/hypervisor/xmlTree.js';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import type { LiveRig } from './inventoryRig.js';

export interface MadeDisk {
  /** Absolute path. */
  readonly file: string;
  readonly format: string;
}

/** The inventory knows it when this resolves. Its disks are vda, vdb, … */
export async function defineDiskVm({ daemon, inventory, uri }: LiveRig, name: string, disks: readonly MadeDisk[]) {
  const xml = writeXml(
    element('domain', { type: 'qemu' }, [
      element('name', {}, [name]),
      element('memory', { unit: 'MiB' }, ['32']),
      element('os', {}, [element('type', { arch: 'x86_64', machine: 'pc' }, ['hvm'])]),
      element('devices', {}, [
        ...disks.map(({ file, format }, index) =>
          element('disk', { type: 'file', device: 'disk' }, [
            element('driver', { name: 'qemu', type: format }),
            element('source', { file }),
            element('target', { dev: `vd${String.fromCharCode(97 + index)}`, bus: 'virtio' }),
          ]),
        ),
        element('memballoon', { model: 'none' }),
      ]),
    ]),
  );
  await withXmlFile(xml, (path) => virshOk(daemon.virsh, 'define', path));
  await inventory.refresh({ connection: uri });
  return name;
}
