// What a VM that runs starts with next time: on these files, the ones that it is on now.
import { redirected } from './changedFacts.js';
import { doneWhen, never, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const configureDisks: StepDefinition<'configureDisks'> = {
  touches: nothingTouched,
  apply: ({ disks }, facts) => ({ ...facts, configured: redirected(facts.configured ?? facts.vm.disks, disks) }),
  isDone: ({ disks }, { configured }) =>
    doneWhen(
      disks.every(({ target, file }) => configured?.some((disk) => disk.target === target && disk.source === file)),
    ),
  byHand: (_, by) => [
    by.ofVm('dumpxml', '--inactive', '--security-info'),
    by.virsh('define', '--file', by.editedXml(by.vm.name)),
  ],
  isHarmless: never,
  canBreakOff: false,
};
