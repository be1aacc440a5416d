// A VM of a cluster of three nodes: its node rests, nodes fail while it is given, and the cluster loses its quorum.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { defineOracleGuest } from '../../scripts/guest/oracleGuest.mjs';
import { type ClusterLab, startClusterLab } from './clusterLab.js';

describe('a VM of a cluster of three nodes', () => {
  const name = 'web';
  let lab: ClusterLab;
  let program: string;

  before(async () => {
    lab = await startClusterLab();
    program = await buildDoor('commandLine', lab.folder);
    await defineOracleGuest(lab.node('n1').daemon, { name, disks: ['qcow2'], folder: lab.folder });
    await virsh('start', name);
    await virsh('autostart', name);
  });
  after(() => lab.stop());

  /** On n1. */
  const virsh = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await lab.node('n1').daemon.virsh(words);
    assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  function start(...words: readonly string[]): ChildProcess {
    const { inside, daemon } = lab.node('n1');
    const [enter = '', ...rest] = inside;
    return spawn(enter, [...rest, process.execPath, program, '-c', 'qemu:///system', ...words], {
      env: { ...process.env, VIRT_REWIND_STATE: join(daemon.dir, 'state'), LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
  async function endOf(child: ChildProcess): Promise<{ readonly code: number; readonly said: string }> {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data) => (said += String(data)));
    }
    const [code] = (await once(child, 'close')) as [number];
    return { code, said };
  }
  const run = (...words: readonly string[]): ReturnType<typeof endOf> => endOf(start(...words));
  const isIn = async (): Promise<boolean> => (await lab.mark(name)) !== '';
  const config = (): string => join(lab.folder, `${name}.cluster.xml`);
  const hasQuorum = async (): Promise<boolean> =>
    (await lab.node('n1').on('crm_mon', '-1', '--output-as=xml')).stdout.includes('with_quorum="true"');
  /** Starts a program that gives a VM and stops once the cluster has it. */
  async function halfGiven(): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
    const child = start('cluster', name, '--yes');
    await lab.until(isIn);
    const pid = Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
    process.kill(pid, 'SIGSTOP');
    return { child, pid };
  }
  async function requireOut(): Promise<void> {
    assert.equal(await isIn(), false);
    assert.equal(existsSync(config()), false);
    assert.match(await virsh('dominfo', name), /Autostart: +enable/u);
  }

  it('runs on where the cluster loses its quorum while it is given, and is taken out when that is back', async () => {
    const id = await virsh('domid', name);
    const { child, pid } = await halfGiven();
    await Promise.all([lab.cutPower('n2'), lab.cutPower('n3')]);
    await lab.until(async () => !(await hasQuorum()));
    process.kill(pid, 'SIGCONT');
    child.kill('SIGCONT');
    const { code, said } = await endOf(child);
    assert.notEqual(code, 0, said);
    assert.equal(await virsh('domid', name), id);
    const early = await run('recover', name);
    assert.notEqual(early.code, 0, early.said);
    assert.equal(await virsh('domid', name), id);
    await Promise.all([lab.turnOn('n2'), lab.turnOn('n3')]);
    await lab.until(hasQuorum);
    const end = await run('recover', name);
    assert.equal(end.code, 0, end.said);
    assert.equal(await virsh('domid', name), id);
    await requireOut();
  });

  it('is started nowhere where its node fails while it is given, and is taken out there', async () => {
    await halfGiven();
    await lab.cutPower('n1');
    await lab.until(async () =>
      /<node name="n1"[^>]*online="false"[^>]*unclean="false"/u.test(
        (await lab.on('crm_mon', '-1', '--output-as=xml')).stdout,
      ),
    );
    assert.deepEqual(await lab.planned(name, 300), []);
    await lab.turnOn('n1');
    const end = await run('recover', name);
    assert.equal(end.code, 0, end.said);
    await requireOut();
    assert.deepEqual(await lab.where(name), []);
    await virsh('start', name);
  });

  it('is where the cluster has put it when its node rests, and is left alone on the node before', async () => {
    const given = await run('cluster', name, '--yes');
    assert.equal(given.code, 0, given.said);
    await virsh('snapshot-create-as', name, 'one');
    await lab.on('crm_attribute', '--node', 'n1', '--name', 'standby', '--update', 'on');
    await lab.until(async () => /^n[23]$/u.test((await lab.where(name)).join()));
    const there = await lab.where(name);
    for (const words of [
      ['revert', name, 'one', '--yes'],
      ['checkpoint', name],
      ['start', name],
    ]) {
      const { code, said } = await run(...words);
      assert.equal(code, 5, said);
      assert.match(said, /crm_resource/u);
    }
    const remove = await run('cluster', name, '--remove', '--yes');
    assert.equal(remove.code, 5, remove.said);
    const { said } = await run('cluster', '--what-if', there[0] ?? '', '--json');
    const { whatIf } = JSON.parse(said) as { whatIf: Record<string, { vm?: string; what: string; to?: string }[]> };
    const [then] = whatIf['fails'] ?? [];
    assert.ok(then?.what === 'restarted' && then.to !== 'n1', said);
    assert.deepEqual(await lab.where(name), there);
  });
});
