import assert from 'node:assert/strict';
import { readClusterState, readSimulated } from '../../../src/driver/cluster/clusterState.js';
import {
  clusteredLines,
  type ClusteredVm,
  clusteredXml,
  configText,
  isOwnConfig,
  newResourceId,
  readClustered,
  rulesOfOthers,
  takenOutXpath,
  unlookedXml,
  writtenFiles,
} from '../../../src/driver/cluster/clusteredVm.js';

describe('a VM in the configuration of a cluster', () => {
  const vm = (resource: string, more: Partial<ClusteredVm> = {}): ClusteredVm => ({
    ...{ resource, config: `/vms/${resource}.xml`, hypervisor: 'qemu:///system', cpus: 2, memoryMib: 512 },
    ...{ autostart: false, after: [], ...more },
  });
  const cibOf = (xml: string): string => `<cib>${xml}</cib>`;

  it('is called as nothing else is', () => {
    assert.equal(newResourceId('web.1', new Set()), 'web_1');
    assert.equal(newResourceId('web', new Set(['web', 'vm-web'])), 'vm-vm-web');
    assert.equal(newResourceId('1st', new Set()), 'vm-1st');
  });

  it('has ids that differ, whatever the VMs are called', () => {
    const names = ['web', 'web-cpu', 'room-web', 'vm-web', 'web-monitor', 'params'];
    const all = names.map((name) => vm(name, { after: ['web'], beside: 'web' }));
    const xml = clusteredXml(all, [{ id: '1', name: 'web', cpus: 1, memoryMib: 1 }], 'inMaintenance');
    const ids = [...xml.matchAll(/ id="([^"]*)"/gu)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('is told from what others put there', () => {
    const mine = clusteredXml([vm('web', { autostart: true })], []);
    assert.deepEqual(readClustered(cibOf(mine), 'web'), { autostart: true, config: '/vms/web.xml' });
    assert.equal(readClustered(cibOf(mine), 'db'), undefined);
    assert.equal(readClustered(cibOf(mine.replaceAll('virt-rewind.', 'a-')), 'web'), 'others');
    const group = mine
      .replace('<resources>', '<resources><group id="g">')
      .replace('</resources>', '</group></resources>');
    assert.equal(readClustered(cibOf(group), 'web'), 'others');
    const tag = mine.replace('</configuration>', '<tags><tag id="t"><obj_ref id="web"/></tag></tags></configuration>');
    assert.equal(readClustered(cibOf(tag), 'web'), 'others');
    for (const rest of ['<rsc_ticket id="t" rsc="web"/>', '<meta_attributes id-ref="virt-rewind.meta.web"/>']) {
      const resting = mine.replace('</configuration>', `<x>${rest}</x></configuration>`);
      assert.equal(readClustered(cibOf(resting), 'web'), 'others', rest);
    }
    const near = mine.replace('</configuration>', '<rsc_ticket id="web" rsc="web-1"/></configuration>');
    assert.notEqual(readClustered(cibOf(near), 'web'), 'others');
    const quoted = cibOf(clusteredXml([vm("a'] | //*['")], []));
    assert.equal(readClustered(quoted, "a'] | //*['"), 'others');
  });

  it('is taken out with rules of others, whose ids are told', () => {
    const rules = [
      '<rsc_location id="a" rsc="web" node="n1" score="1"/>',
      '<rsc_order id="b" first="db" then="web"/>',
      '<rsc_colocation id="c" rsc="x" with-rsc="web" score="1"/>',
      '<rsc_location id="d" rsc="web-1" node="n1" score="1"/>',
    ].join('');
    const mine = clusteredXml([vm('db'), vm('web', { after: ['db'], beside: 'db' })], []);
    assert.deepEqual(rulesOfOthers(cibOf(mine), 'web'), []);
    const cib = cibOf(mine.replace('</constraints>', `${rules}</constraints>`));
    assert.deepEqual(rulesOfOthers(cib, 'web'), ['a', 'b', 'c']);
  });

  it('is started from a file that is ours where we named it and it has this VM', () => {
    const uuid = '11111111-2222-3333-4444-555555555555';
    const text = `<domain><uuid>${uuid}</uuid></domain>`;
    assert.ok(isOwnConfig('/vms/web.cluster.xml', text, uuid));
    assert.equal(isOwnConfig('/etc/libvirt/qemu/web.xml', text, uuid), false);
    assert.equal(isOwnConfig('/vms/web.cluster.xml', text, uuid.replace('1', '2')), false);
    assert.equal(isOwnConfig('/vms/web.cluster.xml', text.slice(0, 40), uuid), false);
  });

  it('is taken out with all that names it, when no node looks for it', () => {
    assert.equal((unlookedXml('web', ['n1', 'n2']).match(/resource-discovery="never"/gu) ?? []).length, 2);
    assert.match(takenOutXpath('web'), /primitive.*rsc_location.*rsc_order.*rsc_colocation/u);
  });

  it('is what a person would type, in either shell', () => {
    const vms = [vm('db'), vm('web', { after: ['db'], beside: 'db', config: '/my vms/a.xml' })];
    const nodes = [{ name: 'n1', cpus: 4, memoryMib: 900 }];
    const crm = clusteredLines('crm', vms, nodes);
    assert.equal(crm[0], 'crm configure node n1 utilization cpu=4 hv_memory=900 host_memory=900');
    assert.match(crm[2] ?? '', /^crm configure primitive web .*'config=\/my vms\/a.xml'.* meta allow-migrate=true/u);
    assert.equal(crm[3], 'crm configure order web-after-db Optional: db web');
    const pcs = clusteredLines('pcs', vms, nodes);
    assert.equal(pcs[2], 'pcs resource utilization db cpu=2 hv_memory=512 host_memory=512');
    assert.deepEqual(pcs.slice(-2), [
      'pcs constraint order db then web kind=Optional',
      'pcs constraint colocation add web with db 500',
    ]);
  });

  it('has its name on a line of its own in the file that it is started from', () => {
    assert.match(configText('<domain><name>web</name><uuid>1</uuid></domain>'), /^\s*<name>web<\/name>$/mu);
    const disks =
      '<disk><source file="/a"><x/></source><backingStore><source file="/b"/></backingStore></disk><disk><source dev="/c"/></disk>';
    assert.deepEqual(writtenFiles(`<domain><devices>${disks}</devices></domain>`), ['/a', '/c']);
  });
});

describe('what a cluster tells of itself', () => {
  const mon = `<pacemaker-result><summary><current_dc with_quorum="true"/>
    <cluster_options stonith-enabled="true" maintenance-mode="false"/></summary>
    <nodes><node name="n1" id="1" online="true" standby="false"/><node name="n2" id="2" online="true" unclean="true"/></nodes>
    <resources/></pacemaker-result>`;
  const cib = (strategy: string): string => `<cib><configuration><crm_config><cluster_property_set id="o">
    <nvpair id="p" name="placement-strategy" value="${strategy}"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"><utilization id="u"><nvpair id="c" name="cpu" value="1"/></utilization></node></nodes>
    </configuration></cib>`;

  it('is whether it may decide, whether it fences, and which nodes take VMs', () => {
    const { nodes, ids, resources: _, ...rest } = readClusterState(mon, cib('balanced'));
    assert.deepEqual(rest, { hasQuorum: true, fences: true, inMaintenance: false, countsRoom: true });
    assert.deepEqual(
      nodes.map(({ name, takesVms, isUnclean, room }) => [name, takesVms, isUnclean, room.size]),
      [
        ['n1', true, false, 1],
        ['n2', false, true, 0],
      ],
    );
    assert.ok(ids.has('u'));
    assert.equal(readClusterState(mon, cib('default')).countsRoom, false);
    assert.equal(readClusterState(mon.replace('with_quorum="true"', ''), '<cib/>').hasQuorum, false);
  });

  it('is, in a simulation, where all is before and after, but for what cuts the power', () => {
    const vm = (at: string): string =>
      `<resource id="web" resource_agent="ocf:heartbeat:VirtualDomain" active="${at !== ''}">${at}</resource>
       <resource id="fence" resource_agent="stonith:x" active="true"><node name="n1"/></resource>`;
    const { before, after, actions } = readSimulated(`<pacemaker-result>
      <cluster_status><resources>${vm('<node name="n1"/>')}</resources></cluster_status>
      <actions><node_action task="Fence (off)" node="n1"/><rsc_action action="stop" resource="web" node="n1"/></actions>
      <revised_cluster_status><resources>${vm('')}</resources></revised_cluster_status></pacemaker-result>`);
    assert.deepEqual([[...before], [...after]], [[['web', ['n1']]], [['web', []]]]);
    assert.deepEqual([...actions], [['web', 'stop']]);
  });
});
