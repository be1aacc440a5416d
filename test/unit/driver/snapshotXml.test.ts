// Snapshot documents as libvirt 9.0 writes them, hostile ones, and those that we write.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { parseFrozenDisks, parseSnapshotHead, writeSnapshotXml } from '../../../src/driver/xml/snapshotXml.js';
import { element, find, parseXml, textOf, writeXml, XmlError } from '../../../src/driver/xml/xmlTree.js';
import { writeDescription } from '../../../src/domain/description.js';
import type { Step } from '../../../src/steps/step.js';

const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const bytes = (xml: string): Uint8Array => new TextEncoder().encode(xml);
const external = fixture('snapshotExternal.xml');
const memory = fixture('snapshotMemorySecure.xml');

/** A snapshot with these elements in its head. */
const head = (...elements: readonly string[]): Uint8Array =>
  bytes(
    `<domainsnapshot>\n  <name>s</name>\n${elements.join('\n')}\n  <domain type='qemu'><name>vm</name></domain></domainsnapshot>`,
  );

describe('the head of a snapshot', () => {
  it('of an external, disk-only one', () => {
    assert.deepEqual(parseSnapshotHead(bytes(external)), {
      name: 'ext1',
      title: 'ext1',
      description: '',
      trailers: {},
      parent: 'mem1',
      createdAt: Number(/<creationTime>(\d+)/.exec(external)?.[1]) * 1_000,
      state: 'disk-snapshot',
      memory: { location: 'no' },
      disks: [
        { target: 'vda', location: 'external', file: '/var/lib/libvirt/images/web.ext1', deleteInProgress: false },
        { target: 'sda', location: 'no', deleteInProgress: false },
      ],
      kind: 'disk',
      style: 'external',
    });
  });

  it('of an internal one with memory and a description of several lines', () => {
    const read = parseSnapshotHead(bytes(memory));
    assert.equal(read.description, `A <b> & "c" 'd'\nline two`);
    assert.deepEqual(
      [read.kind, read.style, read.state, read.memory, read.parent],
      ['memory', 'internal', 'running', { location: 'internal' }, 'off1'],
    );
  });

  it('takes the title and the other trailers from the description', () => {
    const description = writeDescription('why', { title: 'A <title> & more', guestPausedMs: 143 });
    const xml = writeXml(
      element('domainsnapshot', {}, [element('name', {}, ['s']), element('description', {}, [description])]),
    );
    const read = parseSnapshotHead(bytes(xml));
    assert.equal(read.title, 'A <title> & more');
    assert.equal(read.description, 'why');
    assert.equal(read.trailers.guestPausedMs, 143);
  });

  const states: readonly (readonly [string, string, string])[] = [
    ['running', 'running', 'memory'],
    ['blocked', 'running', 'memory'],
    ['paused', 'paused', 'memory'],
    ['shutdown', 'off', 'offline'],
    ['shutoff', 'off', 'offline'],
    ['crashed', 'crashed', 'offline'],
    ['pmsuspended', 'pmsuspended', 'offline'],
    ['disk-snapshot', 'disk-snapshot', 'disk'],
    ['something of the year 2040', 'unknown', 'offline'],
  ];
  for (const [word, state, kind] of states) {
    it(`in state "${word}" and without a memory element is ${state}, ${kind}`, () => {
      const read = parseSnapshotHead(head(`<state>${word}</state>`));
      assert.deepEqual([read.state, read.kind], [state, kind]);
    });
  }

  it('knows external memory, its file and an unfinished delete', () => {
    const read = parseSnapshotHead(
      head(
        '<state>paused</state>',
        "<memory snapshot='external' file='/m/s.mem'/>",
        "<disks><disk name='vda' snapshot='external' type='block'><source dev='/dev/vg/s'/><snapshotDeleteInProgress/></disk>",
        "<disk name='vdb' snapshot='manual'/></disks>",
      ),
    );
    assert.deepEqual(read.memory, { location: 'external', file: '/m/s.mem' });
    assert.deepEqual(read.disks, [
      { target: 'vda', location: 'external', file: '/dev/vg/s', deleteInProgress: true },
      { target: 'vdb', location: 'manual', deleteInProgress: false },
    ]);
  });

  it('knows the overlay that the VM got when it was reverted to a snapshot with children', () => {
    const one = (file: string): string => `<disk name='vda' snapshot='external'><source file='${file}'/></disk>`;
    const [read, plain] = [`<revertDisks>${one('/r')}</revertDisks>`, ''].map((revertDisks) =>
      parseSnapshotHead(head('<state>shutoff</state>', `<disks>${one('/d')}</disks>`, revertDisks)),
    );
    assert.deepEqual(
      [read?.disks, read?.revertDisks].map((disks) => disks?.map(({ file }) => file)),
      [['/d'], ['/r']],
    );
    assert.equal(plain?.revertDisks, undefined);
  });

  it('passes over elements that it does not know', () => {
    const read = parseSnapshotHead(
      head(
        "<future deep='1'><name>not this</name></future>",
        '<state>shutoff</state>',
        '<revertedDisks><disk/></revertedDisks>',
      ),
    );
    assert.deepEqual([read.name, read.state, read.disks], ['s', 'off', []]);
  });

  it('ends before <domain>, whatever stands in it and however it is written', () => {
    for (const domain of ['<domain>', "<domain type='qemu'>", '<domain\n>', '<domain/>']) {
      const broken = bytes(`<domainsnapshot><name>s</name>${domain}<not closed & broken`);
      assert.equal(parseSnapshotHead(broken).name, 's', domain);
    }
  });

  it('is not cut short by a description that speaks of <domain>', () => {
    const description = 'a <domain type="kvm"> and </description>';
    const xml = writeXml(
      element('domainsnapshot', {}, [
        element('name', {}, ['s']),
        element('description', {}, [description]),
        element('state', {}, ['shutoff']),
        element('domain', {}, [element('name', {}, ['other'])]),
      ]),
    );
    const read = parseSnapshotHead(bytes(xml));
    assert.deepEqual([read.description, read.state], [description, 'off']);
  });

  it('without a domain is read whole', () => {
    assert.equal(parseSnapshotHead(bytes('<domainsnapshot><name>s</name></domainsnapshot>')).name, 's');
  });

  it('takes a creation time that is none as 1970', () => {
    assert.equal(parseSnapshotHead(head('<creationTime>yesterday</creationTime>')).createdAt, 0);
    assert.equal(parseSnapshotHead(head('<creationTime>1e999</creationTime>')).createdAt, 0);
    // What milliseconds could not hold exactly would come back from the journal as another time.
    assert.equal(parseSnapshotHead(head('<creationTime>9007199254740991</creationTime>')).createdAt, 0);
  });

  it('is read at an offset of a larger buffer', () => {
    const padded = Buffer.concat([Buffer.from('<domain '), bytes(external), Buffer.from('x')]);
    const view = new Uint8Array(padded.buffer, padded.byteOffset + 8, padded.length - 9);
    assert.equal(parseSnapshotHead(view).name, 'ext1');
  });

  for (const [what, xml] of Object.entries({
    nothing: '',
    'a VM': fixture('vmOff.xml'),
    'a snapshot without a name': '<domainsnapshot><state>running</state></domainsnapshot>',
    'a snapshot with an empty name': '<domainsnapshot><name/></domainsnapshot>',
    'a head that is cut off': '<domainsnapshot><name>s</na',
    'an entity': '<domainsnapshot><name>&s;</name></domainsnapshot>',
  })) {
    it(`is not found in ${what}`, () => {
      assert.throws(() => parseSnapshotHead(bytes(xml)), XmlError);
    });
  }
});

describe('the disks inside a snapshot', () => {
  it('are the frozen files of <domain>', () => {
    assert.deepEqual(
      parseFrozenDisks(external).map(({ target, source, format, device }) => [target, source, format, device]),
      [
        ['vda', '/var/lib/libvirt/images/web.qcow2', 'qcow2', 'disk'],
        ['sda', undefined, 'raw', 'cdrom'],
      ],
    );
  });

  it('are those of both documents, and tell which has one alone', () => {
    const part = (name: string, ...targets: readonly string[]): string =>
      `<${name}><devices>${targets.map((target) => `<disk><source file='/${name}'/><target dev='${target}'/></disk>`).join('')}</devices></${name}>`;
    const both = `<domainsnapshot>${part('domain', 'vda', 'vdb')}${part('inactiveDomain', 'vda', 'vdc')}</domainsnapshot>`;
    assert.deepEqual(
      parseFrozenDisks(both).map(({ target, source, only }) => [target, source, only]),
      [
        ['vda', '/domain', undefined],
        ['vdb', '/domain', 'running'],
        ['vdc', '/inactiveDomain', 'configured'],
      ],
    );
  });

  it('come from <inactiveDomain> when there is no other, and are none when there is neither', () => {
    const only = external.replace(/ {2}<domain type.*<\/domain>\n/s, '');
    assert.ok(!only.includes('<domain '));
    assert.equal(parseFrozenDisks(only)[0]?.source, '/var/lib/libvirt/images/web.qcow2');
    assert.deepEqual(parseFrozenDisks('<domainsnapshot><name>s</name></domainsnapshot>'), []);
  });
});

const createStep: Extract<Step, { kind: 'createSnapshot' }> = {
  kind: 'createSnapshot',
  name: 's1',
  description: '',
  snapshotKind: 'memory',
  style: 'internal',
  quiesce: false,
  disks: [{ target: 'vda' }],
};

describe('the document for a new snapshot', () => {
  it('is this for each style and kind', () => {
    const disks = [{ target: 'vda', file: '/i/web.s1' }];
    const overlay = '<driver type="qcow2"/><source file="/i/web.s1"/>';
    const expected: readonly (readonly [Partial<typeof createStep>, string])[] = [
      [{}, '<memory snapshot="internal"/><disks><disk name="vda" snapshot="internal"/>'],
      [{ snapshotKind: 'offline' }, '<memory snapshot="no"/><disks><disk name="vda" snapshot="internal"/>'],
      [
        { style: 'external', disks, memoryFile: '/i/web.mem' },
        `<memory snapshot="external" file="/i/web.mem"/><disks><disk name="vda" snapshot="external" type="file">${overlay}</disk>`,
      ],
      [
        { style: 'external', snapshotKind: 'disk', disks },
        `<memory snapshot="no"/><disks><disk name="vda" snapshot="external" type="file">${overlay}</disk>`,
      ],
      [
        { style: 'external', snapshotKind: 'offline', disks: [{ target: 'vda', file: '/dev/vg/s1' }] },
        '<memory snapshot="no"/><disks><disk name="vda" snapshot="external" type="block"><driver type="qcow2"/><source dev="/dev/vg/s1"/></disk>',
      ],
      [
        { style: 'external', snapshotKind: 'offline', disks: [{ target: 'vda', file: '/dev/shm/s1' }] },
        '<memory snapshot="no"/><disks><disk name="vda" snapshot="external" type="file"><driver type="qcow2"/><source file="/dev/shm/s1"/></disk>',
      ],
      [
        { style: 'external', snapshotKind: 'offline', disks: [{ target: 'vda' }] },
        '<memory snapshot="no"/><disks><disk name="vda" snapshot="external"/>',
      ],
    ];
    for (const [change, xml] of expected) {
      assert.equal(
        writeSnapshotXml({ ...createStep, ...change }, ['vda', 'sda']),
        `<domainsnapshot><name>s1</name>${xml}<disk name="sda" snapshot="no"/></disks></domainsnapshot>`,
      );
    }
  });

  it('of a VM without disks names none', () => {
    assert.equal(
      writeSnapshotXml({ ...createStep, disks: [] }, []),
      '<domainsnapshot><name>s1</name><memory snapshot="internal"/></domainsnapshot>',
    );
  });

  it('keeps names, texts and paths apart from the markup', () => {
    const nasty = `<&"'>]]></name>`;
    const xml = parseXml(
      writeSnapshotXml(
        { ...createStep, style: 'external', name: nasty, description: nasty, disks: [{ target: nasty, file: nasty }] },
        [],
      ),
    );
    assert.equal(textOf(find(xml, 'name')), nasty);
    assert.equal(textOf(find(xml, 'description')), nasty);
    assert.deepEqual(find(xml, 'disks', 'disk', 'source')?.attributes['file'], nasty);
  });
});
