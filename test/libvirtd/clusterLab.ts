// Three nodes of a cluster on this machine: private daemons, each on a network of its own with a cable to the others,
// and a folder that all see. The fence device cuts a node's power, as a test does.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holdProcess } from '../../scripts/rig/heldProcess.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { type ClusterNode, type ClusterRig, joinCluster, nodeOf, rigOf } from './clusterRig.js';

export interface ClusterLab extends ClusterRig {
  /** All nodes see it. */
  readonly folder: string;
  node(name: string): ClusterNode;
  /** Nodes on which libvirt says that it runs. */
  where(vm: string): Promise<readonly string[]>;
  /** All of its processes are gone when it resolves. */
  cutPower(name: string): Promise<void>;
  /** It is in the cluster again when it resolves. */
  turnOn(name: string): Promise<void>;
  stop(): Promise<void>;
}

const network = '10.77.0.';

export async function startClusterLab(): Promise<ClusterLab> {
  const folder = await mkdtemp('/tmp/vr-');
  // Its network is that of the switch between them.
  const bridge = holdProcess(['unshare', '--net', 'cat']);
  await bridge.ask('ready');
  const atSwitch = (...words: readonly string[]): Promise<string> =>
    runOk('nsenter', ['--net', '--target', String(bridge.pid), 'ip', 'link', ...words]);
  await atSwitch('add', 'switch', 'type', 'bridge');
  await atSwitch('set', 'switch', 'up');
  const names = ['n1', 'n2', 'n3'];
  const live = new Map<string, ClusterNode>();
  const addresses = names.map((name, at) => `${name}=${network}${at + 1}`);

  const begin = async (name: string): Promise<void> => {
    const daemon = await startPrivateDaemon({ host: name, wired: true, kvm: 'never', dir: join(folder, name) });
    const node = await nodeOf(name, daemon);
    // As the kernel of a computer that was started has it; by it programs tell what ran before.
    await writeFile(join(daemon.dir, 'boot'), `${randomUUID()}\n`);
    await node.on('mount', '--bind', join(daemon.dir, 'boot'), '/proc/sys/kernel/random/boot_id');
    // One computer does not see the locks of another one.
    await node.on('mount', '--bind', '/dev/null', '/proc/locks');
    // That of before went with its other end.
    const pid = String(await daemon.firstProcess());
    await atSwitch('add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid);
    await atSwitch('set', name, 'master', 'switch', 'up');
    live.set(name, node);
  };
  const node = (name: string): ClusterNode => {
    const found = live.get(name);
    assert.ok(found, `${name} is off`);
    return found;
  };
  const cutPower = async (name: string): Promise<void> => {
    const cut = live.get(name);
    live.delete(name);
    await cut?.daemon.cutPower();
  };
  const rig = rigOf({ folder, uri: 'qemu:///system', nodes: () => [...live.values()], powerOff: cutPower });
  const untilIn = (name: string): Promise<void> =>
    rig.until(async () => {
      const { stdout } = await rig.on('crm_mon', '-1', '--output-as=xml');
      return new RegExp(`<node name="${name}"[^>]*online="true"[^>]*pending="false"`, 'u').test(stdout);
    });
  await Promise.all(names.map(begin));
  await Promise.all(names.map((name) => joinCluster(node(name), addresses)));
  await Promise.all(names.map(untilIn));
  await rig.fence();
  return {
    ...rig,
    folder,
    node,
    get inside() {
      return rig.inside;
    },
    where: async (vm) => {
      const seen = await Promise.all(
        [...live.values()].map(async ({ name, daemon }) =>
          (await daemon.virsh(['domstate', vm])).stdout.includes('running') ? [name] : [],
        ),
      );
      return seen.flat();
    },
    cutPower,
    turnOn: async (name) => {
      await begin(name);
      await joinCluster(node(name), addresses);
      await untilIn(name);
    },
    stop: async () => {
      await Promise.all([...live.values()].map(({ daemon }) => daemon.stop()));
      await bridge.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
