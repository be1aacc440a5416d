// Whether a VM's chain of overlays is the one that its snapshots tell of. A block commit by hand writes one snapshot's
// changes into the file of another, and leaves metadata that "reverts" to something else. Knows no merge of libvirt's
// own.
import { wholeChain } from './backingChain.js';
import { backingFileOf } from './fileUse.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { activePath } from '../snapshotTree.js';

/**
 * For an external snapshot that the VM builds on, per disk. A pull by hand looks the same and does no harm: what cannot
 * be told apart counts as harm.
 *
 * | its frozen file in the VM's chain | the file that the next snapshot froze | → |
 * |-----------------------------------|---------------------------------------|---|
 * | not there                         | any                                   | ok: nobody wrote through this chain |
 * | there                             | above it                              | ok |
 * | there                             | not above it                          | mergedByHand |
 * | there                             | not known, or it is the current one   | ok |
 */
export function manualMergeRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const path = activePath(facts.tree);
  const at = path.findIndex(({ name }) => name === snapshot.name);
  const next = at < 0 ? undefined : path[at + 1];
  if (next === undefined) {
    return undefined;
  }
  for (const { target } of snapshot.disks.filter(({ location }) => location === 'external')) {
    const own = backingFileOf(facts, snapshot.name, target);
    const above = backingFileOf(facts, next.name, target);
    const disk = facts.vm.disks.find((one) => one.target === target);
    const chain = disk === undefined ? [] : wholeChain(disk, facts);
    const position = own === undefined ? -1 : chain.indexOf(own);
    if (own !== undefined && above !== undefined && above !== own && position >= 0) {
      if (!chain.slice(0, position).includes(above)) {
        return refuse('mergedByHand', { snapshot: snapshot.title, disk: target, file: own });
      }
    }
  }
  return undefined;
}
