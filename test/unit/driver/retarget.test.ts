// Definitions out of snapshots, and RAM on other files: the disks change, the person's own settings stay.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { parseDomainXml } from '../../../src/driver/xml/domainXml.js';
import { writeDefinition, writeSavedDomain } from '../../../src/driver/xml/retarget.js';
import {
  attribute,
  elementsOf,
  find,
  parseXml,
  textOf,
  type XmlElement,
  XmlError,
} from '../../../src/driver/xml/xmlTree.js';

const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const memory = fixture('snapshotMemorySecure.xml');
const vm = { name: 'renamed & <new>', uuid: '6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10' };
const onNew = [{ target: 'vda', file: '/img/web.<7>' }];
const snapshot = (...inner: readonly string[]): string =>
  `<domainsnapshot><name>s</name>${inner.join('')}</domainsnapshot>`;
const domain = (devices: string, attributes = "type='kvm'"): string =>
  `<domain ${attributes}><name>old</name><uuid>${vm.uuid}</uuid><devices>${devices}</devices></domain>`;
const devicesOf = (definition: string): string => /<devices>(.*)<\/devices>/s.exec(definition)?.[1] ?? '';

describe('a definition out of a snapshot', () => {
  it("of libvirt is that VM's, under its present name, on the new files", () => {
    const written = parseDomainXml(writeDefinition(memory, vm, onNew));
    assert.deepEqual([written.name, written.uuid, written.title], [vm.name, vm.uuid, 'The web & test VM']);
    assert.deepEqual(
      written.disks.map(({ target, source, format, sourceType }) => [target, source, format, sourceType]),
      [
        ['vda', '/img/web.<7>', 'qcow2', 'file'],
        ['sda', undefined, 'raw', 'file'],
      ],
    );
  });

  it('keeps passwords, foreign metadata and comments', () => {
    const written = writeDefinition(memory, vm, onNew);
    assert.ok(written.includes('passwd="secret"') && written.includes('<!-- kept -->'));
    assert.ok(written.includes('xmlns:x="http://example.org/x"'));
  });

  it('differs from what the snapshot holds in the name and the disk alone', () => {
    const others = (part: XmlElement | undefined): unknown => [
      elementsOf(part!).filter(({ name }) => name !== 'devices' && name !== 'name'),
      elementsOf(find(part, 'devices')!).filter((device) => attribute(find(device, 'target'), 'dev') !== 'vda'),
    ];
    const after = others(parseXml(writeDefinition(memory, vm, onNew)));
    assert.deepEqual(after, others(find(parseXml(memory), 'inactiveDomain')));
  });

  it('is the persistent one, or the only one that there is', () => {
    const two = snapshot(
      domain('<audio id="live"/>'),
      domain('<audio id="kept"/>')
        .replace('<domain', '<inactiveDomain')
        .replace(/domain>$/, 'inactiveDomain>'),
    );
    assert.ok(writeDefinition(two, vm, []).includes('kept'));
    assert.ok(!writeDefinition(two, vm, []).includes('live'));
    assert.ok(writeDefinition(snapshot(domain('<audio id="live"/>')), vm, []).includes('live'));
  });

  const disks: readonly (readonly [what: string, before: string, after: string])[] = [
    [
      'a plain file',
      "<disk type='file' device='disk'><driver name='qemu' type='raw' discard='unmap'/><source file='/a'/><target dev='vda'/></disk>",
      '<disk type="file" device="disk"><driver name="qemu" type="qcow2" discard="unmap"/><source file="/new"/><target dev="vda"/></disk>',
    ],
    [
      'one with a chain, an index and a job',
      "<disk type='file'><driver type='qcow2'/><source file='/a' index='3'><dataStore type='file'/></source>" +
        "<backingStore type='file' index='1'><source file='/b'/><backingStore/></backingStore>" +
        "<mirror type='file' file='/m'/><target dev='vda'/><alias name='virtio-disk0'/></disk>",
      '<disk type="file"><driver name="qemu" type="qcow2"/><source file="/new"/><target dev="vda"/></disk>',
    ],
    [
      'a device, with what the person chose',
      "<disk type='block'><source dev='/dev/vg/a' startupPolicy='optional'><seclabel model='dac' relabel='no'/>" +
        "</source><target dev='vda'/><boot order='1'/><serial>x</serial><alias name='ua-mine'/></disk>",
      '<disk type="file"><driver name="qemu" type="qcow2"/><source file="/new" startupPolicy="optional">' +
        '<seclabel model="dac" relabel="no"/></source><target dev="vda"/><boot order="1"/><serial>x</serial>' +
        '<alias name="ua-mine"/></disk>',
    ],
    [
      'a volume',
      "<disk type='volume'><driver type='qcow2' cache='none'><metadata_cache/></driver><source pool='p' volume='v'/><target dev='vda'/></disk>",
      '<disk type="file"><driver name="qemu" type="qcow2" cache="none"><metadata_cache/></driver><source file="/new"/><target dev="vda"/></disk>',
    ],
  ];
  for (const [what, before, after] of disks) {
    it(`puts ${what} on the new file`, () => {
      const other = '<disk type="file"><source file="/o" index="9"/><backingStore/><target dev="vdb"/></disk>';
      const written = writeDefinition(snapshot(domain(before + other)), vm, [{ target: 'vda', file: '/new' }]);
      assert.equal(devicesOf(written), after + other);
    });
  }

  it('holds nothing of the run that the snapshot was taken of', () => {
    const live = domain(
      "<interface type='user'><alias name='net0'/><model type='virtio'/></interface><rng><alias name='ua-rng'/></rng>",
      "type='kvm' id='7'",
    );
    assert.equal(
      writeDefinition(snapshot(live), vm, []),
      `<domain type="kvm"><name>renamed &#38; &#60;new&#62;</name><uuid>${vm.uuid}</uuid><devices>` +
        '<interface type="user"><model type="virtio"/></interface><rng><alias name="ua-rng"/></rng></devices></domain>',
    );
  });

  const hostile: Readonly<Record<string, string>> = {
    'a VM': fixture('vmOff.xml'),
    'a snapshot without a configuration': snapshot(),
    'one of an ancient libvirt': snapshot(`<domain><uuid>${vm.uuid}</uuid></domain>`),
    'one without that disk': snapshot(domain("<disk><target dev='vdb'/></disk>")),
    'one with the disk twice': snapshot(domain("<disk><target dev='vda'/></disk>".repeat(2))),
    'one with an encrypted disk': snapshot(
      domain("<disk><source file='/a'><encryption format='luks'/></source><target dev='vda'/></disk>"),
    ),
    'one that is cut off': memory.slice(0, -40),
    nothing: '',
  };
  for (const [what, xml] of Object.entries(hostile)) {
    it(`is not written from ${what}`, () => {
      assert.throws(() => writeDefinition(xml, vm, onNew), XmlError);
    });
  }
});

describe('RAM of a file on other disks', () => {
  const saved = domain(
    "<disk type='file'><driver type='qcow2'/><source file='/a'/><target dev='vda'/></disk>",
    "type='kvm' id='3'",
  );
  const old = { name: 'old', uuid: vm.uuid };

  it('is of the same VM, and all but its disks stays', () => {
    const written = writeSavedDomain(saved, old, [{ target: 'vda', file: '/new' }]);
    assert.equal(parseDomainXml(written).disks[0]?.source, '/new');
    assert.equal(parseXml(written).attributes['id'], '3');
    assert.equal(textOf(find(parseXml(written), 'name')), 'old');
  });

  it('is refused when it is of another VM or another name, before libvirt is asked to start it', () => {
    assert.throws(() => writeSavedDomain(saved, vm, []), XmlError);
    assert.throws(() => writeSavedDomain(saved, { ...old, uuid: vm.uuid.replace('6', '7') }, []), XmlError);
    assert.throws(() => writeSavedDomain(saved, old, [{ target: 'vdz', file: '/x' }]), XmlError);
    for (const xml of ['', '<domain/>', snapshot(saved)]) {
      assert.throws(() => writeSavedDomain(xml, old, []), XmlError);
    }
  });
});
