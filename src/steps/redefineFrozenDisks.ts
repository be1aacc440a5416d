// A snapshot's own `<domain>` names these files from now on, for what it froze is in them, and tells no layers below.
import { toldChain } from '../domain/vm.js';
import { redirectDisks, withFrozen } from './changedFacts.js';
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const redefineFrozenDisks: StepDefinition<'nameFrozenFiles'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ snapshot, disks }, facts) =>
    withFrozen(facts, snapshot, redirectDisks(facts.frozenDisks?.get(snapshot) ?? [], disks)),
  isDone: ({ snapshot, disks }, facts) => {
    const frozen = facts.frozenDisks?.get(snapshot) ?? [];
    return doneWhen(
      disks.every(({ target, file }) =>
        frozen.some((disk) => disk.target === target && toldChain(disk).join() === file),
      ),
    );
  },
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
