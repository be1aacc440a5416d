// Decides how a snapshot gets another name: a second one of that name on the same files, its children moved over, then
// the old metadata forgotten. Files keep their names. Where libvirt would lose something by it, the title alone changes.
import { versionOf } from '../model/capabilities.js';
import { writeDescription } from '../model/description.js';
import { isAuto } from '../chains/layoutLeaf.js';
import { nvramCopy } from '../chains/nvramCopy.js';
import { snapshotFor, unsteadyObstacle } from './obstacles.js';
import type { OperationRequest } from '../model/operation.js';
import { takenSuffixes } from '../chains/overlayFiles.js';
import type { Decision, Plan, Situation, Step, Warning } from '../model/plan.js';
import { displayLine } from '../model/plainText.js';
import { keptTrailers } from './planDescribe.js';
import { canRemove } from './planEmulatedDelete.js';
import { refuse } from '../model/refusal.js';
import { reparentSteps } from './reparentSteps.js';
import type { Snapshot } from '../model/snapshot.js';
import { nameFromTitle, titleProblem } from '../model/snapshotName.js';
import { childrenOf } from '../model/snapshotTree.js';

type RenameRequest = Extract<OperationRequest, { type: 'rename' }>;
type TitleOnly = Extract<Warning, { about: 'titleOnly' }>['why'];

/**
 * | title                       | → |
 * |-----------------------------|---|
 * | empty, too long, control character | badName |
 * | that of another snapshot    | nameTaken |
 * | one that makes the snapshot's own name again | the title alone |
 * | other                       | see `titleOnly`, else `stepsTo` |
 */
export function planRename(request: RenameRequest, situation: Situation): Decision {
  const { vm, tree, now } = situation;
  const snapshot = snapshotFor('describe', request.snapshot, situation);
  if ('refusal' in snapshot) {
    return snapshot;
  }
  const title = request.title.trim();
  const others = tree.snapshots.filter(({ name }) => name !== snapshot.name);
  const problem = titleProblem(request.title, others);
  if (problem !== undefined) {
    return problem === 'taken'
      ? refuse('nameTaken', { title: displayLine(title) })
      : refuse('badName', { title: displayLine(title), problem });
  }
  const taken = new Set([...others.map(({ name }) => name), ...takenSuffixes(situation)]);
  taken.delete(snapshot.name);
  const name = nameFromTitle(title, taken, now);
  const why = titleOnly(snapshot, situation);
  if (name === snapshot.name || why !== undefined) {
    const warnings: readonly Warning[] =
      name === snapshot.name || why === undefined ? [] : [{ about: 'titleOnly', why }];
    const description = described(snapshot, title === snapshot.name ? '' : title);
    return planOf(request, [{ do: 'describeSnapshot', snapshot: snapshot.name, description }], warnings);
  }
  const marked = snapshot.disks.find(({ deleteInProgress }) => deleteInProgress);
  if (marked !== undefined) {
    return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: marked.target });
  }
  return (
    unsteadyObstacle(vm, 'describe') ??
    planOf(request, stepsTo(name, described(snapshot, title === name ? '' : title), snapshot, situation), [])
  );
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
 * | external, its copy of the UEFI variables cannot be moved | any | files |
 * | external, other                     | any     | can be renamed |
 */
function titleOnly(snapshot: Snapshot, situation: Situation): TitleOnly | undefined {
  const { tree, capabilities } = situation;
  if (snapshot.style === 'internal') {
    return 'internal';
  }
  const notes = capabilities.libvirt >= versionOf(9, 9);
  if ((notes && tree.current === snapshot.name) || isAuto(snapshot, 'layout', situation)) {
    return 'current';
  }
  const copy = nvramCopyOf(snapshot, situation);
  return copy !== undefined && !canRemove(copy, situation) ? 'files' : undefined;
}

/**
 * 1. the copy of the UEFI variables under the new name, 2. the new snapshot, 3. each child moved to it, 4. it is made
 * current where the old one was, 5. the old one is forgotten, 6. the old copy removed.
 *
 * Broken off anywhere, every snapshot has a parent that is there, both names have all their files, and the current one
 * is there: until 4 the old one, then the new one. The old one is forgotten only when nothing is below it and it is
 * not current: libvirt would move its children up, and rewrite which files they have. Children are redefined without
 * the mark of the current one; libvirt leaves it where it is.
 */
function stepsTo(name: string, description: string, snapshot: Snapshot, situation: Situation): readonly Step[] {
  const { vm, tree } = situation;
  const copy = nvramCopyOf(snapshot, situation);
  const moved = copy === undefined || vm.nvram === undefined ? undefined : nvramCopy(vm.nvram, name);
  return [
    ...(copy === undefined || moved === undefined
      ? []
      : [{ do: 'copyFile', from: copy, to: moved, existing: 'replace' } as const]),
    { do: 'redefineAs', snapshot: snapshot.name, name, description },
    ...reparentSteps(childrenOf(tree, snapshot.name), name),
    ...(tree.current === snapshot.name ? [{ do: 'makeCurrent', snapshot: name } as const] : []),
    { do: 'forgetSnapshot', snapshot: snapshot.name },
    ...(copy === undefined ? [] : [{ do: 'removeFiles', files: [copy] } as const]),
  ];
}

/** Where it is there for sure. */
function nvramCopyOf(snapshot: Snapshot, { vm, files }: Situation): string | undefined {
  const copy = vm.nvram === undefined ? undefined : nvramCopy(vm.nvram, snapshot.name);
  return copy !== undefined && typeof files?.files.get(copy) === 'object' ? copy : undefined;
}

function described(snapshot: Snapshot, title: string): string {
  return writeDescription(snapshot.description, { ...keptTrailers(snapshot), title });
}

function planOf(request: RenameRequest, steps: readonly Step[], warnings: readonly Warning[]): Plan {
  return {
    type: 'plan',
    request,
    steps,
    losses: [],
    warnings,
    progress: 'timeOnly',
    estimateMs: 100 * steps.length,
    snapshot: request.snapshot,
  };
}
