// A snapshot's own `<domain>` names these files from now on, for what it froze is in them.
import { backingFileOf } from '../domain/chains/fileUse.js';
import { redirectDisks, withFrozen } from './changedFacts.js';
import { always, doneWhen, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const redefineFrozenDisks: StepDefinition<'nameFrozenFiles'> = {
  touches: nothingTouched,
  apply: ({ snapshot, disks }, facts) =>
    withFrozen(facts, snapshot, redirectDisks(facts.frozenDisks?.get(snapshot) ?? [], disks)),
  isDone: ({ snapshot, disks }, facts) =>
    doneWhen(disks.every(({ target, file }) => backingFileOf(facts, snapshot, target) === file)),
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-edit', snapshot)],
  isHarmless: always,
  canBreakOff: false,
};
