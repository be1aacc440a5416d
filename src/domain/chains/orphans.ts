// What a VM's snapshots have left that nobody knows any more: tags inside its images, and files beside them. Told only
// where it is certain, for what it tells may be removed. Knows no repair.
import { imageChain, wholeChain } from './backingChain.js';
import { isClaimed } from './claimedFiles.js';
import { elsewhereRefusal } from './frozenContent.js';
import { changedLayers, notedRam } from './frozenLayers.js';
import { listedFiles } from './folderNames.js';
import { isOurMemoryName } from './memoryFiles.js';
import { movedFiles } from './movedFiles.js';
import { backingFileOf, namedFiles, restingOn } from './fileUse.js';
import { findOutsideUser, unreadVms } from './otherVms.js';
import { revertSecondOf, stemsOf, withoutEnding } from './overlayFiles.js';
import { unownedImageRefusal } from './unownedImage.js';
import { unusedOverlays } from './unusedOverlays.js';
import type { Snapshot } from '../snapshot.js';
import type { Facts } from '../facts.js';
import { ramTarget } from '../frozenRecord.js';
import { handedTo } from '../ramHandover.js';
import { isSafeName, looksLikeTagId } from '../snapshotName.js';

interface OrphanTag {
  readonly file: string;
  readonly tag: string;
}

interface OrphanFile {
  readonly file: string;
  /** What it takes on its file system. */
  readonly bytes: number;
}

/** More than these are not looked at. */
const mostCandidates = 1_000;

/**
 * Tags in images of this VM that are the name of none of its snapshots.
 *
 * | another VM uses the image | chains of other VMs | → |
 * |---------------------------|---------------------|---|
 * | yes                       | any                 | none: they may be its snapshots |
 * | no                        | not all read        | none |
 * | no                        | all read            | told |
 */
export function orphanTags(facts: Facts): readonly OrphanTag[] {
  const { tree, files, otherVms } = facts;
  if (files === undefined || otherVms === undefined || unreadVms(facts).length > 0) {
    return [];
  }
  const names = new Set(tree.snapshots.map(({ name }) => name));
  const others = new Set(otherVms.flatMap((vm) => vm.files));
  return [...ownImages(facts)].flatMap((file) => {
    const image = files.images.get(file);
    const tags = typeof image === 'object' && !others.has(file) ? (image.tags ?? []) : [];
    return tags.filter((tag) => !names.has(tag)).map((tag) => ({ file, tag }));
  });
}

/**
 * Paths in the VM's folders that a snapshot of this VM may have had. They have to be looked at before it is known
 * whether they are orphans.
 *
 * | name                                             | made by |
 * |--------------------------------------------------|---------|
 * | `<stem of an image>.<name or second>`, without an image's usual ending | snapshots and reverts of libvirt, and of us long ago |
 * | `<stem of an image>.<name or second>.qcow2`      | ours |
 * | `<stem>-<disk>.<name or second>`, or with `.qcow2` | ours, where two disks want one name |
 * | `….<second>-<start of the UUID>.mem`             | our memory files |
 * | `.<UUID>.ram`                                    | what the RAM of a fork went through |
 */
export function orphanCandidates(facts: Facts): {
  readonly images: readonly string[];
  readonly files: readonly string[];
} {
  const { vm } = facts;
  const named = namedFiles(facts);
  const own = ownImages(facts);
  const stems = new Set<string>();
  for (const file of own) {
    for (const stem of stemsOf(file)) {
      vm.disks.forEach(({ target }) => stems.add(`${stem}-${target}.`));
      stems.add(`${stem}.`);
    }
  }
  const images: string[] = [];
  const memories: string[] = [];
  for (const path of listedFiles(facts)) {
    if (named.has(path) || own.has(path) || images.length + memories.length >= mostCandidates) {
      continue;
    }
    if (isOurMemoryName(path.slice(path.lastIndexOf('/') + 1), vm) || handedTo(path) !== undefined) {
      memories.push(path);
    } else if (endings(path).some(([start, end]) => stems.has(start) && isOverlayEnding(end))) {
      images.push(path);
    }
  }
  return { images, files: memories };
}

/**
 * | candidate                                     | → |
 * |-----------------------------------------------|---|
 * | somebody names it, by any path, or is built on it | no orphan |
 * | the VM or a snapshot names a file of its name elsewhere | no orphan: it may be that one, moved, or what it was copied from |
 * | a program relies on it                        | no orphan: it is at work on it |
 * | chains of other VMs are not all read          | none is told |
 * | what a snapshot froze is, or may be, not where libvirt's notes have it, or was moved; its RAM is another's | none is told: it may be that |
 * | an image that stands alone, or on strange files, or keeps its data elsewhere | no orphan: it is no overlay of this VM |
 * | an overlay with data on a file that another VM writes to | no orphan: see unusedOverlays, of that VM |
 * | an overlay with data that the VM does not have | no orphan: see unusedOverlays; RAM beside it neither |
 * | the VM has checkpoints                        | no overlay is an orphan: they may name it |
 * | it could not be seen, and is no such file     | not told |
 * | what the RAM of a fork went through, and there is a VM of that UUID | no orphan: the fork may be in the making |
 * | a memory file of ours, an overlay of this VM, what the RAM of a fork went through | orphan |
 */
export function orphanFiles(facts: Facts): readonly OrphanFile[] {
  const { tree, files, otherVms, checkpoints = [] } = facts;
  if (files === undefined || otherVms === undefined || unreadVms(facts).length > 0) {
    return [];
  }
  const isElsewhere = (snapshot: Snapshot): boolean =>
    (elsewhereRefusal(snapshot, facts) ?? unownedImageRefusal(snapshot, facts)) !== undefined ||
    changedLayers(snapshot, facts).some(({ target }) => target === ramTarget);
  if (tree.snapshots.some(isElsewhere) || movedFiles(facts).length > 0) {
    return [];
  }
  const candidates = orphanCandidates(facts);
  const asked = new Set(candidates.images);
  const own = ownImages(facts);
  const names = new Set([...namedFiles(facts), ...own, ...notedRam(facts)].map(nameOf));
  const mayGo = (file: string): boolean => !isClaimed(file, facts) && !names.has(nameOf(file));
  const written = new Set(otherVms.flatMap(({ writes = [] }) => writes));
  const unused = new Set(unusedOverlays(facts).flatMap(({ overlay }) => imageChain(overlay, files.images).files));
  const overlays = new Set(
    candidates.images.filter((file) => {
      const image = files.images.get(file);
      if (typeof image !== 'object' || image.format !== 'qcow2' || image.dataFile === true || checkpoints.length > 0) {
        return false;
      }
      const backing = image.backing?.file;
      const isOnOwn = backing !== undefined && (own.has(backing) || asked.has(backing));
      const isKept = image.empty !== true && imageChain(file, files.images).files.some((one) => written.has(one));
      return isOnOwn && !isKept && !unused.has(file) && mayGo(file);
    }),
  );
  // An overlay of another orphan is one; a file that another image rests on is none.
  const alone = [...overlays].filter((file) => [...restingOn(facts, [file])].every((one) => overlays.has(one)));
  const orphans: OrphanFile[] = [];
  const isForked = (file: string): boolean => otherVms.some(({ uuid }) => uuid === handedTo(file));
  const beside = candidates.files.filter((file) => mayGo(file) && !isForked(file));
  const left = [...alone, ...(unused.size > 0 ? [] : beside)];
  for (const file of left.filter((one) => findOutsideUser([one], facts) === undefined)) {
    const seen = files.images.get(file) ?? files.files.get(file);
    if (typeof seen === 'object') {
      orphans.push({ file, bytes: seen.allocatedBytes });
    } else if (handedTo(file) !== undefined && seen !== 'missing') {
      // A pipe is no file that can be looked at.
      orphans.push({ file, bytes: 0 });
    }
  }
  return orphans;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Files that hold disks of the VM or of its snapshots, with all that they rest on. */
export function ownImages(facts: Facts): ReadonlySet<string> {
  const { vm, tree, frozenDisks } = facts;
  const writable = vm.disks.filter((disk) => !disk.readonly && disk.device !== 'cdrom' && disk.device !== 'floppy');
  const images = new Set(writable.flatMap((disk) => wholeChain(disk, facts)));
  for (const snapshot of tree.snapshots) {
    for (const { target, location } of snapshot.disks) {
      const file = location === 'no' ? undefined : backingFileOf(facts, snapshot.name, target);
      const disk = frozenDisks?.get(snapshot.name)?.find((one) => one.target === target);
      if (file !== undefined && disk !== undefined) {
        wholeChain(disk, facts).forEach((one) => images.add(one));
      }
    }
  }
  return images;
}

/** `/img/web.v1.x` → `/img/web.v1.` and `x`, `/img/web.` and `v1.x`. */
function endings(path: string): readonly (readonly [start: string, end: string])[] {
  const found: [string, string][] = [];
  for (let at = path.lastIndexOf('.'); at > path.lastIndexOf('/') + 1; at = path.lastIndexOf('.', at - 1)) {
    found.push([path.slice(0, at + 1), path.slice(at + 1)]);
  }
  return found;
}

/** People name images so, and number them; snapshots rarely have such names, and ours are no numbers. */
function isOverlayEnding(end: string): boolean {
  const name = withoutEnding(end);
  if (name !== end && looksLikeTagId(name) && revertSecondOf(`.${name}`) === undefined) {
    return false;
  }
  return isSafeName(name) && !/(?:^|\.)(?:qcow2|qcow|img|raw|iso|vmdk|vdi|mem|bak|xml)$/iu.test(name);
}
