// VMs that a cluster keeps: a real Pacemaker starts what it finds stopped, and leaves alone what we work at.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { exitCode } from '../../src/cli/exitCodes.js';
import { newId } from '../../src/journal/durable.js';
import { MoveStore } from '../../src/wings/cluster/move/moveStore.js';
import { buildDoor, buildProgram } from '../../scripts/build.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { type ClusterRig, startCluster } from './clusterRig.js';
import { silentLog } from '../silentLog.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';
import { type KillTask, killVariable } from './faults/killAtStep.js';

describe('a VM that a cluster keeps', () => {
  /** What the cluster calls it: not its name. */
  const resource = 'kept';
  const name = 'web';
  let rig: LiveRig;
  let cluster: ClusterRig;
  let program: string;
  const started: ChildProcess[] = [];

  before(async () => {
    rig = await startLiveRig();
    await rig.engine.connect(rig.uri);
    cluster = await startCluster(rig.daemon);
    program = await buildDoor('commandLine', rig.daemon.dir);
    const image = join(rig.daemon.dir, 'web.qcow2');
    await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '8M']);
    await defineDiskVm(rig, name, [{ file: image, format: 'qcow2' }]);
    const xml = await rig.virsh('dumpxml', name);
    await rig.virsh('undefine', name);
    await cluster.keep(resource, xml);
    await cluster.untilRuns(name);
    await untilKept();
  });
  afterEach(() => {
    // One that a failed test has stopped would wait for ever.
    started.splice(0).forEach((child) => child.kill('SIGKILL'));
  });
  after(() => rig.stop());

  /** On the node, as a person who works there. */
  const start = (...words: readonly string[]): ChildProcess => startWith({}, ...words);
  function startWith(env: NodeJS.ProcessEnv, ...words: readonly string[]): ChildProcess {
    const [enter = '', ...inside] = cluster.inside;
    const child = spawn(enter, [...inside, process.execPath, program, '-c', rig.uri, ...words], {
      env: { ...rig.daemon.env, VIRT_REWIND_STATE: join(rig.daemon.dir, 'state'), LC_ALL: 'C', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.push(child);
    return child;
  }
  const run = (...words: readonly string[]): ReturnType<typeof endOf> => endOf(start(...words));
  async function endOf(child: ChildProcess): Promise<{ readonly code: number; readonly said: string }> {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data) => (said += String(data)));
    }
    const [code] = (await once(child, 'close')) as [number];
    return { code, said };
  }
  /** At that step of its, and then no further. */
  async function standingStill(
    step: string,
    ...words: readonly string[]
  ): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
    const preloaded = await buildProgram('test/libvirtd/faults/killAtStep.ts', rig.daemon.dir);
    const { dir } = rig.daemon;
    const kill: KillTask = {
      ...{ who: 'host', at: `-c: ${step}`, steps: join(dir, 'steps'), processes: join(dir, 'processes') },
      ...{ repository: '', folder: join(dir, 'state') },
    };
    const [enter = '', ...inside] = cluster.inside;
    const child = spawn(enter, [...inside, process.execPath, '--import', preloaded, program, '-c', rig.uri, ...words], {
      env: {
        ...rig.daemon.env,
        VIRT_REWIND_STATE: join(dir, 'state'),
        LC_ALL: 'C',
        [killVariable]: JSON.stringify(kill),
      },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    started.push(child);
    await once(child.stdio[3] as Readable, 'data');
    return { child, pid: Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')) };
  }
  const isHeld = async (): Promise<boolean> => (await cluster.mark(resource)).includes('managed="false"');
  const untilKept = (): Promise<void> =>
    cluster.until(async () => /role="Started".*managed="true"/u.test(await cluster.mark(resource)));
  const isOn = async (): Promise<boolean> => (await rig.daemon.virsh(['domstate', name])).stdout.includes('running');

  /** Until it holds the VM, and then no further. */
  async function stopWhileHeld(
    ...words: readonly string[]
  ): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
    const child = start(...words);
    await cluster.until(isHeld);
    // What enters the namespaces waits for it.
    const pid = Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
    process.kill(pid, 'SIGSTOP');
    return { child, pid };
  }

  it('is not started or stopped past the cluster, which would undo it', async () => {
    const { code, said } = await run('stop', name, '--yes');
    assert.notEqual(code, 0);
    assert.match(said, /crm_resource --resource kept/u);
    assert.ok(await isOn());
  });

  it('is not put on another file: the cluster would start it from the one before', async () => {
    const { code, said } = await run('checkpoint', name, '--kind', 'disk', '--style', 'external');
    assert.notEqual(code, 0, said);
    assert.match(said, /kept\.xml/u);
  });

  describe('and that has a snapshot', () => {
    before(() => rig.virsh('snapshot-create-as', name, 'one'));

    it('is reverted, and given back as it was', async () => {
      const { code, said } = await run('revert', name, 'one', '--yes');
      assert.equal(code, 0, said);
      assert.match(said, /leaves it alone/u);
      await untilKept();
      assert.equal((await cluster.on('cibadmin', '--query')).stdout.includes('virt-rewind'), false);
      assert.ok(await isOn());
    });

    it('stays off while we are at it, and is started when it is given back', async () => {
      const { child, pid } = await stopWhileHeld('revert', name, 'one', '--yes');
      await rig.daemon.virsh(['destroy', name]);
      // Now the cluster knows.
      await cluster.on('crm_resource', '--refresh', '--resource', resource);
      await cluster.until(async () => (await cluster.mark(resource)).includes('role="Stopped"'));
      assert.doesNotMatch((await cluster.planned(resource)).join(), /start/u);
      assert.equal(await isOn(), false);
      process.kill(pid, 'SIGCONT');
      // It stops with what it waits for.
      child.kill('SIGCONT');
      await once(child, 'close');
      await cluster.untilRuns(name);
    });

    it('is taken back by the cluster where we died', async () => {
      await untilKept();
      await rig.virsh('snapshot-create-as', name, 'two');
      const { pid } = await stopWhileHeld('revert', name, 'two', '--yes');
      await rig.daemon.virsh(['destroy', name]);
      process.kill(pid, 'SIGKILL');
      await cluster.on('crm_resource', '--refresh', '--resource', resource);
      await cluster.until(async () => (await cluster.mark(resource)).includes('role="Stopped"'));
      assert.doesNotMatch((await cluster.planned(resource)).join(), /start/u);
      assert.match((await cluster.planned(resource, 180)).join(), /start/u);
    });
  });

  describe('and another that is given to it', () => {
    const other = 'db';
    let file: string;
    let taken: string;
    const virsh = async (...words: readonly string[]): Promise<string> => (await rig.virsh(...words)).trim();
    const configuration = async (): Promise<string> =>
      (await cluster.on('cibadmin', '--query', '--scope', 'configuration')).stdout;
    const has = async (line: RegExp): Promise<boolean> => line.test(await virsh('dominfo', other));

    before(async () => {
      const image = join(rig.daemon.dir, 'db.qcow2');
      taken = join(rig.daemon.dir, 'db.cluster.xml');
      file = join(rig.daemon.dir, 'db-vm.cluster.xml');
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '8M']);
      await defineDiskVm(rig, other, [{ file: image, format: 'qcow2' }]);
      await rig.virsh('start', other);
      await rig.virsh('autostart', other);
    });

    it('is not, where nobody can cut the power of a node', async () => {
      const before = await configuration();
      const { code, said } = await run('cluster', other, '--yes');
      assert.notEqual(code, 0);
      assert.match(said, /stonith-enabled/u);
      assert.equal(await configuration(), before);
    });

    it('runs on, and is not started by libvirt any more', async () => {
      await cluster.fence();
      const id = await virsh('domid', other);
      await writeFile(taken, 'of somebody else');
      const plan = await run('cluster', other, '--plan', '--json');
      assert.match(plan.said, /crm configure primitive db|pcs resource create db/u);
      assert.equal(await cluster.mark(other), '');
      const { code, said } = await run('cluster', other, '--yes');
      assert.equal(code, 0, said);
      assert.match(await cluster.mark(other), /role="Started".*managed="true"/u);
      assert.equal(await virsh('domid', other), id);
      assert.ok(await has(/Autostart: +disable/u));
      assert.match(await readFile(file, 'utf8'), /^\s*<name>db<\/name>$/mu);
      const again = await run('cluster', other, '--yes');
      assert.notEqual(again.code, 0);
    });

    it('would be lost with its only node', async () => {
      const node = (await cluster.on('crm_node', '--name')).stdout.trim();
      const { said } = await run('cluster', '--what-if', node, '--json');
      const { whatIf } = JSON.parse(said) as { whatIf: Record<string, { vm: string; what: string }[]> };
      for (const when of ['fails', 'emptied']) {
        assert.deepEqual(whatIf[when]?.find(({ vm }) => vm === other)?.what, 'lost', when);
      }
    });

    it('stays in it where something of others rests on it', async () => {
      const role = '<acl_role id="o"><acl_permission id="o-p" kind="read" reference="db"/></acl_role>';
      const acls = `<configuration><acls>${role}</acls></configuration>`;
      await cluster.on('cibadmin', '--modify', '--scope', 'configuration', '--xml-text', acls);
      assert.match(await configuration(), /reference="db"/u);
      const { code, said } = await run('cluster', other, '--remove', '--yes');
      assert.notEqual(code, 0, said);
      assert.match(await cluster.mark(other), /role="Started".*managed="true"/u);
      await cluster.on('cibadmin', '--force', '--delete-all', '--xpath', '//acls');
    });

    it('is taken with rules of others that name it, and they are told beforehand', async () => {
      const node = (await cluster.on('crm_node', '--name')).stdout.trim();
      const rule = `<rsc_location id="of-somebody" rsc="db" node="${node}" score="10"/>`;
      await cluster.on('cibadmin', '--create', '--scope', 'constraints', '--xml-text', rule);
      const { code, said } = await run('cluster', other, '--remove', '--plan', '--json');
      assert.equal(code, 0, said);
      assert.deepEqual((JSON.parse(said) as { remove?: object }).remove, { resources: ['db'], rules: ['of-somebody'] });
      assert.match(await cluster.mark(other), /role="Started".*managed="true"/u);
    });

    it('runs on when it is taken from it, and libvirt keeps it', async () => {
      const id = await virsh('domid', other);
      const { code, said } = await run('cluster', other, '--remove', '--yes');
      assert.equal(code, 0, said);
      assert.match(said, /of-somebody/u);
      assert.equal(await cluster.mark(other), '');
      assert.equal(/virt-rewind\.|of-somebody/u.test(await configuration()), false);
      assert.equal((await cluster.on('cibadmin', '--query')).stdout.includes('lrm_resource id="db"'), false);
      assert.equal(await virsh('domid', other), id);
      assert.ok((await has(/Autostart: +enable/u)) && (await has(/Persistent: +yes/u)));
      await assert.rejects(readFile(file), { code: 'ENOENT' });
      assert.equal(await readFile(taken, 'utf8'), 'of somebody else');
      const others = await run('cluster', name, '--remove', '--yes');
      assert.notEqual(others.code, 0);
      assert.notEqual(await cluster.mark(resource), '');
    });

    it('is not in it where somebody does not want it any more on the way', async () => {
      const id = await virsh('domid', other);
      const child = start('cluster', other, '--yes');
      await cluster.until(async () => (await cluster.mark(other)) !== '');
      process.kill(Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')), 'SIGINT');
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 130);
      assert.equal(await cluster.mark(other), '');
      assert.equal(await virsh('domid', other), id);
      assert.ok(await has(/Autostart: +enable/u));
      await assert.rejects(readFile(file), { code: 'ENOENT' });
      const { said } = await run('recover', other);
      assert.doesNotMatch(said, /partly/u);
    });

    it('is not in it where a move of it was begun on the way', async () => {
      const id = await virsh('domid', other);
      const [gate, bin] = [join(rig.daemon.dir, 'gate'), join(rig.daemon.dir, 'bin')];
      await mkdir(bin);
      await runOk('mkfifo', [gate]);
      // Just before the cluster is told.
      const script = `#!/bin/sh\nread _ < '${gate}'\nexec /usr/bin/sha256sum "$@"\n`;
      await writeFile(join(bin, 'sha256sum'), script, { mode: 0o755 });
      const { PATH = '' } = process.env;
      const ending = endOf(startWith({ PATH: `${bin}:${PATH}` }, 'cluster', other, '--yes'));
      // Resolves when the script reads it.
      const pipe = await open(gate, 'w');
      const begun = await new MoveStore(join(rig.daemon.dir, 'state'), silentLog).begin({
        ...{
          id: newId(),
          vm: { uuid: await virsh('domuuid', other), name: other },
          from: rig.uri,
          to: 'test:///default',
        },
        ...{ startedAt: Date.now(), phase: 'sending', stages: [], files: [] },
        documents: { definition: '', snapshots: [] },
      });
      await pipe.close();
      const { code, said } = await ending;
      await begun.forget();
      assert.equal(code, exitCode('busy'), said);
      assert.equal(await cluster.mark(other), '');
      assert.equal(await virsh('domid', other), id);
      assert.ok(await has(/Autostart: +enable/u));
      await assert.rejects(readFile(file), { code: 'ENOENT' });
    });

    it('is not in it where we died on the way: what was begun is undone', async () => {
      const id = await virsh('domid', other);
      const child = start('cluster', other, '--yes');
      await cluster.until(async () => (await cluster.mark(other)) !== '');
      const pid = Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
      process.kill(pid, 'SIGKILL');
      await once(child, 'close');
      assert.notEqual(await cluster.mark(other), '');

      // Who is at it has its turn.
      const stopped = await standingStill('domainSnapshotCreateXml 1 before', 'checkpoint', other);
      const early = await run('recover', other);
      assert.notEqual(early.code, 0, early.said);
      assert.notEqual(await cluster.mark(other), '');
      process.kill(stopped.pid, 'SIGKILL');
      await once(stopped.child, 'close');

      const { code, said } = await run('recover', other, '--yes');
      assert.equal(code, 0, said);
      assert.equal(await cluster.mark(other), '');
      assert.equal(await virsh('domid', other), id);
      assert.ok(await has(/Autostart: +enable/u));
      await assert.rejects(readFile(file), { code: 'ENOENT' });
    });
  });
});
