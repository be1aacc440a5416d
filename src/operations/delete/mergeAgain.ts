// A merge that broke off, after which QEMU may write into the file below: to begin it again tells whether QEMU stands
// there.
import type { StrayQemu } from '../../domain/chains/strayQemu.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { findSnapshot } from '../../domain/snapshotTree.js';

/**
 * QEMU keeps the same locks, open files and flags in all of these, and libvirt tells the same of them. Measured on 9.0
 * with QEMU 7.2, 11.3 with 10.0, 12.8 with 11.1; no byte changes where it refuses.
 *
 * | QEMU, of which libvirt knows no job                | a merge of the disk's upper file, begun again |
 * |----------------------------------------------------|-----------------------------------------------|
 * | has given up a merge (7.2: the file below stays open for writing) | is done                        |
 * | merges still, or waits to go over                  | is refused: "Need a root block node"          |
 * | has gone over to the file below                    | is refused: "Permission conflict on node"     |
 *
 * Whether these steps begin so, with the disk in question: then those after it come only where QEMU had given up.
 */
export function beginsWithMerge(
  steps: readonly Step[],
  { kind: what, disk, said }: StrayQemu,
  { tree }: Facts,
): boolean {
  const [first] = steps;
  if (what !== 'mergeLost') {
    return false;
  }
  if (first?.kind === 'blockCommit') {
    return first.target === disk && first.top === said;
  }
  return (
    first?.kind === 'deleteSnapshot' &&
    tree.current === first.snapshot &&
    findSnapshot(tree, first.snapshot)?.disks.some(({ target, file }) => target === disk && file === said) === true
  );
}

/** As if nobody had an image open. */
export function withoutLocks(facts: Facts): Facts {
  return { ...facts, written: new Set() };
}
