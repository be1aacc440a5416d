// Whether a VM's RAM can be kept while its guest runs on: what of its description stands against it, and what QEMU
// says. Each description has the elements as libvirt writes them of a VM that runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { AskedQemus } from '../../../src/driver/connection/askedQemus.js';
import { LibvirtReader } from '../../../src/driver/connection/libvirtReader.js';
import { OtherConnections } from '../../../src/driver/connection/otherConnections.js';
import { probeSeamless } from '../../../src/driver/run/probeSeamless.js';
import { parseDomainXml } from '../../../src/driver/xml/domainXml.js';
import { readGuestMemory } from '../../../src/driver/xml/guestMemoryXml.js';
import type { Seamless } from '../../../src/domain/seamless.js';
import { vm } from '../domain/someFacts.js';
import { PretendedQemu } from './pretendedQemu.js';

const plain = readFileSync(join(root, 'test/fixtures/hypervisor/vmRunning.xml'), 'utf8');
const withDevice = (device: string): string => plain.replace('</devices>', `${device}</devices>`);
const withElement = (element: string): string => plain.replace('<devices>', `${element}<devices>`);

/** RAM that others have mapped or that is a file, or whose writers QEMU does not see: `readGuestMemory` tells. */
const others: readonly (readonly [what: string, xml: string])[] = [
  [
    'RAM in a file, shared',
    withElement(
      "<memoryBacking><source type='file'/><access mode='shared'/><allocation mode='immediate'/></memoryBacking>",
    ),
  ],
  ['RAM in a file', withElement("<memoryBacking><source type='file'/></memoryBacking>")],
  ['memfd, shared', withElement("<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>")],
  [
    'a NUMA cell that is shared',
    plain.replace('</cpu>', "<numa><cell id='0' cpus='0' memory='65536' unit='KiB' memAccess='shared'/></numa></cpu>"),
  ],
  [
    'an interface of vhost-user',
    withDevice(
      "<interface type='vhostuser'><mac address='52:54:00:3b:83:1a'/><source type='unix' path='/tmp/vhost1.sock' mode='server'/><target dev='vhost-user1'/><model type='virtio'/><alias name='net0'/><address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></interface>",
    ),
  ],
  [
    'a disk of vhost-user',
    withDevice(
      "<disk type='vhostuser' device='disk' snapshot='no'><driver name='qemu' type='raw'/><source type='unix' path='/tmp/vhost-blk.sock'/><target dev='vdf' bus='virtio'/><alias name='virtio-disk5'/></disk>",
    ),
  ],
  [
    'a disk of vhost-vdpa',
    withDevice(
      "<disk type='vhostvdpa' device='disk' snapshot='no'><driver name='qemu' type='raw' cache='none' io='io_uring'/><source dev='/dev/vhost-vdpa-0'/><target dev='vdg' bus='virtio'/></disk>",
    ),
  ],
  [
    'a display of vhost-user',
    withDevice(
      "<video><driver name='vhostuser'/><model type='virtio' heads='1' primary='yes'/><alias name='video0'/></video>",
    ),
  ],
  [
    'an NVDIMM',
    withDevice(
      "<memory model='nvdimm' access='shared'><source><path>/tmp/nvdimm</path></source><target><size unit='KiB'>523264</size><node>0</node><label><size unit='KiB'>128</size></label></target><alias name='nvdimm0'/><address type='dimm' slot='0'/></memory>",
    ),
  ],
  [
    'RAM that is plugged',
    withDevice(
      "<memory model='dimm'><target><size unit='KiB'>524288</size><node>0</node></target><alias name='dimm0'/><address type='dimm' slot='0' base='0x100000000'/></memory>",
    ),
  ],
  ['encrypted RAM', withElement("<launchSecurity type='sev'><policy>0x0003</policy></launchSecurity>")],
];

/** Devices of which the VM itself tells. */
const devices: readonly (readonly [what: string, device: string, xml: string])[] = [
  [
    'a PCI device of the host',
    'hostDevice',
    withDevice(
      "<hostdev mode='subsystem' type='pci' managed='yes'><driver name='vfio'/><source><address domain='0x0000' bus='0x06' slot='0x02' function='0x0'/></source><alias name='hostdev0'/><address type='pci' domain='0x0000' bus='0x07' slot='0x00' function='0x0'/></hostdev>",
    ),
  ],
  [
    'a mediated device',
    'hostDevice',
    withDevice(
      "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-pci' display='off'><source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>",
    ),
  ],
  [
    'an interface that is a device of the host',
    'hostDevice',
    withDevice(
      "<interface type='hostdev' managed='yes'><mac address='52:54:00:6d:90:02'/><driver name='vfio'/><source><address type='pci' domain='0x0000' bus='0x00' slot='0x07' function='0x0'/></source></interface>",
    ),
  ],
  [
    'an interface of vDPA',
    'hostDevice',
    withDevice(
      "<interface type='vdpa'><mac address='52:54:00:6d:90:03'/><source dev='/dev/vhost-vdpa-0'/></interface>",
    ),
  ],
  [
    'a folder of the host by vhost-user-fs',
    'virtiofs',
    withDevice(
      "<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs' queue='1024'/><binary path='/usr/libexec/virtiofsd' xattr='on'/><source dir='/srv/share'/><target dir='share'/><alias name='fs0'/></filesystem>",
    ),
  ],
  [
    'a folder by a daemon of somebody else',
    'virtiofs',
    withDevice(
      "<filesystem type='mount'><driver type='virtiofs' queue='1024'/><source socket='/tmp/vhost-fs.sock'/><target dir='share'/></filesystem>",
    ),
  ],
  [
    'memory shared with other VMs',
    'shmem',
    withDevice("<shmem name='my_shmem0' role='peer'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"),
  ],
  [
    'a TPM, whose program has its own state',
    'tpm',
    withDevice("<tpm model='tpm-crb'><backend type='emulator' version='2.0'/><alias name='tpm0'/></tpm>"),
  ],
];

/** Nothing of these writes to the RAM beside QEMU. */
const harmless: readonly (readonly [what: string, xml: string])[] = [
  ['nothing of the kind', plain],
  ['memfd, private', withElement("<memoryBacking><source type='memfd'/></memoryBacking>")],
  ['pages that are locked', withElement('<memoryBacking><locked/><nosharepages/></memoryBacking>')],
  [
    'an interface of the kernel’s vhost',
    withDevice(
      "<interface type='network'><mac address='52:54:00:6d:90:01'/><source network='default' bridge='virbr0'/><target dev='vnet0'/><model type='virtio'/><driver name='vhost'/></interface>",
    ),
  ],
  [
    'a USB device of the host',
    withDevice(
      "<hostdev mode='subsystem' type='usb' managed='yes'><source><vendor id='0x1234'/><product id='0xbeef'/></source></hostdev>",
    ),
  ],
  [
    'a folder by 9p, which QEMU itself serves',
    withDevice(
      "<filesystem type='mount' accessmode='mapped'><source dir='/srv/share'/><target dir='share'/></filesystem>",
    ),
  ],
];

describe('RAM that is kept while the guest runs on', () => {
  let qemu: PretendedQemu;
  beforeEach(() => {
    qemu = new PretendedQemu();
  });
  const probed = (xml: string, how: 'look' | 'try' = 'try'): Promise<Seamless> => {
    qemu.xml = xml;
    const { connection, dom, capabilities, log } = qemu.context();
    const known = vm(parseDomainXml(xml));
    return probeSeamless({ connection, dom, vm: known, capabilities, access: qemu.access(), log }, how);
  };

  for (const [what, xml] of others) {
    it(`is never of a VM with ${what}`, async () => {
      assert.equal(readGuestMemory(xml).isQemusAlone, false);
      assert.deepEqual(await probed(xml), { kind: 'no', why: 'memory', ...saidOf(xml) });
      assert.ok(!qemu.calls.includes('migrate-set-capabilities'), 'QEMU was asked');
    });
  }

  for (const [what, device, xml] of devices) {
    it(`is never of a VM with ${what}`, async () => {
      assert.deepEqual(await probed(xml), { kind: 'no', why: 'memory', said: device });
      assert.ok(!qemu.calls.includes('migrate-set-capabilities'), 'QEMU was asked');
    });
  }

  for (const [what, xml] of harmless) {
    it(`may be of a VM with ${what}`, async () => {
      assert.equal(readGuestMemory(xml).isQemusAlone, true);
      assert.deepEqual(await probed(xml), { kind: 'yes' });
    });
  }

  it('is of no VM whose QEMU knows a device that stands against it', async () => {
    qemu.blockers = ["VFIO device doesn't support migration"];
    assert.deepEqual(await probed(plain), { kind: 'no', why: 'refused', said: qemu.blockers[0] });
  });

  it('is not asked of a VM that nobody has asked', async () => {
    assert.deepEqual(await probed(plain, 'look'), { kind: 'untried' });
    assert.ok(!qemu.calls.some((call) => call.includes('-')), qemu.calls.join());
  });

  it('is not where the host denied QEMU the file, until one succeeds; asked again, QEMU is tried', async () => {
    const { connection, dom, capabilities, log } = qemu.context();
    qemu.xml = plain;
    const known = vm(parseDomainXml(plain));
    const others = new OtherConnections(() => Promise.resolve(connection));
    const reader = new LibvirtReader(connection, capabilities, undefined);
    const asked = new AskedQemus({ connection, others, reader, capabilities, log });
    const looked = (how: 'look' | 'try' = 'look'): Promise<Seamless> => asked.seamless(known, how, qemu.access());
    const said = 'failed to truncate migration file: Permission denied';
    asked.noteSeamless({ notSeamless: 'the VM does not run' });
    assert.deepEqual(await looked(), { kind: 'untried' }, dom.name);
    asked.noteSeamless({ notSeamless: said });
    assert.deepEqual([await looked(), await looked('try')], [{ kind: 'no', why: 'refused', said }, { kind: 'yes' }]);
    asked.noteSeamless({ seamless: true });
    assert.deepEqual(await looked(), { kind: 'untried' });
  });

  it('tells what keeps QEMU from it: its user, the device that it does not see, or what it says itself', async () => {
    qemu.refuses.set('migrate-set-capabilities', 'Background-snapshot is not supported by host kernel');
    const whys: unknown[] = [];
    for (const may of ['no', 'byDevice', 'yes'] as const) {
      qemu.may = may;
      const found = await probed(plain);
      whys.push(found.kind === 'no' ? found.why : found.kind);
    }
    assert.deepEqual(whys, ['kernel', 'device', 'refused']);
  });
});

/** What a VM with plugged RAM tells: only what lasts. */
function saidOf(xml: string): { readonly said?: string } {
  const [said] = parseDomainXml(xml).devices ?? [];
  return said === undefined ? {} : { said };
}
