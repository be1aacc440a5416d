// What a cluster of three nodes would do, by its own simulation of a configuration that no cluster has: no node of it
// runs.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { clusteredXml, type NodeRoom } from '../../src/driver/cluster/clusteredVm.js';
import { HostShell } from '../../src/hosts/hostShell.js';
import functions from '../../src/wings/cluster/given/clusterShell.sh';
import type { ClusterShell } from '../../src/wings/cluster/given/clusterShell.js';
import { type VmThen, whatIf } from '../../src/wings/cluster/given/whatIf.js';

describe('a cluster of three nodes that is simulated', () => {
  const vms = ['web', 'db', 'shop'];
  const nodes = ['n1', 'n2', 'n3'];
  let folder: string;
  let opened: HostShell | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cluster-'));
  });
  afterEach(() => opened?.close());
  after(() => rm(folder, { recursive: true }));

  /** Each VM runs on a node of its own, and each node has room for so many of them. */
  async function simulated(room: number): Promise<ClusterShell> {
    const [cib, running] = [join(folder, `cib-${room}.xml`), join(folder, `running-${room}.xml`)];
    const rooms = nodes.map((name, at): NodeRoom & { id: string } => ({
      ...{ id: String(at + 1), name, cpus: room, memoryMib: room * 512 },
    }));
    const clustered = vms.map((resource) => ({
      ...{ resource, config: join(folder, `${resource}.xml`), hypervisor: 'qemu:///system', cpus: 1, memoryMib: 512 },
      ...{ autostart: false, after: [] },
    }));
    for (const { resource, config } of clustered) {
      await writeFile(config, `<domain><name>${resource}</name></domain>`);
    }
    const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin`, CIB_file: cib };
    await writeFile(cib, await runOk('cibadmin', ['--empty']));
    const option = (name: string, value: string): string => `<nvpair id="${name}" name="${name}" value="${value}"/>`;
    const options = `${option('stonith-enabled', 'false')}${option('placement-strategy', 'balanced')}`;
    const conf = `<configuration><crm_config><cluster_property_set id="o">${options}</cluster_property_set></crm_config>
      </configuration>`;
    for (const change of [conf, clusteredXml(clustered, rooms)]) {
      await runOk('cibadmin', ['--modify', '--allow-create', '--scope', 'configuration', '--xml-text', change], {
        env,
      });
    }
    const up = nodes.flatMap((name) => ['--node-up', name]);
    await runOk(
      'crm_simulate',
      ['--xml-file', cib, '--simulate', '--quorum', 'true', ...up, '--save-output', running],
      { env },
    );
    opened = await HostShell.open(undefined, {
      setUp: `${functions}CIB_file=${running}; export CIB_file\ncrm_node() { echo n1; }\n`,
      patienceMs: 60_000,
    });
    const shell = opened;
    const ask: ClusterShell['ask'] = (...words) => shell.ask(...words);
    return {
      ask,
      run: async (...words) => {
        const { code, out, said } = await ask(...words);
        assert.equal(code, 0, said);
        return out.toString('utf8');
      },
    };
  }
  const find = (name: string | undefined): Promise<{ name: string; snapshots: number }> =>
    Promise.resolve({ name: name ?? '', snapshots: name === 'db' ? 1 : 0 });
  const all = async (shell: ClusterShell, when: 'fails' | 'emptied'): Promise<readonly VmThen[]> =>
    (await Promise.all(nodes.map((node) => whatIf(shell, node, ({ name }) => find(name))))).flatMap(
      (then) => then[when],
    );
  const whats = (then: readonly VmThen[]): readonly string[] => then.map(({ vm, what }) => `${vm} ${what}`).sort();

  it('moves what can be moved where a node is emptied, and starts anew what cannot', async () => {
    const shell = await simulated(3);
    assert.deepEqual(whats(await all(shell, 'emptied')), ['db movedCold', 'shop movedLive', 'web movedLive']);
    assert.deepEqual(whats(await all(shell, 'fails')), ['db restarted', 'shop restarted', 'web restarted']);
    for (const { from, to } of await all(shell, 'fails')) {
      assert.ok(to !== undefined && to !== from);
    }
  });

  it('loses what no other node has room for', async () => {
    const shell = await simulated(1);
    for (const when of ['fails', 'emptied'] as const) {
      assert.deepEqual(whats(await all(shell, when)), ['db lost', 'shop lost', 'web lost']);
    }
  });
});
