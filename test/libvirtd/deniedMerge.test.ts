// A merge of a running VM that the host forbids: nothing was merged, so that the VM is as it was, and can do all that
// it could before.
import assert from 'node:assert/strict';
import { run, runOk } from '../../scripts/rig/run.mjs';
import { versionOf } from '../../src/domain/capabilities.js';
import { Failure } from '../../src/domain/failure.js';
import { type LiveRig, startLiveRig, withMethod } from './engineRig.js';
import { GuestVm } from './guestVm.js';

describe('a merge of a running VM that the host forbids', () => {
  let rig: LiveRig;
  let stage: GuestVm;
  /** What nobody may write to while a delete runs: as AppArmor forbids it, it is not seen beforehand. */
  let forbidden: string | undefined;
  /** What AppArmor's rules of the VM deny, where they can be read. */
  let rules: ReadonlySet<string> | undefined;

  before(async function () {
    rig = await startLiveRig();
    rig.wrapNext((real) => {
      const capabilities = { ...real.capabilities, appArmor: true };
      const imageLocks: typeof real.files.imageLocks = async (confined) => {
        const locks = await real.files.imageLocks();
        return locks && { ...locks, ...(rules !== undefined && confined === stage.ref.uuid && { forbidden: rules }) };
      };
      const told = withMethod(withMethod(real, 'capabilities', capabilities), 'files', { ...real.files, imageLocks });
      return withMethod(told, 'run', async (of, step, options) => {
        if (step.kind !== 'deleteSnapshot' || forbidden === undefined) {
          return real.run(of, step, options);
        }
        await runOk('chattr', ['+i', forbidden]);
        try {
          return await real.run(of, step, options);
        } finally {
          await runOk('chattr', ['-i', forbidden]);
        }
      });
    });
    rig.show();
    stage = await GuestVm.define(rig, 'denied');
    if ((await run('chattr', ['-i', stage.vm.guest.disks[0]!.file])).code !== 0) {
      this.skip();
    }
  });
  after(() => rig.stop());

  const named = (title: string): string => rig.vm('denied')!.tree!.snapshots.find((one) => one.title === title)!.name;
  /** @param below how many layers are between the VM's own and the one that takes the merge */
  const failureOf = async (title: string, below: number): Promise<Failure> => {
    forbidden = rig.vm('denied')!.vm.disks[0]!.backing?.[below];
    assert.ok(forbidden !== undefined);
    try {
      await stage.run({ kind: 'delete', snapshot: named(title), scope: 'one' });
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
      return error;
    } finally {
      forbidden = undefined;
    }
    return assert.fail('it was deleted');
  };
  const isAsBefore = async ({ details }: Failure): Promise<void> => {
    assert.equal(details.recovered, 'before');
    await stage.isWhole();
    for (const { name } of rig.vm('denied')!.tree!.snapshots) {
      assert.ok(!(await stage.virsh('snapshot-dumpxml', name)).includes('snapshotDeleteInProgress'), name);
    }
  };

  it('leaves all as it was, and nothing is refused afterwards', async () => {
    await stage.power('start');
    await stage.grow('one', 'two', 'three');
    await isAsBefore(await failureOf('three', 0));
    await stage.create('four');
    await stage.write();
    await stage.power('forceOff');
    await stage.power('start');
    await stage.isWhole();
  });

  it('leaves all as it was where another snapshot is above', async () => {
    await isAsBefore(await failureOf('three', 1));
  });

  it('is foreseen where the rules of AppArmor can be read', async function () {
    if (rig.hypervisor().capabilities.libvirt >= versionOf(12, 1)) {
      this.skip();
    }
    const denied = rig.vm('denied')!.vm.disks[0]!.backing?.[0];
    assert.ok(denied !== undefined);
    rules = new Set([denied]);
    const wish = { kind: 'delete', snapshot: named('four'), scope: 'one' } as const;
    await stage.isRefused(wish, 'baseReadOnly');
    await stage.power('forceOff');
    await stage.run(wish);
    stage.model = stage.model.deleted(wish.snapshot, 'one');
    await stage.isWhole();
    await stage.power('start');
  });

  it('is done once the VM is off', async () => {
    await stage.power('forceOff');
    const name = named('three');
    await stage.run({ kind: 'delete', snapshot: name, scope: 'one' });
    stage.model = stage.model.deleted(name, 'one');
    await stage.isWhole();
  });
});
