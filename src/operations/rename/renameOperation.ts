// A snapshot gets another name: a second one of that name on the same files, its children moved over, then the old
// metadata forgotten. Files keep their names.
import { stateCopies } from '../../domain/chains/stateCopies.js';
import type { OperationDefinition } from '../operationDefinition.js';
import { filesIn, noFacts } from '../requiredFacts.js';
import { versionOf } from '../../domain/capabilities.js';
import { checkpointRefusal } from '../diskRefusals.js';
import { isAuto } from '../../domain/chains/layoutLeaf.js';
import { snapshotFor, unsteadyRefusal } from '../refusals.js';
import type { OperationRequest } from '../../domain/operation.js';
import { usedSuffixes } from '../../domain/chains/overlayFiles.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Warning } from '../../domain/consequences.js';
import { displayLine } from '../../domain/plainText.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { describeWithTitle, renameSteps, unmovableCopy } from './renameSteps.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isSafeName, nameFromTitle, titleProblem } from '../../domain/snapshotName.js';
import { findInterruptedStep, goOn, hasBegun, removal, withSafeRemovals, unusedFiles } from '../interruptedStep.js';
import { mayMakeCurrent } from '../matchesPlan.js';
import { reparentSteps } from '../reparentSteps.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { childrenOf, findSnapshot } from '../../domain/snapshotTree.js';

type RenameRequest = Extract<OperationRequest, { kind: 'rename' }>;
type TitleOnly = Extract<Warning, { kind: 'titleOnly' }>['why'];

/**
 * | title                       | → |
 * |-----------------------------|---|
 * | empty, too long, control character | badName |
 * | that of another snapshot    | nameTaken |
 * | one that makes the snapshot's own name again | the title alone |
 * | other                       | see `titleOnly`, else `renameSteps` |
 *
 * A `name` that is asked for beside the title was its own once: it is taken as it is, or not at all.
 */
function planRename(request: RenameRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, tree, now } = facts;
  const snapshot = snapshotFor('describe', request.snapshot, facts);
  if ('refusal' in snapshot) {
    return snapshot;
  }
  const backups = checkpointRefusal(facts, 'changed');
  if (backups !== undefined) {
    return backups;
  }
  const title = request.title.trim();
  const others = tree.snapshots.filter(({ name }) => name !== snapshot.name);
  const problem = titleProblem(request.title, others);
  if (problem !== undefined) {
    return problem === 'taken'
      ? refuse('nameTaken', { title: displayLine(title) })
      : refuse('badName', { title: displayLine(title), problem });
  }
  const taken = new Set([...others.map(({ name }) => name), ...usedSuffixes(facts)]);
  taken.delete(snapshot.name);
  if (request.name !== undefined && (!isSafeName(request.name) || others.some((one) => one.name === request.name))) {
    return refuse('nameTaken', { title: displayLine(request.name) });
  }
  const name = request.name ?? nameFromTitle(title, taken, now);
  const why = titleOnly(snapshot, facts);
  if (name === snapshot.name || why !== undefined) {
    const warnings: readonly Warning[] =
      name === snapshot.name || why === undefined ? [] : [{ kind: 'titleOnly', why }];
    const description = describeWithTitle(snapshot, title === snapshot.name ? '' : title);
    return planOf(request, [{ kind: 'describeSnapshot', snapshot: snapshot.name, description }], warnings);
  }
  const marked = snapshot.disks.find(({ deleteInProgress }) => deleteInProgress);
  if (marked !== undefined) {
    return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: marked.target });
  }
  const redefine = {
    snapshot: snapshot.name,
    name,
    description: describeWithTitle(snapshot, title === name ? '' : title),
  };
  return unsteadyRefusal(vm, 'describe') ?? planOf(request, renameSteps(redefine, facts), []);
}

/**
 * Measured on 11.3 and 12.8: what makes a snapshot the current one wipes the note of the overlay that the VM got at a
 * revert, so that the next revert removes the file that its children are built on.
 *
 * | snapshot                            | libvirt | → |
 * |-------------------------------------|---------|---|
 * | internal                            | any     | internal: the tag in the image keeps its name |
 * | external, current                   | ≥ 9.9   | current |
 * | our leaf that notes the layout      | any     | current: our records know it by its name |
 * | external, its copies of UEFI variables and TPM state cannot be moved | any | files |
 * | external, other                     | any     | can be renamed |
 */
function titleOnly(snapshot: Snapshot, facts: Facts): TitleOnly | undefined {
  const { tree, capabilities } = facts;
  if (snapshot.style === 'internal') {
    return 'internal';
  }
  const notes = capabilities.libvirt >= versionOf(9, 9);
  if ((notes && tree.current === snapshot.name) || isAuto(snapshot, 'layout', facts)) {
    return 'current';
  }
  return unmovableCopy(snapshot, facts) === undefined ? undefined : 'files';
}

function planOf(request: RenameRequest, steps: readonly Step[], warnings: readonly Warning[]): DraftPlan {
  return {
    kind: 'plan',
    request,
    steps,
    losses: [],
    warnings,
    progress: 'timeOnly',
    estimateMs: 100 * steps.length,
    snapshot: request.snapshot,
  };
}

export const renameOperation: OperationDefinition<'rename'> = {
  plan: planRename,
  recover: recoverRename,
  requiredFacts: () => noFacts,
  requiredFiles: ({ snapshot }, facts) =>
    filesIn(facts, [], stateCopies(facts.vm, findSnapshot(facts.tree, snapshot) ?? { name: snapshot })),
  refusesPaths: () => 'none',
  mindsCheckpoints: () => true,
};

// The end of a rename that broke off, or of what makes a snapshot a disk-only one. Every prefix of its steps leaves all
// snapshots whole; so what was begun goes on.

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
