// The end of a rename that broke off, or of what makes a snapshot a disk-only one. Every prefix of its steps leaves all
// snapshots whole; so what was begun goes on.
import { brokenAt, goOn, hasBegun, removal, safely, unused } from '../brokenAt.js';
import { mayMakeCurrent } from '../leftAsPlanned.js';
import type { Situation } from '../../domain/situation.js';
import { reparentSteps } from './reparentSteps.js';
import type { BrokenOff, Recovery } from '../interrupted.js';
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
export function recoverRename(brokenOff: BrokenOff, situation: Situation): Recovery {
  const { steps } = brokenOff.plan;
  const redefine = steps.find((step) => step.kind === 'redefineAs');
  const at = brokenAt(brokenOff, situation);
  if (redefine === undefined) {
    return { kind: 'settled', to: at === steps.length ? 'after' : 'before' };
  }
  if (!hasBegun(brokenOff, ['redefineAs']) || findSnapshot(situation.tree, redefine.name) === undefined) {
    const copies = steps.flatMap((step) => (step.kind === 'copyFile' ? [step.to] : []));
    const left = hasBegun(brokenOff, ['copyFile']) ? unused(copies, situation, 'notNamed') : [];
    return goOn(brokenOff, removal(left), 'before');
  }
  const rest = steps
    .slice(at)
    .filter((step) => step.kind !== 'makeCurrent' || mayMakeCurrent(step, brokenOff.plan, situation));
  const moved = new Set(rest.flatMap((step) => (step.kind === 'reparent' ? [step.snapshot] : [])));
  const others = childrenOf(situation.tree, redefine.snapshot).filter(
    ({ name }) => !moved.has(name) && name !== redefine.name,
  );
  return goOn(
    brokenOff,
    [...reparentSteps(others, redefine.name), ...safely(rest, brokenOff.plan, situation)],
    'after',
  );
}
