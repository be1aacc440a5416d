import assert from 'node:assert/strict';
import {
  endedLeaseXml,
  leaseXml,
  newLeaseId,
  readConfiguredVm,
  readKeptResources,
  readLeases,
  readNodesFor,
  readResourceStates,
} from '../../../src/driver/cluster/clusterXml.js';

describe('what a cluster tells of its VMs', () => {
  const vm = (id: string, more = ''): string =>
    `<primitive id="${id}" class="ocf" provider="heartbeat" type="VirtualDomain"><instance_attributes id="${id}-i">
      <nvpair id="${id}-c" name="config" value="/etc/vms/${id}.xml"/></instance_attributes>${more}</primitive>`;

  it('is a resource for each, in groups and clones too, by whoever provides the agent', () => {
    const other = vm('b').replace('heartbeat', 'seapath');
    const cib = `<resources><group id="g">${vm('a')}</group><clone id="c">${other}</clone>
      <primitive id="ip" class="ocf" type="IPaddr2"/></resources>`;
    assert.deepEqual(readKeptResources(cib), [
      { id: 'a', config: '/etc/vms/a.xml' },
      { id: 'b', config: '/etc/vms/b.xml' },
    ]);
  });

  it('may be said by a template', () => {
    const template = vm('of-all').replaceAll('primitive', 'template');
    assert.deepEqual(readKeptResources(`<resources>${template}<primitive id="a" template="of-all"/></resources>`), [
      { id: 'a', config: '/etc/vms/of-all.xml' },
    ]);
  });

  it('may be said at another place, or by rules that choose', () => {
    const set = '<instance_attributes id="s"><nvpair id="n" name="config" value="/1.xml"/></instance_attributes>';
    const named =
      '<instance_attributes id-ref="s"/><instance_attributes id="t"><nvpair id-ref="n"/></instance_attributes>';
    const other = set.replace('id="s"', 'id="u"').replace('id="n"', 'id="o"').replace('/1', '/2');
    const type = 'type="VirtualDomain"';
    const cib = `<resources><primitive id="a" ${type}>${set}</primitive>
      <primitive id="b" ${type}>${named}${other}</primitive></resources>`;
    assert.deepEqual(
      readKeptResources(cib).map(({ id, config }) => `${id}${config}`),
      ['a/1.xml', 'b/1.xml', 'b/1.xml', 'b/2.xml'],
    );
  });

  it('may run where a node takes it and no rule forbids it', () => {
    const node = (name: string, more = ''): string =>
      `<node name="${name}" online="${more === 'down' ? 'false' : 'true'}" standby="${more === 'standby'}"/>`;
    const mon = `<pacemaker-result><nodes>${node('n1')}${node('n2', 'standby')}${node('n3', 'down')}${node('n4')}</nodes>
      </pacemaker-result>`;
    const ban = '<constraints><rsc_location id="b" rsc="a" node="n4" score="-INFINITY"/></constraints>';
    assert.deepEqual(readNodesFor(mon, ban, 'a'), ['n1']);
    assert.deepEqual(readNodesFor(mon, ban, 'b'), ['n1', 'n4']);
    assert.deepEqual(readNodesFor('<pacemaker-result/>', '<constraints/>', 'a'), []);
  });

  it('is where it runs, and whether the cluster minds', () => {
    const mon = `<pacemaker-result><resources><group id="g">
      <resource id="a" role="Started" managed="false"><node name="n1" id="1"/></resource></group>
      <resource id="b" role="Stopped" target_role="stopped" managed="true"/></resources></pacemaker-result>`;
    assert.deepEqual(
      [...readResourceStates(mon)],
      [
        ['a', { role: 'Started', isManaged: false, nodes: ['n1'], isToBeOff: false }],
        ['b', { role: 'Stopped', isManaged: true, nodes: [], isToBeOff: true }],
      ],
    );
  });

  it('is a VM by the file that it is started from', () => {
    assert.deepEqual(readConfiguredVm('<domain><name> web\n</name><uuid>AB-C</uuid></domain>'), {
      name: 'web',
      uuid: 'ab-c',
    });
    assert.throws(() => readConfiguredVm('<!DOCTYPE x [<!ENTITY a "b">]><domain/>'));
  });

  it('has a lease of ours, which ends by a date, beside what a person has set', () => {
    const lease = { resource: 'a"b', id: newLeaseId('f00'), endsAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
    const xml = leaseXml(lease);
    assert.ok(xml.includes('end="2026-01-02T03:04:05Z"'), xml);
    const mine = '<meta_attributes id="a-meta"><nvpair id="m" name="maintenance" value="true"/></meta_attributes>';
    const cib = `<resources>${xml.replace('</primitive>', `${mine}</primitive>`)}</resources>`;
    assert.deepEqual(readLeases(cib, 'a"b'), [{ id: lease.id, endsAt: Date.UTC(2026, 0, 2, 3, 4, 5) }]);
    assert.deepEqual(readLeases(cib, 'a'), []);
    assert.equal(endedLeaseXml(lease.id), `<meta_attributes id="${lease.id}"/>`);
  });
});
