// A transient VM gets a configuration, the one that it runs with: it and its snapshots stay when it stops.
import { always, doneWhen, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const makePersistent: StepDefinition<'makePersistent'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: (_, facts) => ({ ...facts, vm: { ...facts.vm, persistent: true }, configured: facts.vm.disks }),
  isDone: (_, { vm }) => doneWhen(vm.persistent),
  byHand: (_, by) => [
    by.ofVm('dumpxml', '--inactive', '--security-info'),
    by.virsh('define', '--file', by.editedXml(by.vm.name)),
  ],
  isHarmless: always,
  canBreakOff: false,
};
