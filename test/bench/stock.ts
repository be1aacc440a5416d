// VMs with many snapshots, as documents alone: no images, nothing runs. What is measured is how they are read.
import { openConnection } from '../../src/libvirt/connect.js';
import type { Connection } from '../../src/libvirt/connection.js';
import { VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE } from '../../src/libvirt/flags.js';
import { silentLog } from '../silentLog.js';
import type { Daemon } from './measure.js';

export const vmName = (index: number): string => `vm-${String(index).padStart(3, '0')}`;
export const snapshotName = (index: number): string => `snapshot-${String(index).padStart(4, '0')}`;

/** About the devices that virt-manager gives a Linux VM; libvirt makes some 6.5 KB of it. */
function vmXml(name: string): string {
  const disk = (target: string): string =>
    `<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/>
     <source file='/var/lib/libvirt/images/${name}-${target}.qcow2'/><target dev='${target}' bus='virtio'/></disk>`;
  return `<domain type='qemu'><name>${name}</name><memory unit='MiB'>2048</memory><vcpu>2</vcpu>
    <os><type arch='x86_64' machine='q35'>hvm</type><boot dev='hd'/></os><features><acpi/><apic/></features>
    <clock offset='utc'><timer name='rtc' tickpolicy='catchup'/><timer name='hpet' present='no'/></clock>
    <devices>${['vda', 'vdb', 'vdc'].map(disk).join('')}
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <interface type='user'><model type='virtio'/></interface><serial type='pty'/><console type='pty'/>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <input type='tablet' bus='usb'/><graphics type='vnc' port='-1'/><video><model type='virtio'/></video>
    <memballoon model='virtio'/><rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>`;
}

function snapshotXml(index: number, domain: string): string {
  const parent = index === 0 ? '' : `<parent><name>${snapshotName(index - 1)}</name></parent>`;
  const disks = ['vda', 'vdb', 'vdc'].map((target) => `<disk name='${target}' snapshot='internal'/>`).join('');
  return `<domainsnapshot><name>${snapshotName(index)}</name>
    <description>Before step ${index}\n\n--\nTitle: Step ${index}\nCreated-By: virt-rewind</description>
    <state>shutoff</state>${parent}<creationTime>${1_700_000_000 + index * 60}</creationTime>
    <memory snapshot='no'/><disks>${disks}</disks>${domain}</domainsnapshot>`;
}

/** Defines `vms` VMs with a chain of `snapshots` each; the last one is current. */
export async function makeStock(daemon: Daemon, vms: number, snapshots: number): Promise<void> {
  const connection = await openConnection(daemon.uri, { log: silentLog, environment: daemon.env });
  await Promise.all(Array.from({ length: vms }, (_, vm) => makeVm(connection, vmName(vm), snapshots)));
  connection.close();
}

/** One after the other: a parent must be there before its child. */
async function makeVm(connection: Connection, name: string, snapshots: number): Promise<void> {
  const { dom } = await connection.call('domainDefineXmlFlags', { xml: vmXml(name), flags: 0 });
  const { xml } = await connection.call('domainGetXmlDesc', { dom, flags: 0 });
  for (let index = 0; index < snapshots; index++) {
    const current = index === snapshots - 1 ? VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT : 0;
    const flags = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE | current;
    await connection.call('domainSnapshotCreateXml', { dom, xmlDesc: snapshotXml(index, xml), flags });
  }
}

/** The same for libvirt's test driver, in one file that the daemon reads at each opening: quick for any number. */
export function testDriverXml(vms: number, snapshots: number): string {
  const domains = Array.from({ length: vms }, (_, vm) => {
    const inner = vmXml(vmName(vm)).replace("type='qemu'", "type='test'").replace(" machine='q35'", '');
    const list = Array.from({ length: snapshots }, (_unused, index) =>
      snapshotXml(index, inner)
        .replace('<domainsnapshot>', '<test:domainsnapshot>')
        .replace('</domainsnapshot>', `<active>${index === snapshots - 1 ? 1 : 0}</active></test:domainsnapshot>`),
    );
    const namespace = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'";
    return inner
      .replace('<domain ', `<domain ${namespace} `)
      .replace(/<\/domain>$/, `<test:runstate>5</test:runstate>${list.join('')}</domain>`);
  });
  return `<node>${domains.join('')}</node>`;
}
