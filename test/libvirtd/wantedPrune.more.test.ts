// Checkpoints that settings want: only the newest stay, on the way that the VM stands on too, and nobody else's
// snapshot loses a byte.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('checkpoints that settings want', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    r.engine.setAutoPrune('everything', 2);
    await r.engine.connect(r.uri);
  });
  after(() => r.stop());

  it('go beyond the number to be kept, and what a person took above them holds what it held', async () => {
    const vm = await OracleVm.define(r.daemon, { name: 'wanted', folder: join(r.daemon.dir, 'wanted') });
    await r.engine.refresh({ connection: r.uri });
    const ref = await r.ref('wanted');
    r.show(ref);
    let model = Model.fresh(vm.guest.disks.length);
    const power = async (action: 'start' | 'forceOff'): Promise<void> => {
      await r.engine.runOperation({ kind: 'power', vm: ref, action });
      model = model.powered(action);
    };
    const names = (): readonly string[] => r.vm('wanted')!.tree!.snapshots.map(({ name }) => name);
    // On libvirt 9.0 what is outside of an image is deleted while the VM runs alone.
    await power('start');
    // Each with writes of its own before it.
    for (const [seed, name, goes] of [
      [1, 'w1', undefined],
      [2, 'w2', undefined],
      [3, 'mine', undefined],
      [4, 'w3', 'w1'],
      [5, 'w4', 'w2'],
    ] as const) {
      const blocks = [[0, seed] as const, [seed, seed] as const];
      await vm.talk(async (guest) => {
        for (const disk of vm.guest.disks.keys()) {
          await guest.write(disk, blocks);
          model = model.wrote(disk, blocks);
        }
      });
      await r.engine.runOperation({
        kind: 'create',
        vm: ref,
        snapshotKind: 'disk',
        title: name,
        ...(name !== 'mine' && { auto: 'work' }),
      });
      model = model.created({ name, title: name, kind: 'disk', style: 'external' });
      if (goes !== undefined) {
        await r.until(() => !names().includes(goes) && r.vm('wanted')!.operation === undefined);
        model = model.deleted(goes, 'one');
      }
    }
    assert.deepEqual(names().toSorted(), ['mine', 'w3', 'w4']);
    await power('forceOff');
    const { differences } = await vm.compare(model, 'everything');
    assert.deepEqual(differences, []);
  });
});
