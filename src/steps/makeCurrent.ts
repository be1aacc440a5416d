// Redefined as the current one. With other overlays it forgets what an earlier revert noted, and libvirt ≥ 9.9 does so
// anyhow.
import { findSnapshot } from '../domain/snapshotTree.js';
import { changedSnapshot, withoutRevertDisks } from './changedTree.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const makeCurrent: StepDefinition<'makeCurrent'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, disks = [] }, facts) => {
    const files = new Map(disks.map(({ target, file }) => [target, file]));
    const current = { ...facts, tree: { ...facts.tree, current: snapshot } };
    return changedSnapshot(current, snapshot, (one) => ({
      ...withoutRevertDisks(one),
      disks: one.disks.map((disk) => {
        const file = files.get(disk.target);
        return file === undefined ? disk : { ...disk, file };
      }),
    }));
  },
  isDone: ({ snapshot, disks = [] }, { tree }) => {
    const own = findSnapshot(tree, snapshot)?.disks ?? [];
    const named = disks.every(({ target, file }) => own.some((disk) => disk.target === target && disk.file === file));
    return doneWhen(tree.current === snapshot && named);
  },
  byHand: ({ snapshot, disks }, by) => [
    disks === undefined
      ? by.ofSnapshot('snapshot-current', snapshot)
      : by.ofSnapshot('snapshot-edit', snapshot, '--current'),
  ],
  isHarmless: always,
  canBreakOff: true,
};
