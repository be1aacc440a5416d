// The configuration of VMs as libvirt 9.0 writes it, and the corners that it may have.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { parseDomainXml } from '../../../src/driver/xml/domainXml.js';
import { parseSnapshotHead } from '../../../src/driver/xml/snapshotXml.js';
import { XmlError } from '../../../src/driver/xml/xmlTree.js';

const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const uuid = '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10';
const domain = (inner: string): string => `<domain type='qemu'><name>vm</name><uuid>${uuid}</uuid>${inner}</domain>`;
const devices = (inner: string): string => domain(`<devices>${inner}</devices>`);

describe("a VM's configuration", () => {
  it('of one that runs: with its backing chain', () => {
    assert.deepEqual(parseDomainXml(fixture('vmRunning.xml')), {
      uuid,
      name: 'web-test',
      title: 'The web & test VM',
      memoryBytes: 64 * 1024 * 1024,
      disks: [
        {
          target: 'vda',
          device: 'disk',
          sourceType: 'file',
          format: 'qcow2',
          source: '/var/lib/libvirt/images/web.qcow2',
          readonly: false,
          shareable: false,
          backing: ['/var/lib/libvirt/images/base.qcow2'],
          layers: [{ type: 'file', format: 'qcow2', file: '/var/lib/libvirt/images/base.qcow2' }],
        },
        { target: 'sda', device: 'cdrom', sourceType: 'file', format: 'raw', readonly: true, shareable: false },
      ],
      firmware: 'bios',
      display: true,
      agentChannel: true,
      agentConnected: false,
      consoleLog: '/var/lib/libvirt/qemu/log/web-console.log',
      mentions: ['/var/lib/libvirt/qemu/log/web-console.log'],
    });
  });

  it('of one that is off: the chain is not told', () => {
    const vm = parseDomainXml(fixture('vmOff.xml'));
    assert.equal(vm.disks[0]?.source, '/var/lib/libvirt/images/web.ext1');
    assert.equal(vm.disks[0].backing, undefined);
  });

  const chains: readonly (readonly [string, string, readonly string[] | undefined])[] = [
    ['that ends at once', '<backingStore/>', []],
    ['that is not told', '', undefined],
    ['that is told in part', "<backingStore type='file'><source file='/b'/></backingStore>", undefined],
    [
      'with a network layer',
      "<backingStore type='network'><source protocol='nbd' name='export'/><backingStore/></backingStore>",
      ['network:export'],
    ],
  ];
  for (const [what, inner, backing] of chains) {
    it(`has a backing chain ${what}`, () => {
      const xml = devices(`<disk type='file'><source file='/a'/>${inner}<target dev='vda'/></disk>`);
      assert.deepEqual(parseDomainXml(xml).disks[0]?.backing, backing);
    });
  }

  it('has disks of all kinds', () => {
    const { disks } = parseDomainXml(
      devices(
        "<disk type='block' device='lun'><driver type='raw'/><source dev='/dev/sdx'/><target dev='sdb'/><shareable/></disk>" +
          "<disk type='network'><driver type='raw'/><source protocol='rbd' name='p/i'/><target dev='vdb'/></disk>" +
          "<disk type='volume'><source pool='p' volume='v'/><target dev='vdc'/><readonly/></disk>" +
          "<disk type='file' device='floppy'><target dev='fda'/></disk>",
      ),
    );
    assert.deepEqual(
      disks.map((d) => [d.target, d.device, d.sourceType, d.source, d.readonly, d.shareable]),
      [
        ['sdb', 'lun', 'block', '/dev/sdx', false, true],
        ['vdb', 'disk', 'network', undefined, false, false],
        ['vdc', 'disk', 'volume', undefined, true, false],
        ['fda', 'floppy', 'file', undefined, false, false],
      ],
    );
  });

  it('knows which files libvirt can go without', () => {
    const drive = (policy: string): string =>
      `<disk type='file' device='cdrom'><source file='/i'${policy}/><target dev='sda'/></disk>`;
    const policies = ['', " startupPolicy='mandatory'", " startupPolicy='requisite'", " startupPolicy='optional'"];
    assert.deepEqual(
      policies.map((policy) => parseDomainXml(devices(drive(policy))).disks[0]?.whenMissing),
      [undefined, undefined, 'requisite', 'optional'],
    );
  });

  const firmware: readonly (readonly [string, string])[] = [
    ['<os/>', 'bios'],
    ["<os><loader type='rom'>/x</loader></os>", 'bios'],
    ["<os><loader type='pflash'>/x</loader><nvram>/n</nvram></os>", 'uefiRawNvram'],
    ["<os firmware='efi'/>", 'uefiRawNvram'],
    ["<os firmware='efi'><nvram format='qcow2'>/n</nvram></os>", 'uefiQcow2Nvram'],
    ["<os firmware='bios'/>", 'bios'],
  ];
  for (const [os, expected] of firmware) {
    it(`with ${os} has firmware ${expected}`, () => {
      assert.equal(parseDomainXml(domain(os)).firmware, expected);
    });
  }

  const own = '0b5b1e8c-7d5b-4f0e-9c51-2f4dc3a1d6a7';
  const tpms: readonly (readonly [string, string | undefined])[] = [
    ["<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>", `/tpms/${own}/tpm2/tpm2-00.permall`],
    ["<tpm><backend type='emulator' version='1.2'/></tpm>", undefined],
    ["<tpm><backend type='passthrough' version='2.0'><device path='/dev/tpm0'/></backend></tpm>", undefined],
    [
      "<tpm><backend type='emulator' version='2.0'><source type='dir' path='/a/b/'/></backend></tpm>",
      '/a/b/tpm2-00.permall',
    ],
    ["<tpm><backend type='emulator' version='2.0'><source type='dir' path='a'/></backend></tpm>", undefined],
    ["<tpm><backend type='emulator' version='2.0'><source type='file' path='/a'/></backend></tpm>", undefined],
    ['', undefined],
  ];
  for (const [tpm, expected] of tpms) {
    it(`the state of a TPM: ${tpm}`, () => {
      const xml = `<domain><name>a</name><uuid>${own}</uuid><devices>${tpm}</devices></domain>`;
      assert.equal(parseDomainXml(xml, '/tpms').tpmState, expected);
      assert.equal(parseDomainXml(xml).tpmState, tpm.includes('/a/b/') ? expected : undefined);
    });
  }
  it('the state of a TPM of a VM whose UUID leads elsewhere', () => {
    const xml = `<domain><name>a</name><uuid>../../../../../../../../../../../etc/</uuid><devices>${tpms[0]![0]}</devices></domain>`;
    assert.equal(parseDomainXml(xml, '/tpms').tpmState, undefined);
  });

  const nvrams: readonly (readonly [string, string | undefined])[] = [
    ['<os/>', undefined],
    ["<os firmware='efi'/>", undefined],
    ["<os><loader type='pflash'>/x</loader><nvram template='/t'>/n/web_VARS.fd</nvram></os>", '/n/web_VARS.fd'],
    ["<os><nvram type='file'>\n  <source file='/n/a &amp; b'/>\n</nvram></os>", '/n/a & b'],
    ["<os><nvram type='network'><source protocol='nbd' name='n'/></nvram></os>", undefined],
    ['<os><nvram>relative</nvram></os>', undefined],
  ];
  for (const [os, expected] of nvrams) {
    it(`with ${os} has its variables in ${String(expected)}`, () => {
      assert.equal(parseDomainXml(domain(os)).nvram, expected);
    });
  }

  const special: readonly (readonly [string, readonly string[] | undefined])[] = [
    ["<memballoon/><interface type='network'/><channel type='unix'/>", undefined],
    ["<hostdev mode='subsystem' type='pci'/>", ['hostDevice']],
    ["<hostdev mode='subsystem' type='mdev'/><interface type='hostdev'/>", ['hostDevice']],
    ["<hostdev mode='subsystem' type='usb'/>", undefined],
    ["<filesystem type='mount'><driver type='virtiofs'/></filesystem>", ['virtiofs']],
    ["<filesystem type='mount'/><filesystem><driver type='path'/></filesystem>", ['9p']],
    [
      "<tpm model='tpm-crb'/><filesystem/><filesystem><driver type='virtiofs'/></filesystem><hostdev type='pci'/>",
      ['hostDevice', 'virtiofs', '9p', 'tpm'],
    ],
  ];
  for (const [xml, expected] of special) {
    it(`with ${xml} has ${String(expected)}`, () => {
      assert.deepEqual(parseDomainXml(devices(xml)).devices, expected);
    });
  }

  const arg = (...values: readonly string[]): string =>
    domain(`<qemu:commandline>${values.map((value) => `<qemu:arg value='${value}'/>`).join('')}</qemu:commandline>`);
  const drives: readonly (readonly [string, boolean])[] = [
    [arg('-drive', 'file=/d,if=none,id=d', '-device', 'nvme,drive=d'), true],
    [arg('--blockdev', '{"driver":"raw"}'), true],
    [arg('-hdb', '/d'), true],
    [arg('-drive', 'file=/d,readonly=on'), false],
    [arg('-drive', 'file=/d.iso,media=cdrom'), false],
    [arg('-blockdev', '{"driver":"raw","read-only":true}'), false],
    [arg('-device', 'virtio-crypto-pci'), false],
    [arg('-set', 'x=-drive'), false],
  ];
  for (const [xml, expected] of drives) {
    it(`has ${expected ? 'a' : 'no'} drive by ${xml}`, () => {
      assert.deepEqual(parseDomainXml(xml).devices, expected ? ['drive'] : undefined);
    });
  }

  for (const [title, xml, expected] of [
    ['as text', "<os firmware='efi'><nvram template='/t'>/a&amp;b</nvram><boot dev='hd'/></os>", '/a&b'],
    ['as a source', "<os><nvram type='file'><source file='/c'/></nvram></os>", '/c'],
    ['none where libvirt chooses it', "<os firmware='efi'><nvram/></os>", undefined],
    ['none of a device of that name', '<os/><devices><nvram><x/></nvram></devices>', undefined],
    ['not what somebody noted', '<metadata><os><nvram>/n</os></x></metadata><os><nvram>/d</nvram></os>', '/d'],
  ] as const) {
    it(`names the file of the UEFI variables of a snapshot: ${title}`, () => {
      const snapshot = `<domainsnapshot><name>s</name><domain>${xml}</domain></domainsnapshot>`;
      assert.equal(parseSnapshotHead(Buffer.from(snapshot)).nvram, expected);
    });
  }

  const vcpu = (enabled: string, hotpluggable: string): string =>
    `<vcpus><vcpu id='0' enabled='yes' hotpluggable='no' order='1'/><vcpu id='1' enabled='${enabled}' hotpluggable='${hotpluggable}'/></vcpus>`;
  for (const [xml, expected] of [
    [vcpu('yes', 'yes'), true],
    [vcpu('no', 'yes'), undefined],
    [vcpu('yes', 'no'), undefined],
    ['', undefined],
  ] as const) {
    it(`has ${expected === true ? '' : 'no '}processors that can be unplugged, as the VM and as its snapshot: ${xml}`, () => {
      assert.equal(parseDomainXml(domain(xml)).pluggedProcessors, expected);
      const snapshot = `<domainsnapshot><name>s</name>${domain(xml)}<inactiveDomain>${vcpu('yes', 'yes')}</inactiveDomain></domainsnapshot>`;
      assert.equal(parseSnapshotHead(Buffer.from(snapshot)).pluggedProcessors, expected);
    });
  }

  const disk = (inner: string): string => devices(`<disk type='file'><source file='/d'/>${inner}</disk>`);
  const layer = (format: string): string =>
    `<driver type='qcow2'/><backingStore type='file'><format type='${format}'/><source file='/b'/><backingStore/></backingStore>`;
  const doubts: readonly (readonly [string, boolean])[] = [
    [fixture('vmRunning.xml'), false],
    [fixture('vmOff.xml'), false],
    [devices("<hostdev type='usb'/><tpm><backend type='emulator'/></tpm><interface type='network'/>"), false],
    [domain('<qemu:commandline/>'), false],
    [arg('-device', 'virtio-crypto-pci'), true],
    [domain("<qemu:override><qemu:device alias='a'/></qemu:override>"), true],
    [devices("<crypto model='virtio'/>"), true],
    [devices("<iommu model='virtio'/>"), true],
    [devices("<interface type='vhostuser'/>"), true],
    [devices("<tpm><backend type='passthrough'/></tpm>"), true],
    [devices("<serial type='null'><target type='usb-serial' port='1'/></serial>"), true],
    [devices("<serial type='pty'><target type='isa-serial' port='0'/></serial>"), false],
    [devices("<video><model type='virtio'><acceleration accel3d='yes'/></model></video>"), true],
    [devices("<video><model type='virtio'><acceleration accel3d='no'/></model></video>"), false],
    [disk("<driver type='vmdk'/>"), true],
    [disk("<driver type='qcow2'/>"), false],
    [disk(''), false],
    [disk(layer('vmdk')), true],
    [disk(layer('raw')), false],
    [disk("<target bus='nvme'/>"), true],
    [devices("<disk type='vhostuser'/>"), true],
    [devices("<disk type='file' device='cdrom'/>"), false],
    [domain("<cpu migratable='off'/>"), true],
    [domain("<cpu><feature name='invtsc' policy='require'/></cpu>"), true],
    [domain("<cpu><feature name='vmx' policy='require'/></cpu>"), false],
    [domain("<launchSecurity type='sev'/>"), true],
  ];
  for (const [xml, expected] of doubts) {
    it(`is ${expected ? '' : 'not '}asked for its RAM: ${xml.slice(0, 200)}`, () => {
      assert.equal(parseDomainXml(xml).ramInDoubt === true, expected);
    });
  }

  it('knows whether somebody answers behind the agent channel', () => {
    const channel = (target: string): string =>
      devices(
        `<channel type='spicevmc'><target name='com.redhat.spice.0'/></channel><channel type='unix'>${target}</channel>`,
      );
    const state = (target: string): readonly boolean[] => {
      const { agentChannel, agentConnected } = parseDomainXml(channel(target));
      return [agentChannel, agentConnected];
    };
    assert.deepEqual(state("<target type='virtio' name='org.qemu.guest_agent.0' state='connected'/>"), [true, true]);
    assert.deepEqual(state("<target type='virtio' name='org.qemu.guest_agent.0' state='disconnected'/>"), [
      true,
      false,
    ]);
    assert.deepEqual(state("<target type='virtio' name='other.0' state='connected'/>"), [false, false]);
  });

  const consoles: readonly (readonly [string, string | undefined])[] = [
    ["<serial type='pty'/>", undefined],
    ["<serial type='pty'/><serial type='pty'><log file='/second.log'/></serial>", '/second.log'],
    ["<serial type='file'><source path='/serial.out'/></serial>", '/serial.out'],
    ["<serial type='pty'><source path='/dev/pts/1'/></serial>", undefined],
    ["<console type='pty'><log file='/virtio.log'/></console>", '/virtio.log'],
  ];
  for (const [xml, log] of consoles) {
    it(`with ${xml} logs to ${String(log)}`, () => {
      assert.equal(parseDomainXml(devices(xml)).consoleLog, log);
    });
  }

  it('counts memory in bytes whatever the unit', () => {
    assert.equal(parseDomainXml(domain("<memory unit='GiB'>2</memory>")).memoryBytes, 2 * 1024 ** 3);
    assert.equal(parseDomainXml(domain('<memory>1024</memory>')).memoryBytes, 1024 ** 2);
    assert.equal(parseDomainXml(domain('<memory>much</memory>')).memoryBytes, 0);
  });

  it('of a VM without devices and with unknown elements is read', () => {
    assert.deepEqual(parseDomainXml(domain('<future><devices/></future><title/>')).disks, []);
  });

  for (const xml of ['<domain/>', '<domain><name>x</name></domain>', '<network><name>x</name></network>', 'x']) {
    it(`is not found in ${xml}`, () => {
      assert.throws(() => parseDomainXml(xml), XmlError);
    });
  }
});
