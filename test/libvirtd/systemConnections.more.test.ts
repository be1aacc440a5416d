// A system whose VMs are on two libvirts: one moment of both, back to it, all or none where a VM fails or a libvirt is
// away.
import assert from 'node:assert/strict';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { Failure } from '../../src/domain/failure.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { Daemon } from './engineRig.js';
import { act, failureOf, held, markAll, openSystems, type SystemsHere } from './systemRig.js';

describe('a system of VMs on two libvirts', () => {
  let daemons: readonly Daemon[];
  let vms: readonly OracleVm[];
  let folder: string;
  let here: SystemsHere;

  const virsh = async (at: number, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await daemons[at]!.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  /** The counter in RAM and a block of the disk, of each. */
  const seen = (): Promise<readonly unknown[]> => Promise.all(vms.map(held));
  const mark = (value: number): Promise<void> => markAll(vms, value);
  const snapshots = (): Promise<readonly string[]> =>
    Promise.all(vms.map(({ name }, at) => virsh(at, 'snapshot-list', name, '--name')));

  before(async () => {
    daemons = [await startPrivateDaemon(), await startPrivateDaemon()];
    const [one, other] = daemons;
    folder = join(one!.dir, 'journal');
    await mkdir(folder, { recursive: true });
    vms = await Promise.all(
      daemons.map((daemon, at) => {
        const name = `vm-${String(at)}`;
        return OracleVm.define(daemon, { name, disks: ['qcow2'], diskMiB: 4, folder: join(daemon.dir, name) });
      }),
    );
    for (const [at, { name }] of vms.entries()) {
      await virsh(at, 'start', name);
    }
    here = await openSystems(one!.uri, folder, one!.env);
    here.engine.setConnections(daemons.map(({ uri }) => uri));
    await here.engine.connect(other!.uri);
    await here.systems.make(
      'pair',
      vms.map(({ name }) => here.engine.findVms(name)[0]!),
    );
    await mark(1);
  });
  after(async () => {
    here.dispose();
    await Promise.all(daemons.map((daemon) => daemon.stop()));
  });

  it('is kept at one moment, goes back to it as one, and that is undone as one', async () => {
    const before = await seen();
    const { point } = await act(here, 'pair', { kind: 'checkpoint', title: 'clean' });
    assert.deepEqual(
      point?.members.map(({ connection, kind }) => [connection, kind]),
      daemons.map(({ uri }) => [uri, 'memory']),
    );
    await mark(2);
    const changed = await seen();
    await act(here, 'pair', { kind: 'revert', title: 'clean' });
    assert.deepEqual(await seen(), before);
    await act(here, 'pair', { kind: 'undo' });
    assert.deepEqual(await seen(), changed);
  });

  it('is as it was on both where a VM of one of them fails', async () => {
    const [before, had] = [await seen(), await snapshots()];
    here.disturb({ vm: 'vm-1', step: 'createSnapshot', moment: 'before' }, () =>
      Promise.reject(new Failure('failed', { libvirtMessage: 'made up' })),
    );
    const { members } = await failureOf(act(here, 'pair', { kind: 'checkpoint', title: 'second' }));
    assert.deepEqual(
      members.map(({ outcome, failure }) => [outcome, failure?.kind]),
      [
        ['asBefore', undefined],
        ['asBefore', 'failed'],
      ],
    );
    assert.deepEqual([await seen(), await snapshots()], [before, had]);
    assert.deepEqual(await readdir(join(folder, 'groups')), []);
  });

  it('is left alone where one of them is away, which is told, with what that means for its restore points', async () => {
    const had = await virsh(0, 'snapshot-list', 'vm-0', '--name');
    await daemons[1]!.killDaemon();
    const failure = await failureOf(act(here, 'pair', { kind: 'checkpoint', title: 'third' }));
    assert.deepEqual(
      failure.members.map(({ outcome, failure: own }) => [outcome, own === undefined]),
      [
        ['asBefore', true],
        ['asBefore', false],
      ],
    );
    assert.deepEqual(
      [await virsh(0, 'snapshot-list', 'vm-0', '--name'), await virsh(0, 'domstate', 'vm-0')],
      [had, 'running'],
    );
    const stored = (await here.systems.find('pair'))!;
    const looked = await here.systems.look(stored);
    const clean = stored.points.find(({ auto }) => auto === undefined)!;
    assert.deepEqual(looked.seen.get(clean.id), ['there', 'away']);
    await assert.rejects(here.systems.planPower(stored, 'start'), ({ kind }: Failure) =>
      ['unreachable', 'lost'].includes(kind),
    );
  });
});
