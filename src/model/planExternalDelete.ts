// Whether external snapshots can be deleted: libvirt's own rules, foreseen, and the damage that it does not see.
// Knows no steps: planDelete makes them.
import { formatVersion, versionOf } from './capabilities.js';
import { frozenFile, restingOn, snapshotsIn } from './fileUse.js';
import type { Situation } from './plan.js';
import { type Refused, refuse } from './refusal.js';
import type { Snapshot } from './snapshot.js';
import { childrenOf, currentOf, descendantsOf, isOnActivePath, parentOf } from './snapshotTree.js';

/**
 * @param doomed external snapshots in the order in which they go, the topmost last: one alone, or all below it as well
 */
export function externalDeleteObstacle(doomed: readonly Snapshot[], situation: Situation): Refused | undefined {
  const { vm, tree, capabilities } = situation;
  const top = doomed.at(-1);
  if (top === undefined) {
    return undefined;
  }
  const version = formatVersion(capabilities.libvirt);
  if (!capabilities.externalDelete) {
    return refuse('externalDeleteUnsupported', { snapshot: top.title, version, needed: '9.0' });
  }
  const parent = parentOf(tree, top.name);
  if (parent?.style === 'internal') {
    return refuse('internalParent', { snapshot: top.title, parent: parent.title });
  }
  for (const snapshot of doomed) {
    const disk = snapshot.disks.find(({ deleteInProgress }) => deleteInProgress);
    if (disk !== undefined) {
      return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: disk.target });
    }
  }
  if (currentOf(tree) === undefined) {
    return refuse('noCurrentSnapshot', { vm: vm.name, snapshot: top.title, version });
  }
  return placeObstacle(doomed, top, situation) ?? branchObstacle(doomed, top, situation);
}

/**
 * Where the snapshot stands in the tree when its turn comes. With all its descendants before it, it is a leaf.
 *
 * | the VM runs on it  | children | libvirt | → |
 * |--------------------|----------|---------|---|
 * | yes, it is current | none     | ≥ 9.0   | ok, merged |
 * | yes, it is current | some     | any     | currentHasChildren |
 * | yes, above current | one      | ≥ 9.0   | ok, merged |
 * | any                | several  | any     | severalChildren (9.0 may lose data on it) |
 * | no                 | one      | any     | notInActiveChain |
 * | no                 | none     | < 9.9   | leafOfOtherBranch |
 * | no                 | none     | ≥ 9.9   | ok, its file is removed |
 */
function placeObstacle(doomed: readonly Snapshot[], top: Snapshot, situation: Situation): Refused | undefined {
  const { tree, capabilities } = situation;
  const children = doomed.length > 1 ? [] : childrenOf(tree, top.name);
  const [child] = children;
  if (child !== undefined) {
    if (tree.current === top.name) {
      return refuse('currentHasChildren', { snapshot: top.title, child: child.title });
    }
    if (children.length > 1) {
      return refuse('severalChildren', { snapshot: top.title, count: String(children.length) });
    }
    if (!isOnActivePath(tree, top.name)) {
      return refuse('notInActiveChain', { snapshot: top.title, child: child.title });
    }
  }
  const leaf = doomed.find(({ name }) => !isOnActivePath(tree, name));
  return leaf !== undefined && capabilities.libvirt < versionOf(9, 9)
    ? refuse('leafOfOtherBranch', { snapshot: leaf.title, version: formatVersion(capabilities.libvirt), needed: '9.9' })
    : undefined;
}

/**
 * Files that go, or get other content, and who else rests on them. A snapshot on the active path loses the overlay
 * above it, which is merged into its frozen file; any other loses its frozen file itself.
 *
 * | somebody else rests on            | libvirt | → |
 * |-----------------------------------|---------|---|
 * | a file that is removed unmerged   | any     | overlayNeededByBranch |
 * | an overlay that is merged away    | < 10.0  | overlayNeededByBranch: 9.0 removes it under them |
 * | an overlay that is merged away    | ≥ 10.0  | ok: they are put on the merged file |
 * | the frozen file, but no such overlay | any  | overlayNeededByBranch: the merge would change it under them |
 *
 * Where the frozen files are not known, the tree tells for 9.x: whoever descends from the snapshot and is not on the
 * active path rests on its overlay.
 */
function branchObstacle(doomed: readonly Snapshot[], top: Snapshot, situation: Situation): Refused | undefined {
  const { tree, vm, capabilities, frozenDisks } = situation;
  const version = formatVersion(capabilities.libvirt);
  const going = new Set(doomed.map(({ name }) => name));
  const rebases = capabilities.libvirt >= versionOf(10, 0);
  if (!rebases && isOnActivePath(tree, top.name)) {
    const other = descendantsOf(tree, top.name).find(({ name }) => !isOnActivePath(tree, name) && !going.has(name));
    if (other !== undefined) {
      return refuse('overlayNeededByBranch', { snapshot: top.title, by: other.title, version });
    }
  }
  if (frozenDisks === undefined) {
    return undefined;
  }
  const removed = new Set<string>();
  const mergedAway = new Set<string>();
  for (const snapshot of doomed) {
    const active = isOnActivePath(tree, snapshot.name);
    for (const { target } of snapshot.disks.filter(({ location }) => location === 'external')) {
      const file = active ? overlayAbove(snapshot, target, situation) : frozenFile(situation, snapshot.name, target);
      if (file !== undefined) {
        (active ? mergedAway : removed).add(file);
      }
    }
  }
  const refusal = (file: string, by?: string): Refused =>
    refuse('overlayNeededByBranch', { snapshot: top.title, file, version, ...(by === undefined ? {} : { by }) });
  const onRemoved = restingOn(situation, removed);
  const running = vm.disks.find((disk) => disk.source !== undefined && onRemoved.has(disk.source));
  if (running?.source !== undefined) {
    return refusal(running.source);
  }
  const onMerged = restingOn(situation, mergedAway);
  const changed = isOnActivePath(tree, top.name)
    ? restingOn(situation, frozenFiles(top, situation))
    : new Set<string>();
  const others = (files: ReadonlySet<string>): ReturnType<typeof snapshotsIn> =>
    snapshotsIn(situation, files).filter(({ snapshot }) => !going.has(snapshot.name));
  const user =
    others(onRemoved)[0] ??
    (rebases ? undefined : others(onMerged).find(({ snapshot }) => !isOnActivePath(tree, snapshot.name))) ??
    others(changed).find(({ file }) => !onMerged.has(file));
  return user === undefined ? undefined : refusal(user.file, user.snapshot.title);
}

function frozenFiles(snapshot: Snapshot, situation: Situation): readonly string[] {
  return snapshot.disks
    .filter(({ location }) => location === 'external')
    .map(({ target }) => frozenFile(situation, snapshot.name, target))
    .filter((file) => file !== undefined);
}

/** What the next snapshot on the active path froze; above the current one, what the VM runs on. */
function overlayAbove(snapshot: Snapshot, target: string, situation: Situation): string | undefined {
  const { tree, vm } = situation;
  const next = childrenOf(tree, snapshot.name).find(({ name }) => isOnActivePath(tree, name));
  return next === undefined
    ? vm.disks.find((disk) => disk.target === target)?.source
    : frozenFile(situation, next.name, target);
}
