// A snapshot's metadata tell what its disks rest on from now on: some libvirts crash on a merge where they do not.
import { tellsBelow } from '../domain/chains/undescribedBranch.js';
import { withFrozen, withoutLayers } from './changedFacts.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const redefineBackingChain: StepDefinition<'tellLayers'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, disks }, facts) =>
    withFrozen(
      facts,
      snapshot,
      (facts.frozenDisks?.get(snapshot) ?? []).map((disk) => {
        const below = disks.find(({ target }) => target === disk.target)?.below;
        if (below === undefined || tellsBelow(disk)) {
          return disk;
        }
        return { ...withoutLayers(disk), ...(below.length === 0 ? { backing: [] } : { layers: below }) };
      }),
    ),
  isDone: ({ snapshot, disks }, facts) => {
    const frozen = facts.frozenDisks?.get(snapshot) ?? [];
    return doneWhen(disks.every(({ target }) => frozen.some((disk) => disk.target === target && tellsBelow(disk))));
  },
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
