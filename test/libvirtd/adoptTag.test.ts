// Snapshots that others took inside the images of a VM: libvirt is told of them, and they are like any other then.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { runOk } from '../../scripts/rig/run.mjs';
import { plannedRepairs } from '../../src/diagnosis/examination.js';
import type { Repair } from '../../src/domain/operation.js';
import type { Snapshot } from '../../src/domain/snapshot.js';
import type { VmRef } from '../../src/domain/vm.js';
import { defineDiskVm } from './diskVm.js';
import { type LiveRig, startLiveRig } from './engineRig.js';

describe('a tag that libvirt does not know', () => {
  let r: LiveRig;

  before(async () => {
    r = await startLiveRig();
    await r.engine.connect(r.uri);
    r.show();
  });
  after(() => r.stop());

  const made = async (name: string): Promise<{ readonly ref: VmRef; readonly images: readonly string[] }> => {
    const images = ['vda', 'vdb'].map((target) => join(r.daemon.dir, `${name}-${target}.qcow2`));
    for (const image of images) {
      await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', image, '4M']);
    }
    await defineDiskVm(
      r,
      name,
      images.map((file) => ({ file, format: 'qcow2' })),
    );
    return { ref: await r.ref(name), images };
  };
  const write = async (images: readonly string[], pattern: number): Promise<void> => {
    for (const image of images) {
      await runOk('qemu-io', ['-f', 'qcow2', '-c', `write -P ${String(pattern)} 0 64k`, image]);
    }
  };
  const holds = async (images: readonly string[], pattern: number): Promise<void> => {
    for (const image of images) {
      const stdout = await runOk('qemu-io', ['-f', 'qcow2', '-r', '-c', `read -P ${String(pattern)} 0 64k`, image]);
      assert.ok(!stdout.includes('verification failed'), `${image}: ${stdout}`);
    }
  };
  const tag = async (images: readonly string[], name: string): Promise<void> => {
    for (const image of images) {
      await runOk('qemu-img', ['snapshot', '-c', name, image]);
    }
  };
  const adoption = async (ref: VmRef): Promise<string> => {
    const { diagnoses } = await r.engine.examine(ref);
    return diagnoses
      .flatMap(plannedRepairs)
      .flatMap(({ repair, decision }) => {
        const why = decision.kind === 'plan' ? 'plan' : decision.refusal.reason;
        return repair.kind === 'adoptTag' ? [`${repair.tag} ${why}`] : [];
      })
      .join();
  };
  const adopt = (vm: VmRef, name: string): Promise<unknown> => {
    const repair: Repair = { kind: 'adoptTag', tag: name };
    return r.engine.runOperation({ kind: 'repair', vm, repair });
  };
  const snapshots = (name: string): readonly Snapshot[] => r.vm(name)!.tree!.snapshots;

  it('becomes a snapshot with the time of the tag, and is reverted to and deleted', async () => {
    const { ref, images } = await made('cold');
    await write(images, 1);
    const before = Math.floor(Date.now() / 1_000) * 1_000;
    await tag(images, 'before update');
    await write(images, 2);
    assert.equal(await adoption(ref), 'before update plan');
    await adopt(ref, 'before update');
    const [only, ...others] = snapshots('cold');
    assert.ok(only !== undefined && others.length === 0);
    assert.deepEqual([only.name, only.kind, only.style, only.state], ['before update', 'offline', 'internal', 'off']);
    assert.ok(only.createdAt >= before && only.createdAt <= Date.now(), String(only.createdAt));
    assert.equal(r.vm('cold')!.tree!.current, 'before update');
    assert.deepEqual((await r.engine.examine(ref)).diagnoses, []);
    await r.engine.runOperation({ kind: 'revert', vm: ref, snapshot: only.name, after: 'off', checkpointFirst: false });
    await holds(images, 1);
    await r.engine.runOperation({ kind: 'delete', vm: ref, snapshot: only.name, scope: 'one' });
    assert.deepEqual(snapshots('cold'), []);
    for (const image of images) {
      assert.equal((await runOk('qemu-img', ['snapshot', '-l', image])).trim(), '');
    }
  });

  it('with RAM is one with RAM, beside the current one, which stays it', async () => {
    const { ref, images } = await made('warm');
    await write(images, 1);
    await r.engine.runOperation({ kind: 'create', vm: ref, title: 'own', snapshotKind: 'offline', style: 'internal' });
    await r.virsh('start', 'warm');
    await r.virsh('qemu-monitor-command', 'warm', '--hmp', 'savevm saved');
    await r.virsh('destroy', 'warm');
    await write(images, 2);
    await r.engine.refresh({ vm: ref });
    assert.equal(await adoption(ref), 'saved plan');
    await adopt(ref, 'saved');
    const saved = snapshots('warm').find(({ name }) => name === 'saved');
    assert.deepEqual([saved?.kind, saved?.state, r.vm('warm')!.tree!.current], ['memory', 'running', 'own']);
    await r.engine.runOperation({
      kind: 'revert',
      vm: ref,
      snapshot: 'saved',
      after: 'running',
      checkpointFirst: false,
    });
    assert.equal(r.vm('warm')!.vm.power, 'running');
    await r.virsh('destroy', 'warm');
    await holds(images, 1);
    await r.engine.refresh({ vm: ref });
    for (const name of ['saved', 'own']) {
      await r.engine.runOperation({ kind: 'delete', vm: ref, snapshot: name, scope: 'one' });
    }
    assert.deepEqual(snapshots('warm'), []);
  });

  it('of a VM that runs without it becomes one of the VM that is off', async () => {
    const { ref, images } = await made('running');
    await write(images, 1);
    await tag(images, 'cold');
    await r.virsh('start', 'running');
    await r.engine.refresh({ vm: ref });
    await adopt(ref, 'cold');
    assert.equal(r.vm('running')!.vm.power, 'running');
    await r.engine.runOperation({ kind: 'revert', vm: ref, snapshot: 'cold', after: 'off', checkpointFirst: false });
    assert.equal(r.vm('running')!.vm.power, 'off');
    await holds(images, 1);
  });

  it('in one of two disks is none of the VM: it says so', async () => {
    const { ref, images } = await made('half');
    await tag(images.slice(1), 'half');
    assert.equal(await adoption(ref), 'half tagNotWhole');
    await assert.rejects(adopt(ref, 'half'), { kind: 'refused' });
    assert.deepEqual(snapshots('half'), []);
  });
});
