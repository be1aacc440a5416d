// The VM, which is off, gets the snapshot's configuration, with these files as disks.
import { frozenLayersOf } from '../domain/chains/fileUse.js';
import { standsOn } from '../domain/chains/standsOn.js';
import { onOverlays, withHardwareOf } from './changedFacts.js';
import { doneWhen, never, type StepDefinition } from './stepDefinition.js';

export const defineFromSnapshot: StepDefinition<'defineFromSnapshot'> = {
  touches: ({ disks }) => ({ images: disks.map(({ file }) => file) }),
  layers: ({ snapshot }, facts) => ({ reads: frozenLayersOf(snapshot, facts) }),
  apply: ({ snapshot, disks }, facts) => {
    const frozen = facts.frozenDisks?.get(snapshot) ?? facts.vm.disks;
    const configured = frozen.filter(({ only }) => only !== 'running');
    return { ...withHardwareOf(facts, snapshot), vm: { ...facts.vm, disks: onOverlays(configured, disks) } };
  },
  /** Each disk of the VM stands on its file, or on an overlay of that. */
  isDone: ({ disks }, facts) => doneWhen(standsOn(disks, facts)),
  /** A look at the snapshot's `<domain>`, and the VM edited like it. */
  byHand: ({ snapshot }, by) => [by.ofSnapshot('snapshot-dumpxml', snapshot, '--security-info'), by.ofVm('edit')],
  isHarmless: never,
  canBreakOff: true,
};
