// Whether everything that a snapshot's content stands in is there: its tag, its files, all that they rest on. libvirt
// looks after it has stopped the VM. Knows what was seen of the host's files, and touches none.
import { wholeChain } from './backingChain.js';
import { isInside, takesPart } from './fileUse.js';
import { isOtherTag } from './frozenLayers.js';
import { notMarked } from '../hostFiles.js';
import type { Facts } from '../facts.js';
import type { Warning } from '../consequences.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import type { VmDisk } from '../vm.js';

/**
 * | of the snapshot                                | seen        | → |
 * |------------------------------------------------|-------------|---|
 * | a file with its disks, or one that it rests on | missing     | overlayMissing |
 * | … marked as damaged by QEMU itself             | corrupt     | imageCorrupt |
 * | its tag in an image that holds it              | not there   | tagMissing |
 * | the same                                       | not the one that was noted | tagMissing |
 * | its RAM                                        |             | see `ramRefusal` |
 * | any of these                                   | not visible | ok; see `uncheckedFiles` |
 */
export function brokenRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  return diskRefusal(snapshot, facts) ?? ramRefusal(snapshot, facts);
}

/**
 * | where its RAM is                 | seen                                            | → |
 * |----------------------------------|-------------------------------------------------|---|
 * | a file of its own                | missing, and libvirt cannot read it either      | memoryFileMissing |
 * | a file of its own                | missing, libvirt reads it: it sees another folder | ok |
 * | a file of its own                | of 0 bytes, or libvirt calls it no whole one    | memoryFileBroken |
 * | inside the image of one disk     | the tag is in all of them, and none holds RAM   | tagWithoutRam |
 * | inside an image                  | the VM has UEFI variables, whose image may be it | ok |
 * | any                              | none of this, or not visible                    | ok |
 */
export function ramRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  return snapshot.memory.location === 'internal' ? tagRefusal(snapshot, facts) : memoryFileRefusal(snapshot, facts);
}

/** qemu-img makes tags without RAM; libvirt sees what they are once it has stopped the VM. */
function tagRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { files, vm } = facts;
  const images = contentDisks(snapshot, facts)
    .filter(({ target }) => isInside(snapshot, target))
    .map(({ source }) => files?.images.get(source ?? ''));
  const lacks = (image: (typeof images)[number]): boolean =>
    typeof image === 'object' && image.ramTags?.includes(snapshot.name) === false;
  return images.length > 0 && vm.nvram === undefined && images.every(lacks)
    ? refuse('tagWithoutRam', { snapshot: snapshot.title })
    : undefined;
}

function memoryFileRefusal({ title: snapshot, memory }: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { files, savedRam } = facts;
  const { file } = memory;
  if (memory.location !== 'external' || file === undefined) {
    return undefined;
  }
  const ram = files?.files.get(file);
  const saved = savedRam?.get(file);
  if (ram === 'missing') {
    return typeof saved === 'object' ? undefined : refuse('memoryFileMissing', { snapshot, file });
  }
  const isEmpty = typeof ram === 'object' && ram.bytes === 0;
  return isEmpty || saved === 'broken' ? refuse('memoryFileBroken', { snapshot, file }) : undefined;
}

/** What is wrong with its disks, whatever became of its RAM. */
export function diskRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { files } = facts;
  const { title: name } = snapshot;
  if (files === undefined) {
    return undefined;
  }
  for (const disk of contentDisks(snapshot, facts)) {
    for (const file of wholeChain(disk, facts)) {
      const image = files.images.get(file);
      if (image === 'missing') {
        return refuse('overlayMissing', { snapshot: name, disk: disk.target, file });
      }
      if (typeof image === 'object' && image.corrupt === true) {
        return refuse('imageCorrupt', { snapshot: name, disk: disk.target, file, ...notMarked(image) });
      }
    }
    const image = disk.source === undefined ? undefined : files.images.get(disk.source);
    const tags = typeof image === 'object' ? image.tags : undefined;
    const isOther = isOtherTag(snapshot, disk.target, facts);
    if (
      disk.source !== undefined &&
      isInside(snapshot, disk.target) &&
      (isOther || tags?.includes(snapshot.name) === false)
    ) {
      const told = { snapshot: name, disk: disk.target, file: disk.source };
      return refuse('tagMissing', isOther ? { ...told, other: 'yes' } : told);
    }
  }
  return undefined;
}

/**
 * libvirt starts no VM with RAM of another name or UUID, whatever configuration it is given with it, and notices when
 * the VM is off already. Measured on 9.0 and 11.3, for its own revert and its restore alike.
 *
 * | the VM's name and UUID in the file with the RAM | the RAM is to come back | → |
 * |-------------------------------------------------|-------------------------|---|
 * | not those of now                                | yes                     | ramOfOther |
 * | those of now, or not to be seen                 | any                     | ok |
 */
export function otherRamRefusal({ title, memory }: Snapshot, { vm, savedRam }: Facts): RefusedDecision | undefined {
  const saved = savedRam?.get(memory.file ?? '');
  return typeof saved === 'object' && (saved.name !== vm.name || saved.uuid !== vm.uuid)
    ? refuse('ramOfOther', { vm: vm.name, snapshot: title, name: saved.name, uuid: saved.uuid })
    : undefined;
}

/**
 * What the VM of then needs beside the snapshot's content: media in its drives, and disks that took no part.
 *
 * | missing             | `startupPolicy`      | the VM is to be | → |
 * |---------------------|----------------------|-----------------|---|
 * | a medium            | none, mandatory      | started         | overlayMissing |
 * | a medium            | any                  | off; RAM inside an image is loaded for that too | as if started |
 * | a medium            | any                  | off, otherwise  | ok: it can be ejected, or put back, before a start |
 * | a disk              | none, mandatory      | any             | overlayMissing |
 * | any                 | requisite            | with its RAM    | ok: libvirt goes without |
 * | any                 | optional             | any             | ok: libvirt goes without |
 */
export function surroundingsRefusal(
  snapshot: Snapshot,
  end: 'running' | 'paused' | 'off',
  facts: Facts,
): RefusedDecision | undefined {
  const starts = end !== 'off' || (snapshot.style === 'internal' && snapshot.kind === 'memory');
  for (const disk of (facts.frozenDisks?.get(snapshot.name) ?? []).filter((one) => !takesPart(snapshot, one.target))) {
    const spared = disk.whenMissing === 'optional' || (disk.whenMissing === 'requisite' && snapshot.kind === 'memory');
    const file = spared || (!starts && isMedium(disk)) ? undefined : missingOf(disk, facts);
    if (file !== undefined) {
      return refuse('overlayMissing', { snapshot: snapshot.title, disk: disk.target, file });
    }
  }
  return undefined;
}

/** The first file of the disk's chain that is certainly not there. */
export function missingOf(disk: VmDisk, facts: Facts): string | undefined {
  return wholeChain(disk, facts).find((file) => facts.files?.images.get(file) === 'missing');
}

function isMedium({ device }: VmDisk): boolean {
  return device === 'cdrom' || device === 'floppy';
}

/** Files that the content, or the VM of then, stands in and of which nobody here could see whether they are whole. */
function uncheckedFiles(snapshot: Snapshot, facts: Facts): readonly string[] {
  const { files } = facts;
  if (files === undefined) {
    return [];
  }
  const { memory } = snapshot;
  const unchecked = new Set<string>();
  if (memory.location === 'external' && memory.file !== undefined && !isSeen(files.files.get(memory.file))) {
    unchecked.add(memory.file);
  }
  for (const disk of facts.frozenDisks?.get(snapshot.name) ?? []) {
    for (const file of wholeChain(disk, facts)) {
      const image = files.images.get(file);
      const tagUnknown =
        file === disk.source &&
        isInside(snapshot, disk.target) &&
        typeof image === 'object' &&
        image.tags === undefined;
      if (!isSeen(image) || tagUnknown) {
        unchecked.add(file);
      }
    }
  }
  return [...unchecked];
}

export function notCheckedWarning(snapshot: Snapshot, facts: Facts): readonly Warning[] {
  const files = uncheckedFiles(snapshot, facts);
  return files.length === 0 ? [] : [{ kind: 'notChecked', files }];
}

function isSeen(facts: unknown): boolean {
  return facts !== undefined && facts !== 'unknown';
}

function contentDisks(snapshot: Snapshot, { frozenDisks }: Facts): readonly VmDisk[] {
  return (frozenDisks?.get(snapshot.name) ?? []).filter(({ target }) => takesPart(snapshot, target));
}
