// Whether external snapshots can be deleted: libvirt's own rules, foreseen, and the damage that it does not see.
// Knows no steps: externalDeleteSteps makes them.
import { forbidsMerges, formatVersion, versionOf } from '../../domain/capabilities.js';
import {
  type DeletedFiles,
  abandonedOverlays,
  deletedFiles,
  externalTargets,
  overlayAbove,
} from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { tagRefusal } from '../../domain/chains/doomedTags.js';
import { baseRefusal, checkpointRefusal, mergeRefusal } from '../diskRefusals.js';
import { elsewhereRefusal } from '../../domain/chains/frozenContent.js';
import { orphanedLayerRefusal } from '../../domain/chains/orphanedLayers.js';
import { layoutLeafRefusal } from '../../domain/chains/layoutLeaf.js';
import { memoryFileRefusal } from '../../domain/chains/memoryFiles.js';
import { otherVmRefusal, withoutStrays } from '../../domain/chains/otherVms.js';
import { isDevicePath } from '../../domain/devicePath.js';
import type { Facts } from '../../domain/facts.js';
import { imagesLetGoRefusal } from '../refusals.js';
import type { OfflineMerges } from './offlineMerges.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { undescribedBranchRefusal } from '../../domain/chains/undescribedBranch.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { childrenOf, currentOf, isOnActivePath, parentOf } from '../../domain/snapshotTree.js';
import { notMarked } from '../../domain/hostFiles.js';
import { wholeChain } from '../../domain/chains/backingChain.js';
import { isActive, snapshotableDisks } from '../../domain/vm.js';
import { branchRefusal, chainRefusal, leafRefusal } from './branchRefusals.js';

/**
 * @param doomed external snapshots in the order in which they go: one, or whole branches
 * @param ownMerges those of them whose overlays we merge
 * @param unread what VMs count for whose chains cannot be read
 */
export function externalDeleteRefusal(
  doomed: readonly Snapshot[],
  ownMerges: OfflineMerges,
  facts: Facts,
  unread: 'refuse' | 'passOver',
): RefusedDecision | undefined {
  const { vm, tree, capabilities } = facts;
  const top = doomed.at(-1);
  if (top === undefined) {
    return undefined;
  }
  const going = new Set(doomed.map(({ name }) => name));
  const version = formatVersion(capabilities.libvirt);
  const merged = doomed.findLast(({ name }) => isOnActivePath(tree, name));
  if (!capabilities.externalDelete && (merged !== undefined || currentOf(tree) === undefined)) {
    return refuse('externalDeleteUnsupported', { snapshot: (merged ?? top).title, version, needed: '9.0' });
  }
  for (const snapshot of doomed) {
    const parent = parentOf(tree, snapshot.name);
    if (parent?.style === 'internal') {
      return refuse('internalParent', { snapshot: snapshot.title, parent: parent.title });
    }
  }
  if (currentOf(tree) === undefined) {
    return refuse('noCurrentSnapshot', { vm: vm.name, snapshot: top.title, version });
  }
  const peculiar = checkpointRefusal(facts, 'changed') ?? mergeRefusal(doomed, facts);
  if (peculiar !== undefined) {
    return peculiar;
  }
  const touched = deletedFiles(doomed, facts);
  const filesThatGo = [...touched.removed, ...touched.mergedAway, ...abandonedOverlays(doomed, touched, facts)];
  const byLibvirt = doomed.filter(({ name }) => !ownMerges.has(name));
  const place = placeRefusal(doomed, top, going, ownMerges, facts);
  // Asked last: a start does not help where the running VM is refused as well.
  const needsStart = place?.refusal.reason === 'notRunning';
  return (
    unfinishedRefusal(doomed, going, facts) ??
    // Before any state of the VM is asked for that would not help.
    baseRefusal(touched.changed, facts, touched.onlyRead) ??
    (needsStart ? undefined : place) ??
    layoutLeafRefusal(going, facts) ??
    branchRefusal(doomed, touched, going, ownMerges, facts) ??
    undescribedBranchRefusal(byLibvirt, going, facts) ??
    chainRefusal(byLibvirt, going, facts) ??
    tagRefusal(filesThatGo, facts) ??
    deviceRefusal(doomed, touched, facts) ??
    leafRefusal(doomed, facts) ??
    firstElsewhereRefusal(doomed, facts) ??
    memoryFileRefusal(doomed, facts) ??
    (merged === undefined ? undefined : imagesLetGoRefusal(facts, 'merge')) ??
    usedElsewhereRefusal(touched, facts, unread) ??
    orphanedLayerRefusal(doomed, going, touched, facts) ??
    mergeByQemuRefusal(byLibvirt, facts) ??
    place
  );
}

/**
 * libvirt merges the overlays of a VM that is off by a QEMU with all of its devices: those of the host are taken from
 * their users, and hooks are run. AppArmor's rules of that QEMU deny it to write to whatever is a backing file
 * (measured: 9.0, 11.3; libvirt 806), the VM is left with a mark of a merge that never began, and a VM that is started
 * for it is denied the same.
 *
 * | the VM | host    | devices of the host | an overlay that libvirt would merge    | → |
 * |--------|---------|---------------------|----------------------------------------|---|
 * | off    | AppArmor, libvirt < 12.1 | any | some                                   | baseReadOnly |
 * | off    | any other | some              | some                                   | mergeStartsVm |
 * | off    | any     | any                 | none, or the images were not asked for | ok |
 * | on     | any     | any                 | any                                    | ok |
 */
function mergeByQemuRefusal(byLibvirt: readonly Snapshot[], facts: Facts): RefusedDecision | undefined {
  const { vm, tree, files, capabilities } = facts;
  const canChange = files?.canChange;
  const other = byLibvirt.find(({ name }) => isOnActivePath(tree, name));
  if (isActive(vm.power) || canChange === undefined || other === undefined) {
    return undefined;
  }
  if (forbidsMerges(capabilities)) {
    const merged = externalTargets(other).flatMap((target) => [
      backingFileOf(facts, other.name, target) ?? [],
      overlayAbove(other, target, facts) ?? [],
    ]);
    const fixed = merged.flat().find((one) => canChange.get(one) !== 'yes');
    const file = fixed ?? merged.flat()[0] ?? '';
    return refuse('baseReadOnly', {
      vm: vm.name,
      file,
      by: 'appArmorOff',
      ...(fixed !== undefined && { why: 'denied' }),
    });
  }
  return vm.devices?.includes('hostDevice') === true
    ? refuse('mergeStartsVm', { vm: vm.name, snapshot: other.title })
    : undefined;
}

/**
 * What a disk is on that the guest only reads takes a merge of nothing and is not written afterwards. From 9.9 on a
 * revert lays an overlay over each, and a delete that keeps the current state puts the disk back on its medium
 * (measured: 11.3).
 *
 * | the file                                         | an image that no VM names rests on it | another VM or a program does |
 * |--------------------------------------------------|---------------|------------------|
 * | takes the merge of a disk that is only read      | ok            | refused: QEMU opens it to write |
 * | goes, or takes any other merge                   | usedByImage   | refused          |
 */
function usedElsewhereRefusal(
  { removed, mergedAway, changed, onlyRead }: DeletedFiles,
  facts: Facts,
  unread: 'refuse' | 'passOver',
): RefusedDecision | undefined {
  const written = [...changed].filter((file) => !onlyRead.has(file));
  return (
    otherVmRefusal([...removed, ...mergedAway, ...written], facts, unread) ??
    otherVmRefusal(onlyRead, withoutStrays(facts), unread)
  );
}

/** What goes would be another's data. */
function firstElsewhereRefusal(doomed: readonly Snapshot[], facts: Facts): RefusedDecision | undefined {
  for (const snapshot of doomed) {
    const found = elsewhereRefusal(snapshot, facts);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/**
 * libvirt finishes a broken off merge when it deletes the same snapshot again, and refuses the one below until then.
 */
function unfinishedRefusal(
  doomed: readonly Snapshot[],
  going: ReadonlySet<string>,
  { tree }: Facts,
): RefusedDecision | undefined {
  for (const snapshot of doomed) {
    const disk = snapshot.disks.find(({ deleteInProgress }) => deleteInProgress);
    const goesFirst = childrenOf(tree, snapshot.name).some(({ name }) => isOnActivePath(tree, name) && going.has(name));
    if (disk !== undefined && !goesFirst) {
      return refuse('unfinishedDelete', { snapshot: snapshot.title, disk: disk.target });
    }
  }
  return undefined;
}

/**
 * Where the snapshot stands in the tree when its turn comes. With all its descendants before it, it is a leaf.
 *
 * | the VM runs on it  | children that stay | → |
 * |--------------------|----------|---|
 * | yes, it is current | none     | ok, merged |
 * | yes, it is current | some     | currentHasChildren |
 * | yes, above current | one      | ok, merged; on < 9.9 with the VM off, and not by us, notRunning, unless the running VM is refused too: it does not find the files then; overlayMissing, imageCorrupt where a layer is |
 * | any                | several  | severalChildren (9.0 may lose data on it) |
 * | no                 | one      | notInActiveChain |
 * | no                 | none     | see `leafRefusal` |
 */
function placeRefusal(
  doomed: readonly Snapshot[],
  top: Snapshot,
  going: ReadonlySet<string>,
  ownMerges: OfflineMerges,
  facts: Facts,
): RefusedDecision | undefined {
  const { tree, vm, capabilities } = facts;
  const children = doomed.length > 1 ? [] : childrenOf(tree, top.name).filter(({ name }) => !going.has(name));
  const [child] = children;
  if (child === undefined) {
    return undefined;
  }
  if (tree.current === top.name) {
    return refuse('currentHasChildren', { snapshot: top.title, child: child.title });
  }
  if (children.length > 1) {
    return refuse('severalChildren', { snapshot: top.title, count: String(children.length) });
  }
  if (!isOnActivePath(tree, top.name)) {
    return refuse('notInActiveChain', { snapshot: top.title, child: child.title });
  }
  return capabilities.libvirt < versionOf(9, 9) && !isActive(vm.power) && !ownMerges.has(top.name)
    ? (layerRefusal(top, facts) ?? refuse('notRunning', { vm: vm.name, state: vm.power, wanted: 'delete' }))
    : undefined;
}

/** What keeps us from merging it, and would keep a VM that is started for it from running: a start does not help. */
function layerRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm, files } = facts;
  if (files?.canChange === undefined) {
    return refuse('notAllSeen', { vm: vm.name, fact: 'files' });
  }
  for (const disk of snapshotableDisks(vm)) {
    for (const file of wholeChain(disk, facts)) {
      const told = { snapshot: snapshot.title, disk: disk.target, file };
      const image = files.images.get(file);
      if (image === 'missing') {
        return refuse('overlayMissing', told);
      }
      if (typeof image === 'object' && image.corrupt === true) {
        return refuse('imageCorrupt', { ...told, ...notMarked(image) });
      }
    }
  }
  return undefined;
}

/** What qcow2 needs beside the data, at most: tables for each cluster, and its head. */
const tablesPart = 1 / 2048;
const headBytes = 2 * 1024 ** 2;

/**
 * QEMU stops with an error where a device is full, and the merge stays half done. libvirt compares the name of a volume
 * with the path that it has become (9.0 and 11.3: “snapshot VM disk source and parent disk source are not the same”).
 *
 * | what takes the merge                              | → |
 * |---------------------------------------------------|---|
 * | named by pool and volume                          | volumeTakesNoMerge |
 * | no device; a device that is the disk itself (raw) | ok: it has the size that the guest sees |
 * | qcow2 on a device with room for the whole disk, without internal snapshots | ok |
 * | qcow2 on any other device, or not to be seen      | deviceMayBeFull |
 */
function deviceRefusal(
  doomed: readonly Snapshot[],
  { changed }: DeletedFiles,
  facts: Facts,
): RefusedDecision | undefined {
  for (const snapshot of doomed) {
    for (const { target, source, format, volume } of facts.frozenDisks?.get(snapshot.name) ?? []) {
      if (source === undefined || !changed.has(source)) {
        continue;
      }
      if (volume !== undefined) {
        return refuse('volumeTakesNoMerge', { snapshot: snapshot.title, disk: target, file: source });
      }
      if (!isDevicePath(source) || format === 'raw') {
        continue;
      }
      const image = facts.files?.images.get(source);
      const most = typeof image === 'object' ? image.virtualBytes * (1 + tablesPart) + headBytes : Infinity;
      if (typeof image !== 'object' || image.bytes < most || image.tags?.length !== 0) {
        return refuse('deviceMayBeFull', { snapshot: snapshot.title, disk: target, file: source });
      }
    }
  }
  return undefined;
}
