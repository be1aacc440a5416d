// The steps by which an external snapshot gets another name, or becomes one without RAM: libvirt takes neither from a
// snapshot that it knows, so a second one on the same files takes its place. Knows no reason for either.
import { writeDescription } from '../../domain/description.js';
import { nvramCopy } from '../../domain/chains/nvramCopy.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf } from '../../domain/snapshotTree.js';
import { trailersToKeep } from '../describe/planDescribe.js';
import { canRemove } from '../../domain/chains/canRemove.js';
import { reparentSteps } from '../reparentSteps.js';

type RedefineStep = Extract<Step, { kind: 'redefineAs' }>;

/**
 * 1. the copy of the UEFI variables under the new name, 2. the new snapshot, 3. each child moved to it, 4. it is made
 * current where the old one was, 5. the old one is forgotten, 6. the old copy removed.
 *
 * Broken off anywhere, every snapshot has a parent that is there, both names have all their files, and the current one
 * is there: until 4 the old one, then the new one. The old one is forgotten only when nothing is below it and it is
 * not current: libvirt would move its children up, and rewrite which files they have. Children are redefined without
 * the mark of the current one; libvirt leaves it where it is.
 */
export function renameSteps(redefine: Omit<RedefineStep, 'kind'>, facts: Facts): readonly Step[] {
  const { vm, tree } = facts;
  const { snapshot, name } = redefine;
  const copy = nvramCopyOf(snapshot, facts);
  const moved = copy === undefined || vm.nvram === undefined ? undefined : nvramCopy(vm.nvram, name);
  return [
    ...(copy === undefined || moved === undefined
      ? []
      : [{ kind: 'copyFile', from: copy, to: moved, existing: 'replace' } as const]),
    { kind: 'redefineAs', ...redefine },
    ...reparentSteps(childrenOf(tree, snapshot), name),
    ...(tree.current === snapshot ? [{ kind: 'makeCurrent', snapshot: name } as const] : []),
    { kind: 'forgetSnapshot', snapshot },
    ...(copy === undefined ? [] : [{ kind: 'removeFiles', files: [copy] } as const]),
  ];
}

/** Its copy of the UEFI variables, which bears its name, where that cannot be moved. */
export function unmovableNvramCopy({ name }: Snapshot, facts: Facts): string | undefined {
  const copy = nvramCopyOf(name, facts);
  return copy !== undefined && !canRemove(copy, facts) ? copy : undefined;
}

/** Where it is there for sure. */
function nvramCopyOf(snapshot: string, { vm, files }: Facts): string | undefined {
  const copy = vm.nvram === undefined ? undefined : nvramCopy(vm.nvram, snapshot);
  return copy !== undefined && typeof files?.files.get(copy) === 'object' ? copy : undefined;
}

/** @param title empty: the name is enough */
export function describeWithTitle(snapshot: Snapshot, title: string): string {
  return writeDescription(snapshot.description, { ...trailersToKeep(snapshot), title });
}
