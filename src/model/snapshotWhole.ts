// Whether everything that a snapshot's content stands in is there: its tag, its files, all that they rest on. libvirt
// looks after it has stopped the VM. Knows what was seen of the host's files, and touches none.
import { takesPart, wholeChain } from './fileUse.js';
import type { Situation, Warning } from './plan.js';
import { type Refused, refuse } from './refusal.js';
import type { Snapshot } from './snapshot.js';
import type { VmDisk } from './vm.js';

/**
 * | of the snapshot                                | seen        | → |
 * |------------------------------------------------|-------------|---|
 * | its memory file                                | missing     | memoryFileMissing |
 * | a file with its disks, or one that it rests on | missing     | overlayMissing |
 * | … marked as damaged by QEMU itself             | corrupt     | imageCorrupt |
 * | its tag in an image that holds it              | not there   | tagMissing |
 * | any of these                                   | not visible | ok; see `uncheckedFiles` |
 */
export function brokenObstacle(snapshot: Snapshot, situation: Situation): Refused | undefined {
  const { files } = situation;
  if (files === undefined) {
    return undefined;
  }
  const { title: name, memory } = snapshot;
  if (memory.location === 'external' && memory.file !== undefined && files.files.get(memory.file) === 'missing') {
    return refuse('memoryFileMissing', { snapshot: name, file: memory.file });
  }
  for (const disk of contentDisks(snapshot, situation)) {
    for (const file of wholeChain(disk, situation)) {
      const facts = files.images.get(file);
      if (facts === 'missing') {
        return refuse('overlayMissing', { snapshot: name, disk: disk.target, file });
      }
      if (typeof facts === 'object' && facts.corrupt === true) {
        return refuse('imageCorrupt', { snapshot: name, disk: disk.target, file });
      }
    }
    const facts = disk.source === undefined ? undefined : files.images.get(disk.source);
    const tags = typeof facts === 'object' ? facts.tags : undefined;
    if (disk.source !== undefined && isInside(snapshot, disk.target) && tags?.includes(snapshot.name) === false) {
      return refuse('tagMissing', { snapshot: name, disk: disk.target, file: disk.source });
    }
  }
  return undefined;
}

/** Files that the content stands in and of which nobody here could see whether they are whole. */
export function uncheckedFiles(snapshot: Snapshot, situation: Situation): readonly string[] {
  const { files } = situation;
  if (files === undefined) {
    return [];
  }
  const { memory } = snapshot;
  const unchecked = new Set<string>();
  if (memory.location === 'external' && memory.file !== undefined && !isSeen(files.files.get(memory.file))) {
    unchecked.add(memory.file);
  }
  for (const disk of contentDisks(snapshot, situation)) {
    for (const file of wholeChain(disk, situation)) {
      const facts = files.images.get(file);
      const tagUnknown =
        file === disk.source &&
        isInside(snapshot, disk.target) &&
        typeof facts === 'object' &&
        facts.tags === undefined;
      if (!isSeen(facts) || tagUnknown) {
        unchecked.add(file);
      }
    }
  }
  return [...unchecked];
}

export function notCheckedWarning(snapshot: Snapshot, situation: Situation): readonly Warning[] {
  const files = uncheckedFiles(snapshot, situation);
  return files.length === 0 ? [] : [{ about: 'notChecked', files }];
}

function isSeen(facts: unknown): boolean {
  return facts !== undefined && facts !== 'unknown';
}

function isInside(snapshot: Snapshot, target: string): boolean {
  return snapshot.disks.some((disk) => disk.target === target && disk.location === 'internal');
}

function contentDisks(snapshot: Snapshot, { frozenDisks }: Situation): readonly VmDisk[] {
  return (frozenDisks?.get(snapshot.name) ?? []).filter(({ target }) => takesPart(snapshot, target));
}
