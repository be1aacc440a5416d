// Who rests on which file: the graph of overlays over all snapshots of a VM and its present state. libvirt itself looks
// at the active chain only. Takes what the metadata says and, where it was seen, what the files say of themselves.
import type { Situation } from './plan.js';
import { currentOf } from './snapshotTree.js';
import type { Snapshot } from './snapshot.js';
import type { VmDisk } from './vm.js';

/** The file with a snapshot's content of one disk, as its own `<domain>` names it; undefined when not known. */
export function frozenFile(situation: Situation, snapshot: string, target: string): string | undefined {
  return situation.frozenDisks?.get(snapshot)?.find((disk) => disk.target === target)?.source;
}

/** A plan asks often, and the answer goes over all snapshots. */
const graphs = new WeakMap<Situation, ReadonlyMap<string, ReadonlySet<string>>>();
const names = new WeakMap<Situation, ReadonlySet<string>>();

/** Every path that the VM and its snapshots name. */
export function namedFiles(situation: Situation): ReadonlySet<string> {
  const known = names.get(situation) ?? findNamedFiles(situation);
  names.set(situation, known);
  return known;
}

function findNamedFiles({ vm, tree, frozenDisks }: Situation): ReadonlySet<string> {
  const files = new Set<string>();
  const add = (file: string | undefined): void => {
    if (file !== undefined) {
      files.add(file);
    }
  };
  for (const disk of [...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()]) {
    layersOf(disk).forEach(add);
  }
  for (const snapshot of tree.snapshots) {
    add(snapshot.memory.file);
    [...snapshot.disks, ...(snapshot.revertDisks ?? [])].forEach((disk) => add(disk.file));
  }
  return files;
}

/**
 * The given files and all whose content rests on one of them, over any number of layers. Edges come from the chains
 * that the XML tells and from those that the files themselves tell, from the overlays that external snapshots made over
 * what they froze, and, where the XML of a VM that is off tells no chain, from the overlay that the VM runs on over
 * what its current snapshot froze.
 */
export function restingOn(situation: Situation, files: Iterable<string>): ReadonlySet<string> {
  const overlays = graphs.get(situation) ?? overlaysByBase(situation);
  graphs.set(situation, overlays);
  const resting = new Set(files);
  // The set grows while it is walked.
  for (const file of resting) {
    for (const overlay of overlays.get(file) ?? []) {
      resting.add(overlay);
    }
  }
  return resting;
}

export interface FileUser {
  readonly snapshot: Snapshot;
  readonly target: string;
  readonly file: string;
}

/** Snapshots whose frozen content stands in one of the files, of the disks that they took part of. */
export function snapshotsIn(situation: Situation, files: ReadonlySet<string>): readonly FileUser[] {
  const users: FileUser[] = [];
  for (const snapshot of situation.tree.snapshots) {
    for (const disk of situation.frozenDisks?.get(snapshot.name) ?? []) {
      if (disk.source !== undefined && files.has(disk.source) && takesPart(snapshot, disk.target)) {
        users.push({ snapshot, target: disk.target, file: disk.source });
      }
    }
  }
  return users;
}

export function takesPart(snapshot: Snapshot, target: string): boolean {
  return snapshot.disks.some((disk) => disk.target === target && disk.location !== 'no');
}

function overlaysByBase({ vm, tree, frozenDisks, files }: Situation): ReadonlyMap<string, ReadonlySet<string>> {
  const overlays = new Map<string, Set<string>>();
  const add = (overlay: string | undefined, base: string | undefined): void => {
    if (overlay !== undefined && base !== undefined && overlay !== base) {
      const known = overlays.get(base) ?? new Set();
      overlays.set(base, known.add(overlay));
    }
  };
  const addChain = (disk: VmDisk): void => layersOf(disk).forEach((file, at, all) => add(file, all[at + 1]));
  vm.disks.forEach(addChain);
  for (const snapshot of tree.snapshots) {
    const frozen = frozenDisks?.get(snapshot.name) ?? [];
    frozen.forEach(addChain);
    for (const disk of snapshot.disks) {
      add(disk.file, frozen.find((other) => other.target === disk.target)?.source);
    }
  }
  for (const [file, facts] of files?.images ?? []) {
    add(file, typeof facts === 'string' ? undefined : facts.backing?.file);
  }
  const current = currentOf(tree);
  if (current !== undefined) {
    for (const disk of vm.disks.filter((other) => other.backing === undefined)) {
      const base = frozenDisks?.get(current.name)?.find((other) => other.target === disk.target)?.source;
      if (current.disks.some((own) => own.target === disk.target && own.location === 'external')) {
        add(disk.source, base);
      }
    }
  }
  return overlays;
}

/** From the top: the disk's file and all below it that the XML tells. */
export function layersOf(disk: VmDisk): readonly string[] {
  return disk.source === undefined ? [] : [disk.source, ...(disk.backing ?? [])];
}

/** From the top: what the files say of themselves, and the XML where they cannot be seen. */
export function wholeChain(disk: VmDisk, { files }: Pick<Situation, 'files'>): readonly string[] {
  const chain = new Set(layersOf(disk));
  // The set grows while it is walked; a circle adds nothing.
  for (const file of chain) {
    const facts = files?.images.get(file);
    if (typeof facts === 'object' && facts.backing !== undefined) {
      chain.add(facts.backing.file);
    }
  }
  return [...chain];
}
