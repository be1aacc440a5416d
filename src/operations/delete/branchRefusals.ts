// Which snapshots libvirt can delete by their place among the branches: its own rules, foreseen, and what its metadata
// lead it to.
import { formatVersion, versionOf } from '../../domain/capabilities.js';
import { type DeletedFiles, externalTargets } from '../../domain/chains/deletedFiles.js';
import { restingOn, type FileUser, snapshotsNaming, snapshotsIn } from '../../domain/chains/fileUse.js';
import { isBereft, strayFile } from '../../domain/chains/strayFile.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { isOnActivePath, descendantsOf } from '../../domain/snapshotTree.js';
import type { OfflineMerges } from './offlineMerges.js';
import { needsUs, ownFiles } from './planEmulatedDelete.js';

/**
 * A leaf that the VM does not run on.
 *
 * | libvirt        | its files                       | → |
 * |----------------|---------------------------------|---|
 * | ≥ 9.9          | any                             | ok, libvirt removes its file |
 * | < 9.9          | known, and ours to remove       | ok, done by us |
 * | < 9.9          | not known, or not ours to remove | leafOfOtherBranch |
 */
export function leafRefusal(doomed: readonly Snapshot[], facts: Facts): RefusedDecision | undefined {
  const leaf = doomed.find((one) => needsUs(one, facts) && ownFiles(one, facts) === undefined);
  return leaf === undefined ? undefined : leafOfOtherBranch(leaf, facts);
}

export function leafOfOtherBranch(leaf: Snapshot, { capabilities }: Facts): RefusedDecision {
  return refuse('leafOfOtherBranch', {
    snapshot: leaf.title,
    version: formatVersion(capabilities.libvirt),
    needed: '9.9',
  });
}

/**
 * Files that go, or get other content, and who else rests on them. A snapshot on the active path loses the overlay
 * above it, which is merged into its frozen file; any other loses its frozen file itself.
 *
 * | somebody else rests on            | libvirt | → |
 * |-----------------------------------|---------|---|
 * | a file that is removed unmerged, be it with a disk that it left out | any | overlayNeededByBranch |
 * | an overlay that is merged away by us | any  | ok: they are put on the merged file |
 * | an overlay that is merged away    | < 10.0  | overlayNeededByBranch: 9.0 removes it under them |
 * | an overlay that is merged away    | 10.0 – 12.7 | ok, unless its own metadata tell of another: see `hasOtherBacking` |
 * | an overlay that is merged away    | ≥ 12.8  | ok: they are put on the merged file |
 * | the frozen file, but no such overlay | any  | overlayNeededByBranch: the merge would change it under them |
 *
 * Where the frozen files are not known, the tree tells for 9.x: each descendant of the snapshot outside of the active
 * path rests on its overlay.
 */
export function branchRefusal(
  doomed: readonly Snapshot[],
  { removed, mergedAway, changed }: DeletedFiles,
  going: ReadonlySet<string>,
  ownMerges: OfflineMerges,
  facts: Facts,
): RefusedDecision | undefined {
  const { tree, vm, capabilities, frozenDisks } = facts;
  const snapshot = doomed.at(-1)?.title ?? '';
  const version = formatVersion(capabilities.libvirt);
  const merged = doomed.filter(({ name }) => isOnActivePath(tree, name));
  const byUs = merged.every(({ name }) => ownMerges.has(name));
  const rebases = byUs || capabilities.libvirt >= versionOf(10, 0);
  const lowest = merged.at(-1);
  if (!rebases && lowest !== undefined) {
    const other = descendantsOf(tree, lowest.name).find(({ name }) => !isOnActivePath(tree, name) && !going.has(name));
    if (other !== undefined) {
      return refuse('overlayNeededByBranch', { snapshot, by: other.title, version });
    }
  }
  if (frozenDisks === undefined) {
    return undefined;
  }
  const refusal = (file: string, by?: string): RefusedDecision =>
    refuse('overlayNeededByBranch', { snapshot, file, version, ...(by === undefined ? {} : { by }) });
  const onRemoved = restingOn(facts, removed);
  const running = vm.disks.find((disk) => disk.source !== undefined && onRemoved.has(disk.source));
  if (running?.source !== undefined) {
    return refusal(running.source);
  }
  const onMerged = restingOn(facts, mergedAway);
  const onChanged = restingOn(facts, changed);
  const usersThatStay = (users: readonly FileUser[]): readonly FileUser[] =>
    users.filter((use) => !going.has(use.snapshot.name));
  const user =
    usersThatStay(snapshotsNaming(facts, onRemoved))[0] ??
    usersThatStay(snapshotsNaming(facts, onMerged)).find(
      (use) =>
        !isOnActivePath(tree, use.snapshot.name) &&
        (!rebases || (!byUs && capabilities.libvirt < versionOf(12, 8) && hasOtherBacking(use, mergedAway, facts))),
    ) ??
    usersThatStay(snapshotsIn(facts, onChanged)).find(({ file }) => !onMerged.has(file));
  return user === undefined ? undefined : refusal(user.file, user.snapshot.title);
}

/**
 * libvirt 10.0 to 12.7 puts a branch on the merged file where its metadata tell the overlay. Where they tell nothing,
 * they are made to (`undescribedBranch.ts`); where they tell something else, it would lose what it is built on.
 */
function hasOtherBacking(
  { snapshot, target, file }: FileUser,
  merged: ReadonlySet<string>,
  { frozenDisks }: Facts,
): boolean {
  const disk = frozenDisks?.get(snapshot.name)?.find((one) => one.target === target);
  const below = disk?.backing ?? disk?.layers?.map((layer) => layer.file);
  return !merged.has(file) && below?.every((layer) => layer === undefined || !merged.has(layer)) === true;
}

/**
 * libvirt looks for the overlay that the snapshot names in the VM's chain, right above what it froze. Somebody may have
 * merged layers without libvirt's snapshots (block commit, block pull), and a revert gives the VM another overlay.
 *
 * | what it froze            | overlay above it     | the snapshot is current when its turn comes | → |
 * |--------------------------|----------------------|-----|---|
 * | in the VM's chain        | the one it names     | any | ok |
 * | in the VM's chain        | another              | yes | ok: it is made to name that one before |
 * | in the VM's chain        | another              | no  | notInChain |
 * | not there, or not right below | any             | any | notInChain |
 * | the chain is not known   | any                  | any | as the metadata of the next snapshot says |
 */
export function chainRefusal(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  facts: Facts,
): RefusedDecision | undefined {
  for (const snapshot of doomed) {
    for (const target of externalTargets(snapshot)) {
      const stray = strayFile(snapshot, target, facts);
      if (stray !== undefined && (stray.by === 'place' || !becomesCurrent(snapshot, going, facts))) {
        const told = { vm: facts.vm.name, snapshot: snapshot.title, disk: target, file: stray.file };
        return refuse('notInChain', { ...told, ...(isBereft(snapshot, facts) && { top: 'yes' }) });
      }
    }
  }
  return undefined;
}

function becomesCurrent({ name }: Snapshot, going: ReadonlySet<string>, { tree }: Facts): boolean {
  return name === tree.current || (isOnActivePath(tree, name) && tree.current !== undefined && going.has(tree.current));
}
