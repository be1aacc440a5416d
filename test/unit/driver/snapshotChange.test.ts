// Snapshot documents with something changed: only that changes, whatever else stands in them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import {
  redescribe,
  renameSnapshot,
  withOverlays,
  onFrozenFiles,
  withFilesMoved,
  withBackingChains,
  withoutDeleteMarks,
  withParent,
} from '../../../src/driver/xml/snapshotChange.js';
import { parseSnapshotHead } from '../../../src/driver/xml/snapshotXml.js';
import { find, findAll, parseXml, textOf, XmlError } from '../../../src/driver/xml/xmlTree.js';

const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const external = fixture('snapshotExternal.xml');
const memory = fixture('snapshotMemorySecure.xml');

/** All elements but these. */
const without = (xml: string, ...names: readonly string[]): unknown =>
  parseXml(xml).children.filter((node) => typeof node === 'string' || !('name' in node) || !names.includes(node.name));
const elementsWithout = (xml: string, ...names: readonly string[]): unknown =>
  parseXml(xml).children.filter((node) => typeof node !== 'string' && 'name' in node && !names.includes(node.name));
const head = (xml: string): ReturnType<typeof parseSnapshotHead> => parseSnapshotHead(Buffer.from(xml));

describe('another description', () => {
  it('changes nothing else, passwords and foreign metadata included', () => {
    const changed = redescribe(memory, 'new <text>');
    assert.deepEqual(without(changed, 'description'), without(memory, 'description'));
    assert.equal(textOf(find(parseXml(changed), 'description')), 'new <text>');
    assert.ok(changed.includes('passwd="secret"') && changed.includes('<!-- kept -->'));
  });

  it('comes where there was none, and the only one where there were two', () => {
    assert.equal(textOf(find(parseXml(redescribe(external, 'first')), 'description')), 'first');
    const two =
      '<domainsnapshot><name>s</name><description>1</description><description>2</description></domainsnapshot>';
    assert.equal(findAll(parseXml(redescribe(two, '3')), 'description').length, 1);
  });

  it('goes when it is empty', () => {
    assert.equal(find(parseXml(redescribe(memory, '')), 'description'), undefined);
  });
});

describe('another name', () => {
  it('comes with a description of its own, and with nothing else', () => {
    const changed = renameSnapshot(memory, '<new>', 'Title: x');
    assert.deepEqual([head(changed).name, head(changed).description], ['<new>', 'Title: x']);
    assert.deepEqual(without(changed, 'name', 'description'), without(memory, 'name', 'description'));
    assert.equal(findAll(parseXml(changed), 'name').length, 1);
    assert.equal(find(parseXml(changed), 'domain', 'name')?.children[0], 'web-test', "the VM's own name stays");
  });
});

describe('another parent', () => {
  it('takes the place of the one that was there', () => {
    const changed = withParent(external, 'p & q');
    assert.equal(head(changed).parent, 'p & q');
    assert.deepEqual(elementsWithout(changed, 'parent'), elementsWithout(external, 'parent'));
    assert.equal(findAll(parseXml(changed), 'parent').length, 1);
  });

  it('comes where there was none', () => {
    const changed = withParent('<domainsnapshot><name>s</name><state>running</state></domainsnapshot>', 'p');
    assert.equal(
      changed,
      '<domainsnapshot><name>s</name><parent><name>p</name></parent><state>running</state></domainsnapshot>',
    );
  });
});

describe('no parent any more', () => {
  it('makes it a root, and changes nothing else', () => {
    const changed = withParent(external);
    assert.equal(head(changed).parent, undefined);
    assert.deepEqual(elementsWithout(changed, 'parent'), elementsWithout(external, 'parent'));
  });
});

describe('other overlays', () => {
  const disk = (name: string, inner: string): string => `<disk name="${name}" snapshot="external" ${inner}</disk>`;
  const both = [
    disk('vda', 'type="file"><driver type="qcow2"/><source file="/a.s"/>'),
    disk('vdb', 'type="block"><driver type="qcow2"/><source dev="/dev/b"/><snapshotDeleteInProgress/>'),
    '<disk name="sda" snapshot="no"/>',
  ].join('');
  const xml = `<domainsnapshot><name>s</name><disks>${both}</disks><revertDisks><disk name="vda"/></revertDisks><domain/></domainsnapshot>`;

  it('stand where the old ones stood; what a revert noted goes', () => {
    const changed = withOverlays(xml, [{ target: 'vdb', file: '/b<7>' }]);
    const expected = [
      disk('vda', 'type="file"><driver type="qcow2"/><source file="/a.s"/>'),
      disk('vdb', 'type="file"><driver type="qcow2"/><source file="/b&#60;7&#62;"/><snapshotDeleteInProgress/>'),
      '<disk name="sda" snapshot="no"/>',
    ].join('');
    assert.equal(changed, `<domainsnapshot><name>s</name><disks>${expected}</disks><domain/></domainsnapshot>`);
  });

  it('of a document of libvirt change nothing in its <domain>', () => {
    const changed = withOverlays(external, [{ target: 'vda', file: '/new' }]);
    assert.deepEqual(elementsWithout(changed, 'disks'), elementsWithout(external, 'disks'));
    assert.deepEqual(
      head(changed).disks.map(({ target, location, file }) => [target, location, file]),
      [
        ['vda', 'external', '/new'],
        ['sda', 'no', undefined],
      ],
    );
  });

  it('are refused for a disk that has no external part', () => {
    for (const target of ['sda', 'vdz', '']) {
      assert.throws(() => withOverlays(xml, [{ target, file: '/x' }]), XmlError);
    }
    assert.throws(() => withOverlays(memory, [{ target: 'vda', file: '/x' }]), XmlError);
  });
});

describe('files that were moved', () => {
  it('have other names as disks, as what is below these, and as RAM, and nowhere else', () => {
    const layer = (file: string): string =>
      `<backingStore type="file"><format type="raw"/><source file="${file}"/></backingStore>`;
    const domain = (file: string): string =>
      `<domain><metadata><source file="/a"/></metadata><devices><disk type="file"><source file="${file}"/>${layer(file)}<target dev="vda"/></disk>` +
      '<serial type="file"><source path="/a" file="/a"/></serial></devices></domain>';
    const xml = (file: string): string =>
      `<domainsnapshot><name>/a</name><description>/a</description><memory snapshot="external" file="${file}"/>` +
      `<disks><disk name="vda"><source file="${file}"/></disk></disks><revertDisks><disk name="vda"><source dev="${file}"/></disk></revertDisks>` +
      `${domain(file)}<inactiveDomain/></domainsnapshot>`;
    assert.equal(withFilesMoved(xml('/a'), [{ from: '/a', to: '/b' }]), xml('/b'));
    assert.equal(withFilesMoved(xml('/a/b'), [{ from: '/a', to: '/b' }]), xml('/a/b'));
  });
});

describe('marks of a delete that broke off', () => {
  it('go from each disk, and nothing else does', () => {
    const marked = external.replace(/<\/disk>/, '  <snapshotDeleteInProgress/>$&');
    assert.equal(head(marked).disks[0]?.deleteInProgress, true);
    const cleared = withoutDeleteMarks(marked) ?? '';
    assert.equal(head(cleared).disks[0]?.deleteInProgress, false);
    assert.deepEqual(elementsWithout(cleared, 'disks'), elementsWithout(external, 'disks'));
    assert.equal(head(cleared).disks[0]?.file, head(external).disks[0]?.file);
  });

  it('are not there in most', () => {
    assert.equal(withoutDeleteMarks(external), undefined);
    assert.equal(withoutDeleteMarks('<domainsnapshot><name>s</name></domainsnapshot>'), undefined);
  });
});

describe('the files with a snapshot’s content', () => {
  it('are others in both configurations, and nothing else changes', () => {
    const moved = onFrozenFiles(memory, [{ target: 'vda', file: '/img/other', format: 'raw' }]);
    const sources = ['domain', 'inactiveDomain'].map((name) => {
      const disk = findAll(find(find(parseXml(moved), name), 'devices'), 'disk').find(
        (one) => find(one, 'target')?.attributes['dev'] === 'vda',
      );
      return [
        find(disk, 'source')?.attributes['file'],
        find(disk, 'driver')?.attributes['type'],
        find(disk, 'backingStore'),
      ];
    });
    assert.deepEqual(sources, Array(2).fill(['/img/other', 'raw', undefined]));
    const both = ['domain', 'inactiveDomain'];
    assert.deepEqual(elementsWithout(moved, ...both), elementsWithout(memory, ...both));
    assert.throws(() => onFrozenFiles(memory, [{ target: 'vdz', file: '/img/other', format: 'raw' }]), XmlError);
  });
});

describe('layers that are told', () => {
  const disk = (target: string, inner = ''): string => `<disk>${inner}<target dev='${target}'/></disk>`;
  const source = (file: string): string => `<source file='${file}'/>`;
  const holding = (running: string, configured = ''): string =>
    `<domainsnapshot><name>s</name><domain><devices>${running}</devices></domain>` +
    `<inactiveDomain><devices>${configured}</devices></inactiveDomain></domainsnapshot>`;
  const below = [
    { type: 'file', format: 'qcow2', file: '/img/<a>' },
    { type: 'block', format: 'raw', file: '/dev/b' },
  ];
  const disksIn = (xml: string | undefined, name: string): readonly ReturnType<typeof parseXml>[] =>
    findAll(find(parseXml(xml ?? ''), name, 'devices'), 'disk');

  it('are those of the disk, in the order that libvirt reads, and end openly', () => {
    const both = disk('vda', source('/img/x'));
    const xml = withBackingChains(holding(both + disk('vdb'), both), [{ target: 'vda', below }]);
    for (const name of ['domain', 'inactiveDomain']) {
      const [vda] = disksIn(xml, name);
      const top = find(vda, 'backingStore');
      assert.deepEqual(top?.attributes, { type: 'file' });
      assert.deepEqual(find(top, 'source')?.attributes, { file: '/img/<a>' });
      assert.deepEqual(find(top, 'format')?.attributes, { type: 'qcow2' });
      const base = find(top, 'backingStore');
      assert.deepEqual([base?.attributes, find(base, 'source')?.attributes], [{ type: 'block' }, { dev: '/dev/b' }]);
      assert.equal(find(base, 'backingStore'), undefined);
    }
    assert.equal(find(disksIn(xml, 'domain')[1], 'backingStore'), undefined);
  });

  it('are none of a disk that stands alone, which ends its chain', () => {
    const xml = withBackingChains(holding(disk('sda')), [{ target: 'sda', below: [] }]);
    assert.deepEqual(find(disksIn(xml, 'domain')[0], 'backingStore'), {
      name: 'backingStore',
      attributes: {},
      children: [],
    });
  });

  it('stay where some are told already, and where the configuration has another file', () => {
    const told = disk('vda', `${source('/img/x')}<backingStore/>`);
    assert.equal(withBackingChains(holding(told), [{ target: 'vda', below }]), undefined);
    const other = holding(disk('vda', source('/img/x')), disk('vda', source('/img/y')));
    const [configured] = disksIn(withBackingChains(other, [{ target: 'vda', below }]), 'inactiveDomain');
    assert.equal(find(configured, 'backingStore'), undefined);
  });
});

describe('a change', () => {
  const changes: Readonly<Record<string, (xml: string) => unknown>> = {
    redescribe: (xml) => redescribe(xml, 'x'),
    renamed: (xml) => renameSnapshot(xml, 'x', ''),
    withParent: (xml) => withParent(xml, 'x'),
    withOverlays: (xml) => withOverlays(xml, []),
    onFrozenFiles: (xml) => onFrozenFiles(xml, []),
    withLayersTold: (xml) => withBackingChains(xml, []),
    withoutDeleteMarks,
  };
  const hostile = [
    fixture('vmOff.xml'),
    '<domainsnapshot/>',
    '',
    '<domainsnapshot><name>s</name>',
    '<!DOCTYPE x [<!ENTITY e "v">]><domainsnapshot><name>&e;</name></domainsnapshot>',
    '<d>'.repeat(600) + '</d>'.repeat(600),
  ];
  for (const [name, change] of Object.entries(changes)) {
    it(`by ${name} is refused for what is no snapshot`, () => {
      for (const xml of hostile) {
        assert.throws(() => change(xml), XmlError, xml.slice(0, 60));
      }
    });
  }
});
