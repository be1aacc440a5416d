// libvirt's documents: what is read out of them, and what is written of them again.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusteredXml, readClustered } from '../../src/driver/cluster/clusteredVm.js';
import { readClusterState, readSimulated } from '../../src/driver/cluster/clusterState.js';
import {
  leaseXml,
  newLeaseId,
  readKeptResources,
  readLeases,
  readNodesFor,
} from '../../src/driver/cluster/clusterXml.js';
import { appArmorIn, fileOwnerIn, firmwareUuidIn, revertsExternal } from '../../src/driver/connection/openLibvirt.js';
import { hasCards, writeClone, writeUnplugged } from '../../src/driver/xml/cloneXml.js';
import { writeRestored } from '../../src/driver/xml/copiedXml.js';
import { namedFiles } from '../../src/driver/xml/namedFiles.js';
import { demoMachine } from '../../src/driver/xml/demoVmXml.js';
import { parseDomainXml } from '../../src/driver/xml/domainXml.js';
import { readGuestMemory } from '../../src/driver/xml/guestMemoryXml.js';
import { readHardware } from '../../src/driver/xml/hardwareXml.js';
import { hasUefi, labMachine } from '../../src/driver/xml/labVmXml.js';
import { parsePlainXml } from '../../src/driver/xml/plainXml.js';
import { parseSavedRam, writeDefinition } from '../../src/driver/xml/retarget.js';
import {
  redescribe,
  renameSnapshot,
  withFilesMoved,
  withoutDeleteMarks,
  withoutRam,
  withParent,
} from '../../src/driver/xml/snapshotChange.js';
import { parseFrozenDisks, parseSnapshotHead } from '../../src/driver/xml/snapshotXml.js';
import { parseStartNeeds } from '../../src/driver/xml/startNeedsXml.js';
import { parsePool, parseVolume } from '../../src/driver/xml/storageXml.js';
import { parseXml, writeXml, XmlError } from '../../src/driver/xml/xmlTree.js';
import type { Decoder } from './fuzz.js';
import { mutateText } from './mutate.js';

const root = process.env['VIRT_REWIND_ROOT'] ?? process.cwd();
const fixture = (name: string): string => readFileSync(join(root, 'test/fixtures/hypervisor', name), 'utf8');
const vms = ['vmOff.xml', 'vmRunning.xml'].map(fixture);
const snapshots = ['snapshotExternal.xml', 'snapshotMemorySecure.xml'].map(fixture);
const pool = `<pool type='dir'><name>images</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <capacity unit='bytes'>1000</capacity><allocation unit='bytes'>10</allocation><available unit='bytes'>990</available>
  <source></source><target><path>/img</path><permissions><mode>0711</mode><owner>0</owner><group>0</group>
  </permissions></target></pool>`;
const volume = `<volume type='file'><name>a.qcow2</name><key>/img/a.qcow2</key><source></source>
  <capacity unit='bytes'>4194304</capacity><allocation unit='bytes'>200704</allocation>
  <physical unit='bytes'>196616</physical><target><path>/img/a.qcow2</path><format type='qcow2'/>
  <permissions><mode>0600</mode><owner>0</owner><group>0</group></permissions>
  <timestamps><atime>1</atime><mtime>1700000000.5</mtime></timestamps><compat>1.1</compat><clusterSize unit='B'>65536
  </clusterSize></target><backingStore><path>/img/base</path><format type='raw'/></backingStore></volume>`;
const clustered = {
  ...{ resource: 'web', config: '/vms/web.cluster.xml', hypervisor: 'qemu:///system', cpus: 1, memoryMib: 1 },
  ...{ autostart: true, after: ['db'], beside: 'db' },
};
const capabilities = `<capabilities><host><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid><secmodel><model>apparmor
  </model></secmodel></host><guest><os_type>hvm</os_type><arch name='x86_64'><emulator>/usr/bin/qemu</emulator>
  <machine maxCpus='255'>q35</machine><domain type='qemu'/><domain type='kvm'/></arch><features><externalSnapshot/>
  </features></guest></capabilities>`;

const vm = { name: 'copy', uuid: '11111111-2222-3333-4444-555555555555' };
const clone = {
  clone: vm,
  disks: [],
  network: 'unplugged',
  addresses: [],
  mark: { of: vm.uuid, files: [] },
} as unknown as Parameters<typeof writeClone>[1];

const resource = `<resources><resource id="web" role="Started" managed="true" active="true"><node name="n1"/></resource>
  </resources>`;
/** What its programs tell, in one. */
const cluster = `<all><summary><current_dc with_quorum="true"/><cluster_options stonith-enabled="true"/></summary>
  <nodes><node name="n1" id="1" online="true" unclean="false"/></nodes>${resource}
  <cluster_status>${resource}</cluster_status><revised_cluster_status>${resource}</revised_cluster_status>
  <actions><rsc_action action="stop" resource="web" node="n1"/></actions>
  ${clusteredXml([clustered], [{ id: '1', name: 'n1', cpus: 1, memoryMib: 1 }], 'inMaintenance')}
  ${leaseXml({ resource: 'web', id: newLeaseId('1'), endsAt: 1 })}</all>`;

/** What was written is read again as the same, whatever it was made of. */
function isWhole(xml: string): string {
  const tree = parseXml(xml);
  assert.deepEqual(parseXml(writeXml(tree)), tree);
  return xml;
}

function xmlDecoder(name: string, examples: readonly string[], decode: (xml: string) => unknown): Decoder {
  return {
    name,
    throws: [XmlError],
    make: (random) => {
      const xml = mutateText(random.pick(examples), random);
      return { kept: xml, decode: () => decode(xml) };
    },
  };
}

export const xmlDecoders: readonly Decoder[] = [
  xmlDecoder('XML', [...vms, ...snapshots, pool, volume], (xml) => {
    const quick = parsePlainXml(xml);
    const whole = parseXml(xml);
    if (quick !== undefined) {
      assert.deepEqual(quick, whole);
    }
    return isWhole(writeXml(whole));
  }),
  xmlDecoder('XML of a VM', vms, (xml) => [parseDomainXml(xml), readHardware(xml), readGuestMemory(xml)]),
  xmlDecoder('XML of a snapshot', snapshots, (xml) => [parseSnapshotHead(Buffer.from(xml)), parseFrozenDisks(xml)]),
  xmlDecoder('XML of a VM that is restored', [...vms, ...snapshots], (xml) => {
    const files = namedFiles(xml).files.map((from) => ({ from, to: `/restored${from}` }));
    const vm = { name: 'web', uuid: '00000000-0000-4000-8000-000000000001', identity: 'new' } as const;
    const restored = { ...vm, documents: { definition: '', snapshots: [] }, files };
    const rule = { isolated: false, bootFiles: new Map(), emulators: new Map() } as const;
    const [closed, open] = [rule, { ...rule, keepsHostParts: true }].map((one) => writeRestored(xml, restored, one));
    // What was written once is known.
    const again = { ...restored, files: files.map(({ to }) => ({ from: to, to })) };
    assert.deepEqual(writeRestored(closed?.xml ?? '', again, rule).leftOut, []);
    return [closed, open].map((one) => [isWhole(one?.xml ?? ''), one?.leftOut, one?.ofHost]);
  }),
  xmlDecoder('XML of a cluster', [cluster], (xml) => [
    readClusterState(xml, xml),
    readSimulated(xml),
    readKeptResources(xml),
    readLeases(xml, 'web'),
    readNodesFor(xml, xml, 'web'),
    readClustered(xml, 'web'),
  ]),
  xmlDecoder('XML of saved RAM', vms, parseSavedRam),
  xmlDecoder('XML of what QEMU needs', [...vms, ...snapshots], parseStartNeeds),
  xmlDecoder('XML of a pool', [pool], parsePool),
  xmlDecoder('XML of a volume', [volume], parseVolume),
  xmlDecoder('XML of capabilities', [capabilities], (xml) => {
    const tree = parseXml(xml);
    return [
      appArmorIn(tree),
      fileOwnerIn(tree),
      firmwareUuidIn(tree),
      revertsExternal(tree),
      demoMachine(xml),
      labMachine(xml, {}),
      hasUefi(xml),
    ];
  }),
  xmlDecoder('XML of a VM, written for a clone', vms, (xml) => [
    isWhole(writeClone(xml, clone)),
    writeUnplugged(xml),
    hasCards(xml),
  ]),
  xmlDecoder('XML of a snapshot, written again', snapshots, (xml) => {
    const written = [
      redescribe(xml, '<"&\u001b\ud800>'),
      renameSnapshot(xml, 'b', ''),
      withoutRam(xml),
      withParent(xml, '<a>'),
      withParent(xml),
      withFilesMoved(xml, [{ from: '/a', to: '/b"' }]),
      withoutDeleteMarks(xml) ?? '<none/>',
    ];
    return written.map(isWhole);
  }),
  xmlDecoder('XML of a snapshot, written as a definition', snapshots, (xml) => isWhole(writeDefinition(xml, vm, []))),
];
