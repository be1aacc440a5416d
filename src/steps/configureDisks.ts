// What a VM starts with next time: on these files. Of one that runs, the ones that it is on now; of one that is off,
// those that its managed save was made on.
import { isActive } from '../domain/vm.js';
import { redirectDisks } from './changedFacts.js';
import { doneWhen, never, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

export const configureDisks: StepDefinition<'configureDisks'> = {
  touches: nothingTouched,
  layers: noLayers,
  apply: ({ disks }, facts) => {
    const { vm, configured = vm.disks } = facts;
    return isActive(vm.power)
      ? { ...facts, configured: redirectDisks(configured, disks) }
      : { ...facts, vm: { ...vm, disks: redirectDisks(vm.disks, disks) } };
  },
  isDone: ({ disks }, { vm, configured }) => {
    const next = isActive(vm.power) ? configured : vm.disks;
    return doneWhen(
      disks.every(({ target, file }) => next?.some((disk) => disk.target === target && disk.source === file)),
    );
  },
  byHand: (_, by) => [
    by.ofVm('dumpxml', '--inactive', '--security-info'),
    by.virsh('define', '--file', by.editedXml(by.vm.name)),
  ],
  isHarmless: never,
  canBreakOff: false,
};
