// The VM starts from a snapshot's memory file, with these files as disks; it keeps its own configuration for the next
// start.
import { frozenLayersOf } from '../domain/chains/fileUse.js';
import { standsOn } from '../domain/chains/standsOn.js';
import { isActive } from '../domain/vm.js';
import { changePower } from './changedFacts.js';
import { doneWhen, never, type StepDefinition } from './stepDefinition.js';

export const restoreMemory: StepDefinition<'restoreMemory'> = {
  touches: ({ disks, file }) => ({ images: disks.map((disk) => disk.file), files: [file] }),
  layers: ({ snapshot }, facts) => ({ reads: frozenLayersOf(snapshot, facts) }),
  apply: ({ to }, facts) => changePower(to, facts),
  isDone: ({ disks }, facts) => doneWhen(isActive(facts.vm.power) && standsOn(disks, facts)),
  /** The XML of the file is kept, and the VM restored with it edited. */
  byHand: ({ snapshot, file, to }, by) => [
    by.virsh('save-image-dumpxml', '--file', file, '--security-info'),
    by.virsh('restore', '--file', file, '--xml', by.editedXml(snapshot), `--${to}`),
  ],
  isHarmless: never,
  canBreakOff: true,
};
