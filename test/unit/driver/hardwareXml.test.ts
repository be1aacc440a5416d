// Hardware to compare: what makes no noise, what is told apart, and documents that mean harm.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { readHardware } from '../../../src/driver/xml/hardwareXml.js';
import { parseXml, XmlError } from '../../../src/driver/xml/xmlTree.js';
import { compareHardware } from '../../../src/domain/hardware.js';

const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const domain = (inner: string): string => `<domain type='qemu'><name>vm</name>${inner}</domain>`;
const device = (inner: string): string => domain(`<devices>${inner}</devices>`);

describe('hardware', () => {
  const same: readonly (readonly [string, string, string])[] = [
    [
      'the order of attributes',
      device("<disk type='file' device='disk'/>"),
      device("<disk device='disk' type='file'/>"),
    ],
    ['white space and quotes', domain("<vcpu a='1'>2</vcpu>"), domain('\n  <vcpu  a="1">\n 2 </vcpu>\n')],
    ['comments', domain('<vcpu>1</vcpu>'), domain('<!-- one --><vcpu>1</vcpu>')],
    ['the id of a VM that runs', domain(''), "<domain type='qemu' id='7'><name>vm</name></domain>"],
    ['aliases of libvirt', device('<disk/>'), device("<disk><alias name='virtio-disk0'/></disk>")],
    ['labels of security drivers', domain(''), domain("<seclabel type='dynamic'><label>x</label></seclabel>")],
    [
      'backing chains',
      device('<disk/>'),
      device("<disk><backingStore type='file'><source file='/b'/></backingStore></disk>"),
    ],
    [
      'the number of a source',
      device("<disk><source file='/a'/></disk>"),
      device("<disk><source index='3' file='/a'/></disk>"),
    ],
    ['the name of a tap', device('<interface/>'), device("<interface><target dev='vnet4'/></interface>")],
    [
      'a pty',
      device("<serial type='pty'><source/></serial>"),
      device("<serial type='pty'><source path='/dev/pts/4'/></serial>"),
    ],
    [
      'a port that libvirt chose',
      device("<graphics autoport='yes'/>"),
      device("<graphics port='5901' autoport='yes'/>"),
    ],
    ['metadata', domain(''), domain("<metadata><x:y xmlns:x='u'>z</x:y></metadata>")],
  ];
  for (const [what, one, other] of same) {
    it(`is the same whatever ${what} is`, () => {
      assert.equal(readHardware(one).xml, readHardware(other).xml);
      assert.deepEqual(compareHardware(readHardware(one), readHardware(other)), []);
    });
  }

  const different: readonly (readonly [string, string, string])[] = [
    ['an alias of the user', device('<disk/>'), device("<disk><alias name='ua-mine'/></disk>")],
    ['the order of devices', device('<disk/><sound/>'), device('<sound/><disk/>')],
    ['a port that somebody chose', device("<graphics port='5901'/>"), device("<graphics port='5902'/>")],
    [
      'a path of a socket',
      device("<serial><source path='/a'/></serial>"),
      device("<serial><source path='/b'/></serial>"),
    ],
  ];
  for (const [what, one, other] of different) {
    it(`tells ${what}`, () => assert.notEqual(readHardware(one).xml, readHardware(other).xml));
  }

  it('of a snapshot is what was configured, as the VM itself tells it', () => {
    const [snapshot, vm] = [readHardware(fixture('snapshotExternal.xml')), readHardware(fixture('vmOff.xml'))];
    assert.deepEqual(
      compareHardware(snapshot, vm).map(({ part, id, how }) => [part, id, how]),
      [['disk', 'vda', 'changed']],
    );
  });

  it('of a VM that runs differs from the configured one by nothing that libvirt filled in', () => {
    const items = (name: string): readonly string[] => readHardware(fixture(name)).items.map(({ id }) => id);
    assert.deepEqual(items('vmRunning.xml').toSorted(), items('vmOff.xml').toSorted());
  });

  it('reads as XML, one element to a line', () => {
    const { xml } = readHardware(device("<disk device='disk'><source file='/a &amp; b'/></disk>"));
    assert.equal(parseXml(xml).name, 'domain');
    assert.deepEqual(
      xml.split('\n').map((line) => line.trim()),
      [
        '<domain type="qemu">',
        '<name>vm</name>',
        '<devices>',
        '<disk device="disk">',
        '<source file="/a &#38; b"/>',
        '</disk>',
        '</devices>',
        '</domain>',
        '',
      ],
    );
  });

  it('names the facts that people ask for', () => {
    const facts = (xml: string): unknown[] =>
      readHardware(xml)
        .items.slice(1)
        .map((one) => [one.part, one.id, one.facts]);
    assert.deepEqual(facts(domain("<memory unit='MiB'>64</memory>")), [['memory', 'memory', { bytes: '67108864' }]]);
    assert.deepEqual(facts(domain('<vcpu>4</vcpu>')), [['cpu', 'vcpu', { count: '4' }]]);
    assert.deepEqual(
      facts(
        device(
          "<disk device='disk'><driver type='qcow2'/><source file='/a'/><target dev='vdb' bus='virtio'/></disk>" +
            "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/></interface>",
        ),
      ),
      [
        ['disk', 'vdb', { kind: 'disk', file: '/a', format: 'qcow2', bus: 'virtio' }],
        ['network', '52:54:00:00:00:01', { kind: 'network', source: 'default' }],
      ],
    );
  });

  it('is not read from what is no VM, declares entities, or is nested without end', () => {
    for (const xml of [
      '<domainsnapshot><name>x</name></domainsnapshot>',
      '<pool/>',
      '<!DOCTYPE domain [<!ENTITY a "b">]><domain/>',
      `<domain>${'<a>'.repeat(2_000)}${'</a>'.repeat(2_000)}</domain>`,
      '<domain>',
    ]) {
      assert.throws(() => readHardware(xml), XmlError);
    }
  });

  it('does not grow without bounds by the white space of a deep document', () => {
    const wide = `<a>${'<b/>'.repeat(1_000)}</a>`;
    const deep = `<domain>${'<a>'.repeat(400)}${wide}${'</a>'.repeat(400)}</domain>`;
    assert.ok(readHardware(deep).xml.length < deep.length * 20);
  });

  it('keeps markup in names as text', () => {
    const { xml, items } = readHardware(device("<disk><target dev='&lt;b&gt;&quot;'/></disk>"));
    assert.equal(items[1]?.id, '<b>"');
    assert.ok(!xml.includes('<b>'));
  });
});
