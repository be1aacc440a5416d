// Images that nobody would name any more once these snapshots are gone, though what they rest on gets other content in
// the same delete: layers whose own snapshot libvirt was made to forget. It would break off in the middle, when nobody
// named them.
import { wholeChain } from './backingChain.js';
import { type DeletedFiles, neededFiles } from './deletedFiles.js';
import { restingOn } from './fileUse.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';

/**
 * What happens to the layers below the files that the snapshots froze:
 *
 * | the layer                                        | → |
 * |--------------------------------------------------|---|
 * | goes itself, or takes a merge                    | ok |
 * | the VM, another snapshot or another VM needs it  | ok: who that is counts elsewhere |
 * | rests on nothing that takes a merge              | ok: it is left as it is |
 * | any other                                        | usedByImage |
 *
 * @param going names of all that go
 */
export function orphanedLayerRefusal(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  { removed, mergedAway, changed, onlyRead }: DeletedFiles,
  facts: Facts,
): RefusedDecision | undefined {
  const written = [...changed, ...mergedAway].filter((file) => !onlyRead.has(file));
  const goes = [removed, mergedAway, changed];
  const left = [...restingOn(facts, written)].filter((file) => !goes.some((files) => files.has(file)));
  // Such a layer is rare, and who needs a file and what each snapshot froze are long lists.
  const needed = left.length === 0 ? new Set<string>() : neededFiles(going, facts);
  const orphans = new Set(left.filter((file) => !needed.has(file)));
  if (orphans.size === 0) {
    return undefined;
  }
  const layers = new Set(
    doomed
      .flatMap(({ name }) => facts.frozenDisks?.get(name) ?? [])
      .flatMap((disk) => wholeChain(disk, facts).slice(1))
      .filter((file) => orphans.has(file)),
  );
  for (const file of written) {
    const image = [...restingOn(facts, [file])].find((one) => layers.has(one));
    if (image !== undefined) {
      return refuse('usedByImage', { vm: facts.vm.name, image, file });
    }
  }
  return undefined;
}
