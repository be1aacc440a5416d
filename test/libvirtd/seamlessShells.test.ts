// What shells without a window make of the setting for seamless snapshots: what is planned asks no QEMU, what is done
// does.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { versionOf } from '../../src/domain/capabilities.js';
import { parseSettings, settingKeys } from '../../src/manifest/settings.js';
import type { Plan } from '../../src/operations/plan.js';
import { type CheckpointWish, Session } from '../../src/session/session.js';
import { OracleVm } from '../oracle/oracleVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('seamless snapshots from the command line and the library', () => {
  let rig: LiveRig;
  let isPossible: boolean;
  let oracle: OracleVm;

  before(async () => {
    rig = await startLiveRig();
    oracle = await OracleVm.define(rig.daemon, { name: 'shell' });
    await rig.virsh('start', 'shell');
    await rig.virsh('snapshot-create-as', 'shell', 'first', '--disk-only');
    const { capabilities } = await rig.engine.connect(rig.uri);
    assert.ok(capabilities !== undefined);
    isPossible = capabilities.externalRevert && capabilities.hypervisor >= versionOf(10, 0);
  });
  after(() => rig.stop());

  const over = (setting: unknown): Session => {
    const settings = parseSettings((key) => (key === settingKeys.seamlessSnapshots ? setting : undefined));
    return Session.within(rig.engine, settings, join(rig.daemon.dir, 'journal'));
  };
  const isMarked = async (): Promise<boolean> => /custom.monitor/u.test(await rig.virsh('dominfo', 'shell'));
  const taken = async (title: string, wish: CheckpointWish, setting?: unknown): Promise<string> => {
    const session = over(setting);
    const view = await session.vm('shell');
    const plan = await session.plan(view, await session.checkpointRequest(view, { ...wish, title }));
    const { snapshot } = await session.run(plan);
    const { snapshots } = await rig.engine.readTree(view.ref);
    return snapshots.find(({ name }) => name === snapshot)!.kind;
  };

  it('are never taken where that was set, or asked for', async () => {
    assert.equal(await taken('set', {}, 'never'), 'disk');
    assert.equal(await taken('asked', { seamless: 'never' }), 'disk');
    assert.equal(await isMarked(), false);
  });

  it('are planned with the room for the RAM, before anything marks the VM', async () => {
    const session = over(undefined);
    const view = await session.vm('shell');
    const planOf = async (wish: CheckpointWish): Promise<Plan> =>
      session.plan(view, await session.checkpointRequest(view, wish));
    const plan = await planOf({});
    const { spaceBytes: without = 0 } = await planOf({ seamless: 'never' });
    const maybe = plan.warnings.find(({ kind }) => kind === 'mayBeKeptWhileRunning');
    assert.equal(maybe?.kind === 'mayBeKeptWhileRunning' && maybe.only === 'thenRam', isPossible);
    assert.equal((plan.spaceBytes ?? 0) - without >= view.vm.memoryBytes, isPossible);
    assert.equal(await isMarked(), false);
  });

  it('keep the RAM of a guest that runs where QEMU can, else its disks', async () => {
    await oracle.talk(async (guest) => {
      await guest.setCounter(41);
      await guest.write(0, [[3, 77]]);
    });
    assert.equal(await taken('auto', {}), isPossible ? 'memory' : 'disk');
    assert.equal(await taken('again', { seamless: 'auto' }, 'never'), isPossible ? 'memory' : 'disk');
    assert.equal(await isMarked(), isPossible);
    const { snapshots } = await rig.engine.readTree(await rig.ref('shell'));
    const measured = snapshots.filter(
      ({ kind, trailers }) => kind === 'memory' && trailers.guestPausedMs !== undefined,
    );
    assert.deepEqual([...new Set(measured.map(({ trailers }) => trailers.ramWritten))], isPossible ? ['seamless'] : []);
    if (isPossible) {
      await oracle.talk((guest) => guest.write(0, [[3, 78]]));
      const snapshot = snapshots.find(({ title }) => title === 'auto')!.name;
      const vm = await rig.ref('shell');
      await rig.engine.runOperation({ kind: 'revert', vm, snapshot, after: 'asSnapshot', checkpointFirst: false });
      const found = await oracle.talk(async (guest) => [(await guest.ram()).counter, await guest.read(0, 3)]);
      assert.deepEqual(found, [41, 77]);
    }
  });

  it('leave a VM unmarked whose first snapshot goes inside the image', async () => {
    await rig.guest({ name: 'bare', agent: false });
    await rig.virsh('start', 'bare');
    await rig.engine.refresh({ connection: rig.uri });
    const session = over(undefined);
    const view = await session.vm('bare');
    const plan = await session.plan(view, await session.checkpointRequest(view, { title: 'first' }));
    await session.run(plan);
    const [first] = (await rig.engine.readTree(view.ref)).snapshots;
    assert.equal(first?.style, 'internal');
    assert.doesNotMatch(await rig.virsh('dominfo', 'bare'), /custom.monitor/u);
  });
});
