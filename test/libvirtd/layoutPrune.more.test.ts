// Leaves that hold a VM's layout after a revert of ours: they stay while the VM is on them, and go by themselves when
// it is elsewhere, with no byte of any snapshot.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AfterRevert } from '../../src/domain/operation.js';
import { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('leaves of the layout', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    r.engine.setAutoPrune(3);
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  it('go when no layout needs them any more, and every snapshot holds what it held', async () => {
    const folder = join(r.daemon.dir, 'layout');
    const vm = await OracleVm.define(r.daemon, { name: 'layout', folder });
    await r.engine.refresh({ connection: r.uri });
    const ref = await r.ref('layout');
    r.show(ref);
    let model = Model.fresh(vm.guest.disks.length);
    const power = async (action: 'start' | 'forceOff'): Promise<void> => {
      await r.engine.runOperation({ kind: 'power', vm: ref, action });
      model = model.powered(action);
    };
    const write = async (seed: number): Promise<void> => {
      await power('start');
      const blocks = [[0, seed] as const, [seed, seed] as const];
      await vm.talk(async (guest) => {
        for (const disk of vm.guest.disks.keys()) {
          await guest.write(disk, blocks);
          model = model.wrote(disk, blocks);
        }
      });
      await power('forceOff');
    };
    const snapshot = async (title: string): Promise<void> => {
      await r.engine.runOperation({ kind: 'create', vm: ref, snapshotKind: 'offline', style: 'external', title });
      model = model.created({ name: title, title, kind: 'offline', style: 'external' });
    };
    const revert = async (name: string): Promise<void> => {
      const after: AfterRevert = 'off';
      await r.engine.runOperation({ kind: 'revert', vm: ref, snapshot: name, after });
      model = model.reverted(name, 'off');
    };
    const layouts = (): readonly string[] =>
      r.vm('layout')!.tree!.snapshots.flatMap(({ name, trailers }) => (trailers.auto === 'layout' ? [name] : []));

    await write(1);
    await snapshot('a');
    await write(2);
    await snapshot('b');
    await write(3);
    await snapshot('c');
    await revert('a');
    const native = r.hypervisor().capabilities.externalRevert;
    const [leaf] = layouts();
    assert.equal(leaf === undefined, native, 'a leaf is made where libvirt cannot note the layout itself');
    assert.equal(r.vm('layout')!.tree!.current, leaf ?? 'a');

    await revert('b');
    await r.until(() => !layouts().includes(leaf ?? '') && r.vm('layout')!.operation === undefined);
    // What is left is the leaf of this revert, if one is made, with what the VM has now.
    const [present] = layouts();
    assert.deepEqual(layouts(), native ? [] : [present]);
    if (present !== undefined) {
      const { disks, current } = model;
      assert.equal(current, 'b');
      model = model.created({ name: present, title: titleOf(present), kind: 'offline', style: 'external' });
      assert.deepEqual(model.disks, disks);
    }
    const { differences } = await vm.compare(model, 'everything');
    assert.deepEqual(differences, []);
    const rest = readdirSync(folder).filter((name) => leaf !== undefined && name.endsWith(`.${leaf}.qcow2`));
    assert.deepEqual(rest, []);
  });

  function titleOf(name: string): string {
    return r.vm('layout')!.tree!.snapshots.find((one) => one.name === name)!.title;
  }
});
