// Back to a snapshot, by libvirt: QEMU starts again with its configuration, its disks, and its RAM where it has one.
import { frozenLayersOf } from '../domain/chains/fileUse.js';
import type { Facts } from '../domain/facts.js';
import type { Snapshot, SnapshotDisk } from '../domain/snapshot.js';
import { childrenOf, currentOf, findSnapshot } from '../domain/snapshotTree.js';
import { snapshotableDisks, type VmDisk } from '../domain/vm.js';
import { onOverlays, changePower, withHardwareOf, withOverlaysOf, withoutFile } from './changedFacts.js';
import { changedSnapshot, withoutRevertDisks } from './changedTree.js';
import type { TargetFile } from './step.js';
import { cannotTell, never, nothingTouched, type StepDefinition, type StepOf } from './stepDefinition.js';

export const revert: StepDefinition<'revert'> = {
  touches: nothingTouched,
  layers: ({ snapshot }, facts) => ({ reads: frozenLayersOf(snapshot, facts) }),
  apply: (step, facts) => {
    const target = findSnapshot(facts.tree, step.snapshot);
    if (target === undefined) {
      return facts;
    }
    const there = target.style === 'internal' ? standing(step, target, [], facts) : onNewOverlays(step, target, facts);
    return { ...withHardwareOf(there, target.name), tree: { ...there.tree, current: target.name } };
  },
  isDone: cannotTell,
  byHand: ({ snapshot, to }, by) => [
    by.ofSnapshot('snapshot-revert', snapshot, ...(to === 'asSnapshot' ? [] : [`--${to}`])),
  ],
  isHarmless: never,
  canBreakOff: true,
};

/**
 * | to         | the snapshot was taken of a VM that | the VM is, reason |
 * |------------|-------------------------------------|-------------------|
 * | asSnapshot | ran, was paused, with its RAM       | the same, fromSnapshot |
 * | asSnapshot | was off, or its disks alone         | off               |
 * | running, paused | any                            | that              |
 */
function standing(step: StepOf<'revert'>, target: Snapshot, overlays: readonly TargetFile[], facts: Facts): Facts {
  const natural = target.state === 'running' || target.state === 'paused' ? target.state : 'off';
  const power = step.to === 'asSnapshot' ? natural : step.to;
  const off = changePower('off', facts);
  const frozen = facts.frozenDisks?.get(target.name);
  const disks = (which: VmDisk['only']): readonly VmDisk[] =>
    frozen === undefined
      ? off.vm.disks
      : onOverlays(
          frozen.filter(({ only }) => only === undefined || only === which),
          overlays,
        );
  const defined = { ...off, vm: { ...off.vm, disks: disks('configured') } };
  if (power === 'off') {
    return changePower('off', defined, 'fromSnapshot');
  }
  const on = changePower(power, defined, 'fromSnapshot');
  return { ...on, vm: { ...on.vm, disks: disks('running') } };
}

/**
 * Each writable disk gets a new overlay, named by the second, on what it had then. The overlays of the state that is
 * left are deleted, also where something is built on them.
 *
 * | the target has | its overlays are noted as |
 * |----------------|---------------------------|
 * | no children    | its own disks             |
 * | children       | `revertDisks`             |
 */
function onNewOverlays(step: StepOf<'revert'>, target: Snapshot, facts: Facts): Facts {
  const { tree, frozenDisks = new Map<string, readonly VmDisk[]>(), now } = facts;
  const frozen = frozenDisks.get(target.name) ?? [];
  const overlays = snapshotableDisks({ disks: frozen }).map(({ target: name, source = '' }) => ({
    target: name,
    file: `${source.replace(/\.[^./]*$/u, '')}.${String(Math.floor(now / 1_000))}`,
  }));
  const current = currentOf(tree);
  const left = (current?.revertDisks ?? current?.disks ?? []).flatMap(({ file }) => file ?? []);
  const cleared = changedSnapshot(left.reduce(withoutFile, facts), current?.name ?? '', withoutRevertDisks);
  const disks = frozen.map((disk): SnapshotDisk => {
    const file = overlays.find((one) => one.target === disk.target)?.file;
    return {
      target: disk.target,
      deleteInProgress: false,
      ...(file === undefined ? { location: 'no' } : { location: 'external', file }),
    };
  });
  const isLeaf = childrenOf(tree, target.name).length === 0;
  const noted = changedSnapshot(cleared, target.name, (one) =>
    isLeaf ? { ...one, disks } : { ...one, revertDisks: disks },
  );
  return standing(step, target, overlays, withOverlaysOf(noted, frozen, overlays));
}
