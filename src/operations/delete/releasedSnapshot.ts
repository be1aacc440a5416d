// A snapshot that libvirt has let go of in its notes of those above it, and has not forgotten: the last it does of a
// delete but one or two. Says what is still to be done.
import { chainOf } from '../../domain/chains/backingChain.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import type { PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, findSnapshot, isOnActivePath } from '../../domain/snapshotTree.js';
import { doneMerges } from './staleNames.js';
import { namingSteps } from './planFinishBelow.js';

/**
 * | each of its disks, as the images say      | → |
 * |-------------------------------------------|---|
 * | stands on what took the merge             | who names the overlay still is put on what took it, and it is forgotten: libvirt puts those above beside it first, and notes their files after that |
 * | stands on its overlay still: QEMU died, and libvirt took the merge for done | who is above is put on that overlay, and it is forgotten; the overlay stays as a layer that nobody owns |
 * | is not seen                               | chainUnknown |
 *
 * Undefined where libvirt has not let go of it.
 */
export function planReleased(
  name: string,
  plan: PlannedWork,
  facts: Facts,
): readonly Step[] | RefusedDecision | undefined {
  const snapshot = findSnapshot(facts.tree, name);
  if (snapshot === undefined || !isReleased(snapshot, plan, facts)) {
    return undefined;
  }
  const naming: Step[] = [];
  for (const target of externalTargets(snapshot)) {
    const base = backingFileOf(facts, name, target);
    const chain = chainOf(target, facts);
    if (base === undefined || chain?.includes(base) !== true) {
      return refuse('chainUnknown', { vm: facts.vm.name, disk: target });
    }
    const overlay = chain[chain.indexOf(base) - 1];
    const own = [...snapshot.disks, ...(snapshot.revertDisks ?? [])];
    if (overlay !== undefined && own.some((disk) => disk.target === target && disk.file === overlay)) {
      naming.push(...namesOverlayOn(overlay, base, { name, target }, facts));
    }
  }
  const done = doneMerges(name, plan.merges ?? [], facts);
  return [...naming, ...namingSteps(name, done, facts), { kind: 'forgetSnapshot', snapshot: name }];
}

function isReleased(snapshot: Snapshot, { merges = [] }: PlannedWork, facts: Facts): boolean {
  const { name, style } = snapshot;
  const targets = style === 'external' ? externalTargets(snapshot) : [];
  return (
    targets.length > 0 &&
    !isOnActivePath(facts.tree, name) &&
    childrenOf(facts.tree, name).length === 0 &&
    targets.every((target) => merges.some(({ base }) => base === backingFileOf(facts, name, target)))
  );
}

/**
 * Names the overlay in the snapshots of the branch that the VM runs on: the one that froze it names the file below it,
 * and some name a file further below.
 */
function namesOverlayOn(
  overlay: string,
  base: string,
  gone: { readonly name: string; readonly target: string },
  { tree, frozenDisks }: Facts,
): readonly Step[] {
  return tree.snapshots.flatMap(({ name }): readonly Step[] => {
    const disk = frozenDisks?.get(name)?.find(({ target }) => target === gone.target);
    if (name === gone.name || !isOnActivePath(tree, name) || disk?.source === undefined) {
      return [];
    }
    const { target, source, backing = [], format } = disk;
    if (source === base) {
      return [{ kind: 'nameFrozenFiles', snapshot: name, disks: [{ target, file: overlay, format: 'qcow2' }] }];
    }
    return backing.includes(base) && !backing.includes(overlay) && source !== overlay
      ? [{ kind: 'nameFrozenFiles', snapshot: name, disks: [{ target, file: source, format }] }]
      : [];
  });
}
