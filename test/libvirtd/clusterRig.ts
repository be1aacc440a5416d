// A cluster of one node that keeps VMs of a private daemon: Pacemaker with its agent for libvirt, in the namespaces of
// that daemon. Whoever shall meet it runs there, too.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { root } from '../../scripts/rig/root.mjs';
import { run, type Ran } from '../../scripts/rig/run.mjs';

export interface ClusterRig {
  /** Words before a program that shall run on the node. */
  readonly inside: readonly string[];
  on(...words: readonly string[]): Promise<Ran>;
  /** The cluster runs the VM of this XML from now on. @param resource what it calls it */
  keep(resource: string, xml: string): Promise<void>;
  /** From now on it has a fence device, which answers. */
  fence(): Promise<void>;
  /** Of the resource, as crm_mon tells it. */
  mark(resource: string): Promise<string>;
  until(isSo: () => Promise<boolean>): Promise<void>;
  untilRuns(vm: string): Promise<void>;
  /** What the cluster would do to it now, or then: a line each. */
  planned(resource: string, inSeconds?: number): Promise<readonly string[]>;
}

export async function startCluster(daemon: PrivateDaemon): Promise<ClusterRig> {
  const { dir, uri, virsh } = daemon;
  const inside = ['nsenter', '--target', await firstProcess(dir), '--mount', '--net', '--pid'];
  const on: ClusterRig['on'] = (...words) => run(inside[0] ?? '', [...inside.slice(1), ...words]);
  const ok = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await on(...words);
    assert.equal(code, 0, `${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  await ok('bash', join(root, 'scripts/rig/clusterNode.sh'), dir);
  const mark: ClusterRig['mark'] = async (resource) =>
    new RegExp(`<resource id="${resource}"[^>]*>`, 'u').exec(await ok('crm_mon', '-1', '--output-as=xml'))?.[0] ?? '';
  // A cluster tells nobody what it does: it is asked again.
  const until = async (isSo: () => Promise<boolean>): Promise<void> => {
    while (!(await isSo())) {
      await wait(100);
    }
  };
  const untilRuns: ClusterRig['untilRuns'] = (vm) =>
    until(async () => (await virsh(['domstate', vm])).stdout.includes('running'));
  const planned: ClusterRig['planned'] = async (resource, inSeconds = 0) => {
    const at = new Date(Date.now() + inSeconds * 1_000).toISOString();
    const told = await ok('crm_simulate', '--live-check', '--simulate', '--set-datetime', at);
    const actions = told.slice(told.indexOf('Executing Cluster Transition'), told.indexOf('Revised Cluster Status'));
    return actions.split('\n').filter((line) => line.includes(` ${resource} `));
  };
  return {
    inside,
    on,
    mark,
    until,
    untilRuns,
    planned,
    fence: async () => {
      const folder = join(dir, 'fence');
      await mkdir(join(folder, 'work'), { recursive: true });
      await mkdir(join(folder, 'agents'));
      await copyFile(join(root, 'scripts/rig/fenceNobody.sh'), join(folder, 'agents/fence_nobody'));
      const layers = `lowerdir=/usr/sbin,upperdir=${folder}/agents,workdir=${folder}/work`;
      await ok('mount', '-t', 'overlay', '-o', layers, 'overlay', '/usr/sbin');
      const device = `<primitive id="fence" class="stonith" type="fence_nobody"><instance_attributes id="fence-of">
        <nvpair id="fence-hosts" name="pcmk_host_list" value="${(await ok('uname', '-n')).trim()}"/></instance_attributes>
        </primitive>`;
      await ok('cibadmin', '--create', '--scope', 'resources', '--xml-text', device);
      await ok('crm_attribute', '--name', 'stonith-enabled', '--update', 'true');
      await until(async () => (await mark('fence')).includes('role="Started"'));
    },
    keep: async (resource, xml) => {
      const config = join(dir, `${resource}.xml`);
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

/** Of the namespaces of a private daemon, as this process sees it. */
async function firstProcess(dir: string): Promise<string> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/u.test(name))) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    const status = words[0] === 'bash' && words.includes(dir) ? await readFile(`/proc/${pid}/status`, 'utf8') : '';
    if (/^NSpid:\t\d+\t1$/mu.test(status)) {
      return pid;
    }
  }
  throw new Error('the daemon has no namespaces of its own');
}
