// What becomes of an operation that broke off: how far it came by its journal and by the present, and the way on or back.
// The ways themselves stand in recover….ts, one for each shape of plan.
import type { Situation } from './plan.js';
import { brokenAt } from './brokenAt.js';
import { recoverCreate } from './recoverCreate.js';
import { recoverDelete } from './recoverDelete.js';
import { recoverEmulatedRevert } from './recoverEmulatedRevert.js';
import { recoverNativeRevert } from './recoverNativeRevert.js';
import { recoverRename } from './recoverRename.js';
import { recoverRepair } from './recoverRepair.js';
import type { BrokenOff, Recovery } from './recovery.js';

/**
 * | operation                | broken off before its first step that cannot be taken back | … after it               |
 * |--------------------------|-------------------------------------------------------------|-------------------------|
 * | create                   | before; what a half made snapshot left is removed           | after                   |
 * | revert, its checkpoint   | as create; a checkpoint that is whole stays                 | see the next two        |
 * | revert by libvirt        | before                                                      | reverted again          |
 * | revert by us             | before; the new overlays are removed                        | the same steps go on    |
 * | delete                   | before                                                      | the rest is deleted     |
 * | rename                   | before                                                      | the same steps go on    |
 * | repair                   | before                                                      | decided anew            |
 * | describe, power          | before                                                      | after                   |
 *
 * Pure, and for any present: what is to be done is decided from it, never from the journal alone. A recovery that breaks
 * off itself is recovered in the same way.
 *
 * @param situation with the frozen disks of all snapshots, and every file that the plan names
 */
export function planRecovery(brokenOff: BrokenOff, situation: Situation): Recovery {
  const { request, plan } = brokenOff;
  switch (request.type) {
    case 'create':
      return recoverCreate(brokenOff, situation);
    case 'revert':
      return plan.steps.some((step) => step.do === 'revert')
        ? recoverNativeRevert({ ...brokenOff, request }, situation)
        : recoverEmulatedRevert(brokenOff, situation);
    case 'delete':
      return recoverDelete({ ...brokenOff, request }, situation);
    case 'rename':
      return recoverRename(brokenOff, situation);
    case 'repair':
      return plan.steps.some((step) => step.do === 'defineFromSnapshot')
        ? recoverEmulatedRevert(brokenOff, situation)
        : recoverRepair({ ...brokenOff, request }, situation);
    case 'describe':
    case 'power':
      return { type: 'settled', to: brokenAt(brokenOff, situation) === plan.steps.length ? 'after' : 'before' };
  }
}
