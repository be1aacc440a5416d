// The end of a rename that broke off, or of what makes a snapshot a disk-only one. Every prefix of its steps leaves all
// snapshots whole; so what was begun goes on.
import { findInterruptedStep, goOn, hasBegun, removal, withSafeRemovals, unusedFiles } from '../interruptedStep.js';
import { mayMakeCurrent } from '../matchesPlan.js';
import type { Facts } from '../../domain/facts.js';
import { reparentSteps } from '../reparentSteps.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { childrenOf, findSnapshot } from '../../domain/snapshotTree.js';

/**
 * | the new name is there | the old one is there | → |
 * |-----------------------|----------------------|---|
 * | no                    | any                  | before; a copy under the new name is removed |
 * | yes                   | yes                  | the rest of the steps, and children that came meanwhile are moved too |
 * | yes                   | no                   | the rest of the steps |
 *
 * One that somebody made current meanwhile stays so.
 */
export function recoverRename(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { steps } = interrupted.plan;
  const redefine = steps.find((step) => step.kind === 'redefineAs');
  const at = findInterruptedStep(interrupted, facts);
  if (redefine === undefined) {
    return { kind: 'settled', to: at === steps.length ? 'after' : 'before' };
  }
  if (!hasBegun(interrupted, ['redefineAs']) || findSnapshot(facts.tree, redefine.name) === undefined) {
    const copies = steps.flatMap((step) => (step.kind === 'copyFile' ? [step.to] : []));
    const left = hasBegun(interrupted, ['copyFile']) ? unusedFiles(copies, facts, 'notNamed') : [];
    return goOn(interrupted, removal(left), 'before');
  }
  const rest = steps
    .slice(at)
    .filter((step) => step.kind !== 'makeCurrent' || mayMakeCurrent(step, interrupted.plan, facts));
  const moved = new Set(rest.flatMap((step) => (step.kind === 'reparent' ? [step.snapshot] : [])));
  const others = childrenOf(facts.tree, redefine.snapshot).filter(
    ({ name }) => !moved.has(name) && name !== redefine.name,
  );
  return goOn(
    interrupted,
    [...reparentSteps(others, redefine.name), ...withSafeRemovals(rest, interrupted.plan, facts)],
    'after',
  );
}
