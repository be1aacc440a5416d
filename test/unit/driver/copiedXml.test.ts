// The documents of a VM that is restored: each file under its new name, and nothing of somebody else's.
import assert from 'node:assert/strict';
import type { RestoredVm } from '../../../src/domain/copiedVm.js';
import { namedFiles, writeRestored } from '../../../src/driver/xml/copiedXml.js';
import { XmlError } from '../../../src/driver/xml/xmlTree.js';

const uuid = '00000000-0000-4000-8000-000000000001';
const newUuid = '00000000-0000-4000-8000-000000000002';

const domain = (tag: string, file: string): string =>
  `<${tag}><name>web</name><uuid>${uuid}</uuid><os><nvram template="/t.fd">/a/web.fd</nvram></os>` +
  '<metadata><clone xmlns="urn:virt-rewind:clone:1" of="x"><file>/a/base</file></clone></metadata><devices>' +
  `<disk type="file" device="disk"><source file="${file}"/><backingStore type="file"><source file="/a/base"/></backingStore>` +
  '<target dev="vda"/></disk><disk type="file" device="cdrom"><source file="/iso"/><target dev="sda"/></disk>' +
  `<interface type="user"><mac address="52:54:00:AA:00:01"/></interface></devices></${tag}>`;
const snapshot =
  '<domainsnapshot><name>s</name><state>running</state><memory snapshot="external" file="/a/ram"/>' +
  '<disks><disk name="vda" snapshot="external"><source file="/a/top"/></disk></disks>' +
  '<revertDisks><disk name="vda"><source file="/a/again"/></disk></revertDisks>' +
  `${domain('domain', '/a/frozen')}${domain('inactiveDomain', '/a/frozen')}</domainsnapshot>`;

const named = ['/a/base', '/a/frozen', '/a/top', '/a/again', '/a/ram', '/a/web.fd'];
const restored = (identity: RestoredVm['identity']): RestoredVm => ({
  ...(identity === 'same' ? { name: 'web', uuid } : { name: 'other', uuid: newUuid }),
  identity,
  documents: { definition: '', snapshots: [] },
  files: named.map((from) => ({ from, to: from.replace('/a/', '/b/') })),
});

describe('the documents of a restored VM', () => {
  it('name all files, but the media in drives', () => {
    assert.deepEqual([...namedFiles(snapshot).files].sort(), [...named].sort());
    assert.deepEqual(namedFiles(snapshot).odd, []);
  });

  it('tell which disks are no plain files', () => {
    const odd = (source: string, more = ''): readonly string[] =>
      namedFiles(`<domain><devices><disk>${source}${more}<target dev="vdb"/></disk></devices></domain>`).odd;
    for (const source of [
      '<source dev="/dev/sda"/>',
      '<source pool="p" volume="v"/>',
      '<source protocol="nbd"/>',
      '<source file="relative"/>',
      '<source file="/a"><slices/></source>',
      '<source file="/a"><encryption format="luks"/></source>',
    ]) {
      assert.deepEqual(odd(source), ['vdb'], source);
    }
    assert.deepEqual(odd('<source file="/a"/>', '<mirror/>'), ['vdb']);
    assert.deepEqual(odd('<source file="/a"/>'), []);
  });

  it('have the new names everywhere, and no mark of a clone', () => {
    const xml = writeRestored(snapshot, restored('same'));
    assert.doesNotMatch(xml, /"\/a\/|>\/a\/|virt-rewind:clone/u);
    assert.match(xml, /<nvram template="\/t.fd">\/b\/web.fd</u);
    assert.match(xml, /<memory snapshot="external" file="\/b\/ram"/u);
    assert.match(xml, /52:54:00:AA:00:01/u);
  });

  it('have an identity of their own, and no RAM of the other VM', () => {
    const xml = writeRestored(snapshot, restored('new'));
    assert.doesNotMatch(xml, new RegExp(`${uuid}|>web<|AA:00:01|external" file`, 'u'));
    const addresses = [...xml.matchAll(/mac address="([^"]+)"/gu)].map(([, address]) => address);
    assert.equal(addresses.length, 2);
    assert.equal(new Set(addresses).size, 1);
    assert.match(xml, /<state>disk-snapshot</u);
  });

  it('are not written with a file that the backup does not have', () => {
    const files = restored('same').files.filter(({ from }) => from !== '/a/again');
    assert.throws(() => writeRestored(snapshot, { ...restored('same'), files }), XmlError);
  });
});
