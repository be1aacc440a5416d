// Reading from libvirt's own pretended hypervisor: what comes, and in how many calls.
import assert from 'node:assert/strict';
import type { Hypervisor, VmEvent } from '../../src/driver/hypervisor.js';
import { element, parseXml, writeXml } from '../../src/driver/xml/xmlTree.js';
import { openConnection } from '../../src/libvirt/connect.js';
import { VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT, VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE } from '../../src/libvirt/flags.js';
import { silentLog } from '../silentLog.js';
import type { SnapshotTree } from '../../src/domain/snapshot.js';
import { failure, type HypervisorRig, startHypervisorRig, Subject } from './hypervisorRig.js';

describe('reading, on the test driver', () => {
  let rig: HypervisorRig;
  let hypervisor: Hypervisor;
  let subject: Subject;

  before(async () => {
    rig = await startHypervisorRig();
    // The pretended hypervisor lives as long as somebody is connected.
    hypervisor = await rig.open(rig.daemon.testUri);
    subject = await Subject.named(hypervisor, 'test');
  });
  after(() => rig.stop());

  const callsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = hypervisor.callCount;
    await work();
    return hypervisor.callCount - before;
  };

  it('knows what it is connected to', () => {
    const { driver, libvirt, hostname, readOnly, externalRevert } = hypervisor.capabilities;
    assert.equal(hypervisor.uri, rig.daemon.testUri);
    assert.deepEqual([driver, readOnly, externalRevert], ['test', false, false]);
    assert.ok(libvirt >= 8_000_000 && hostname !== '');
  });

  it('reads a VM in four calls', async () => {
    let vm = await subject.read();
    assert.equal(await callsOf(async () => (vm = await subject.read())), 4);
    assert.deepEqual(
      [vm.name, vm.power, vm.persistent, vm.managedSave, vm.memoryBytes, vm.firmware],
      ['test', 'running', true, false, 8192 * 1024 * 1024, 'bios'],
    );
    assert.deepEqual(await hypervisor.readBlockJobs(vm), []);
    assert.match(await hypervisor.readVmXml(subject.uuid), /^<domain type='test'/);
  });

  it('finds a VM that it was never told of, and none that is not there', async () => {
    const other = await rig.open(rig.daemon.testUri);
    assert.equal((await other.readVm(subject.uuid)).name, 'test');
    await assert.rejects(other.readVm('00000000-1111-2222-3333-444444444444'), failure('notFound'));
    await assert.rejects(other.readTree('00000000-1111-2222-3333-444444444444'), failure('notFound'));
    other.close();
  });

  it('has no snapshots and no current one at first', async () => {
    assert.deepEqual(await hypervisor.readSnapshotMark(subject.uuid), { count: 0 });
    assert.deepEqual((await hypervisor.readReferences(subject.uuid)).snapshots, []);
    assert.deepEqual(await hypervisor.readTree(subject.uuid), { snapshots: [] });
  });

  it('says which VM has changed, and how', async () => {
    const events: VmEvent[] = [];
    const listening = hypervisor.onDidChangeVm((event) => events.push(event));
    await subject.power('pause');
    assert.equal((await subject.read()).power, 'paused');
    await subject.power('resume');
    await subject.read();
    listening.dispose();
    assert.deepEqual(events, [
      { uuid: subject.uuid, name: 'test', kind: 'power' },
      { uuid: subject.uuid, name: 'test', kind: 'power' },
    ]);
  });

  it('reads a thousand snapshots, hostile descriptions among them, in a thousand calls and two', async () => {
    const hostile = [
      '</description><domain type="kvm"><name>x</name>',
      '<domain',
      ']]>',
      '&lt;',
      '\u202Ertl',
      'a\nb',
      ' ',
    ];
    const domain = parseXml(await hypervisor.readVmXml(subject.uuid));
    const documents = Array.from({ length: 1_000 }, (_, i) =>
      element('domainsnapshot', {}, [
        element('name', {}, [`s${i}`]),
        element('description', {}, [hostile[i % hostile.length] ?? '']),
        element('state', {}, ['running']),
        i === 0 ? undefined : element('parent', {}, [element('name', {}, [`s${Math.floor((i - 1) / 3)}`])]),
        element('creationTime', {}, [String(1_700_000_000 + i)]),
        element('unknown', { to: 'us' }, [element('name', {}, ['not this'])]),
        domain,
      ]),
    );
    const other = await openConnection(rig.daemon.testUri, { log: silentLog });
    const dom = { name: 'test', uuid: subject.uuid, id: 1 };
    const redefine = VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE;
    for (const [i, document] of documents.entries()) {
      const flags = i === 999 ? redefine | VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT : redefine;
      await other.call('domainSnapshotCreateXml', { dom, xmlDesc: writeXml(document), flags });
    }
    other.close();

    assert.equal(await hypervisor.countSnapshots(subject.uuid), 1_000);
    let tree: SnapshotTree = { snapshots: [] };
    assert.equal(await callsOf(async () => (tree = await hypervisor.readTree(subject.uuid))), 1_002);
    assert.equal(tree.current, 's999');
    const byName = new Map(tree.snapshots.map((snapshot) => [snapshot.name, snapshot]));
    assert.equal(byName.size, 1_000);
    for (let i = 0; i < 1_000; i++) {
      const snapshot = byName.get(`s${i}`);
      assert.ok(snapshot !== undefined);
      assert.equal(snapshot.parent, i === 0 ? undefined : `s${Math.floor((i - 1) / 3)}`);
      assert.equal(snapshot.createdAt, (1_700_000_000 + i) * 1_000);
      assert.equal(snapshot.description, hostile[i % hostile.length]);
    }
  });

  it('reads those that are asked for, in that order, without those that are gone', async () => {
    const read = await hypervisor.readSnapshots(subject.uuid, ['s7', 'gone', 's3']);
    assert.deepEqual(
      read.map(({ name }) => name),
      ['s7', 's3'],
    );
    await assert.rejects(hypervisor.readSnapshotXml(subject.uuid, 'gone'), failure('notFound'));
    await assert.rejects(hypervisor.readFrozen(subject.uuid, 'gone'), failure('notFound'));
  });

  it('makes, edits, reverts to and deletes one here as well, and knows a name that is taken', async () => {
    await subject.create('made', { snapshotKind: 'memory', description: 'why' });
    await assert.rejects(subject.create('made', { snapshotKind: 'memory' }), failure('exists'));
    await subject.run({ kind: 'describeSnapshot', snapshot: 'made', description: 'because' });
    assert.equal((await subject.snapshot('made')).description, 'because');
    assert.equal((await hypervisor.readTree(subject.uuid)).current, 'made');
    await subject.revert('made');
    await subject.delete('made');
    assert.deepEqual(await hypervisor.readSnapshotMark(subject.uuid), { count: 1_000, current: 's999' });
    assert.equal((await hypervisor.readReferences(subject.uuid)).snapshots.length, 1_000);
  });

  it('closes: what is asked afterwards is lost, and nobody is told that the connection ended', async () => {
    const other = await rig.open(rig.daemon.testUri);
    other.onDidClose(() => assert.fail('it was closed by us'));
    other.close();
    await assert.rejects(other.listVms(), failure('lost'));
  });
});
