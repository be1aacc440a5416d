// The steps by which an external snapshot gets another name, or becomes one without RAM: libvirt takes neither from a
// snapshot that it knows, so a second one on the same files takes its place. Knows no reason for either.
import { writeDescription } from '../../domain/description.js';
import { stateCopies, stateCopy, stateFiles, stateThen } from '../../domain/chains/stateCopies.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, findSnapshot } from '../../domain/snapshotTree.js';
import { isThere } from '../../domain/chains/standsOn.js';
import { trailersToKeep } from '../describe/planDescribe.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { reparentSteps } from '../reparentSteps.js';

type RedefineStep = Extract<Step, { kind: 'redefineAs' }>;

/**
 * 1. the copies of UEFI variables and of the TPM's state under the new name, 2. the new snapshot, 3. each child moved
 * to it, 4. it is made current where the old one was, 5. the old one is forgotten, 6. the old copies removed.
 *
 * Broken off anywhere, every snapshot has a parent that is there, both names have all their files, and the current one
 * is there: until 4 the old one, then the new one. The old one is forgotten only when nothing is below it and it is
 * not current: libvirt would move its children up, and rewrite which files they have. Children are redefined without
 * the mark of the current one; libvirt leaves it where it is.
 */
export function renameSteps(redefine: Omit<RedefineStep, 'kind'>, facts: Facts): readonly Step[] {
  const { vm, tree } = facts;
  const { snapshot, name } = redefine;
  const copied = stateFiles(stateThen(vm, findSnapshot(tree, snapshot))).filter((file) =>
    isThere(stateCopy(file, snapshot), facts),
  );
  return [
    ...copied.map(
      (file) =>
        ({
          kind: 'copyFile',
          from: stateCopy(file, snapshot),
          to: stateCopy(file, name),
          existing: 'replace',
        }) as const,
    ),
    { kind: 'redefineAs', ...redefine },
    ...reparentSteps(childrenOf(tree, snapshot), name),
    ...(tree.current === snapshot ? [{ kind: 'makeCurrent', snapshot: name } as const] : []),
    { kind: 'forgetSnapshot', snapshot },
    ...(copied.length === 0
      ? []
      : [{ kind: 'removeFiles', files: copied.map((file) => stateCopy(file, snapshot)) } as const]),
  ];
}

/** Finds the first copy of state, named after the snapshot, that cannot be moved. */
export function unmovableCopy(snapshot: Snapshot, facts: Facts): string | undefined {
  return stateCopies(facts.vm, snapshot).find((copy) => isThere(copy, facts) && !canRemove(copy, facts));
}

/** @param title empty: the name is enough */
export function describeWithTitle(snapshot: Snapshot, title: string): string {
  return writeDescription(snapshot.description, { ...trailersToKeep(snapshot), title });
}
