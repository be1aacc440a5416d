// A cluster that keeps VMs of private daemons, of one node or of more: Pacemaker with its agent for libvirt, in the
// namespaces of those daemons. Programs that must reach it run there, too.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { run, runOk, type Ran } from '../../scripts/rig/run.mjs';

export interface ClusterNode {
  readonly name: string;
  readonly daemon: PrivateDaemon;
  /** Words before a program that shall run on the node. */
  readonly inside: readonly string[];
  on(...words: readonly string[]): Promise<Ran>;
}

export interface ClusterRig extends Pick<ClusterNode, 'inside' | 'on'> {
  /** The cluster runs the VM of this XML from now on. @param resource what it calls it */
  keep(resource: string, xml: string): Promise<void>;
  /** From now on it has a fence device, which answers. */
  fence(): Promise<void>;
  /** The mark of the resource in the output of crm_mon. */
  mark(resource: string): Promise<string>;
  until(isSo: () => Promise<boolean>): Promise<void>;
  untilRuns(vm: string): Promise<void>;
  /** What the cluster would do to it now, or then: a line each. */
  planned(resource: string, inSeconds?: number): Promise<readonly string[]>;
}

export async function startCluster(daemon: PrivateDaemon): Promise<ClusterRig> {
  const node = await nodeOf((await runOk('uname', ['-n'])).trim(), daemon);
  await joinCluster(node, [`${node.name}=127.0.0.1`]);
  const { dir: folder, uri } = daemon;
  return {
    ...rigOf({ folder, uri, nodes: () => [node], powerOff: () => Promise.reject(new Error('its own')) }),
    ...node,
  };
}

/** @param addresses NAME=ADDRESS of each node */
export async function joinCluster(node: ClusterNode, addresses: readonly string[]): Promise<void> {
  const { dir } = node.daemon;
  const at = join(dir, 'fence');
  await mkdir(join(at, 'work'), { recursive: true });
  await mkdir(join(at, 'agents'), { recursive: true });
  const agent = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'scripts/rig/fenceNode.mjs')}' "$@"\n`;
  await writeFile(join(at, 'agents/fence_node'), agent, { mode: 0o755 });
  const layers = `lowerdir=/usr/sbin,upperdir=${at}/agents,workdir=${at}/work`;
  await okOn(node, 'mount', '-t', 'overlay', '-o', layers, 'overlay', '/usr/sbin');
  await okOn(node, 'bash', join(root, 'scripts/rig/clusterNode.sh'), dir, ...addresses);
}

export async function nodeOf(name: string, daemon: PrivateDaemon): Promise<ClusterNode> {
  const inside = ['nsenter', '--target', String(await daemon.firstProcess()), '--mount', '--net', '--pid', '--uts'];
  return { name, daemon, inside, on: (...words) => run(inside[0] ?? '', [...inside.slice(1), ...words]) };
}

async function okOn({ on }: Pick<ClusterNode, 'on'>, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await on(...words);
  assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

interface RigParts {
  /** That all nodes see. */
  readonly folder: string;
  /** The URI of libvirt on each node. */
  readonly uri: string;
  /** Those that have power. */
  readonly nodes: () => readonly ClusterNode[];
  /** Rejects where it cannot. */
  readonly powerOff: (name: string) => Promise<void>;
}

export function rigOf({ folder, uri, nodes, powerOff }: RigParts): ClusterRig {
  /** Any of them. */
  const one = (): ClusterNode => {
    const [first] = nodes();
    assert.ok(first, 'no node has power');
    return first;
  };
  const ok = (...words: readonly string[]): Promise<string> => okOn(one(), ...words);
  const mark: ClusterRig['mark'] = async (resource) =>
    new RegExp(`<resource id="${resource}"[^>]*>`, 'u').exec(await ok('crm_mon', '-1', '--output-as=xml'))?.[0] ?? '';
  // A cluster tells nobody what it does: it is asked again.
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo())) {
      await wait(100);
    }
  };
  const untilRuns: ClusterRig['untilRuns'] = (vm) =>
    until(async () => {
      const seen = await Promise.all(nodes().map(({ daemon }) => daemon.virsh(['domstate', vm])));
      return seen.some(({ stdout }) => stdout.includes('running'));
    });
  const planned: ClusterRig['planned'] = async (resource, inSeconds = 0) => {
    const at = new Date(Date.now() + inSeconds * 1_000).toISOString();
    const told = await ok('crm_simulate', '--live-check', '--simulate', '--set-datetime', at);
    const actions = told.slice(told.indexOf('Executing Cluster Transition'), told.indexOf('Revised Cluster Status'));
    return actions.split('\n').filter((line) => line.includes(` ${resource} `));
  };
  const socket = join(folder, 'power.sock');
  /** What the fence agent asks for. */
  const servePower = (): Promise<void> => {
    const power = createServer({ allowHalfOpen: true }, (asked) => {
      asked.on('error', () => undefined);
      asked.once('data', (data) => {
        const [action, name = ''] = String(data).split(' ');
        const isOn = (): boolean => nodes().some((each) => each.name === name);
        const answer = async (): Promise<string> => {
          await (action === 'off' && powerOff(name));
          return action === 'off' || isOn() ? 'done' : 'off';
        };
        void answer().then(
          (said) => asked.end(said),
          () => asked.end('failed'),
        );
      });
    });
    // It ends with the tests.
    power.unref();
    return new Promise((resolve) => void power.listen(socket, resolve));
  };
  return {
    get inside() {
      return one().inside;
    },
    on: (...words) => one().on(...words),
    mark,
    until,
    untilRuns,
    planned,
    fence: async () => {
      await servePower();
      const names = nodes().map(({ name }) => name);
      const device = `<primitive id="fence" class="stonith" type="fence_node"><instance_attributes id="fence-of">
        <nvpair id="fence-hosts" name="pcmk_host_list" value="${names.join(' ')}"/>
        <nvpair id="fence-socket" name="socket" value="${socket}"/></instance_attributes></primitive>`;
      await ok('cibadmin', '--create', '--scope', 'resources', '--xml-text', device);
      await ok('crm_attribute', '--name', 'stonith-action', '--update', 'off');
      await ok('crm_attribute', '--name', 'stonith-enabled', '--update', 'true');
      await until(async () => (await mark('fence')).includes('role="Started"'));
    },
    keep: async (resource, xml) => {
      const config = join(folder, `${resource}.xml`);
      // The agent finds the name on a line of its own alone.
      await writeFile(config, xml.replaceAll('><', '>\n<'));
      const pair = (name: string, value: string): string =>
        `<nvpair id="${resource}-${name}" name="${name}" value="${value}"/>`;
      await ok(
        ...['cibadmin', '--create', '--scope', 'resources', '--xml-text'],
        `<primitive id="${resource}" class="ocf" provider="heartbeat" type="VirtualDomain">
          <instance_attributes id="${resource}-of">${pair('config', config)}${pair('hypervisor', uri)}</instance_attributes>
          <operations><op id="${resource}-monitor" name="monitor" interval="1s" timeout="30s"/></operations>
        </primitive>`,
      );
    },
  };
}
