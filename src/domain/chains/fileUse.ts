// Who rests on which file: the graph of overlays over all snapshots of a VM and its present state. libvirt itself looks
// at the active chain only. Takes what the metadata says and, where it was seen, what the files say of themselves.
import { imageChain } from './backingChain.js';
import type { Facts } from '../facts.js';
import { ramTarget } from '../frozenRecord.js';
import { currentOf, findSnapshot } from '../snapshotTree.js';
import type { Snapshot } from '../snapshot.js';
import { toldChain, type VmDisk, xmlChain } from '../vm.js';

/** The file with a snapshot's content of one disk, as its own `<domain>` names it; undefined when not known. */
export function backingFileOf(facts: Facts, snapshot: string, target: string): string | undefined {
  return facts.frozenDisks?.get(snapshot)?.find((disk) => disk.target === target)?.source;
}

/**
 * What is inside of an image changes with it: there only what lies below is frozen.
 *
 * @param target of a disk, or `ramTarget`
 */
export function chainOfFrozen(snapshot: Snapshot, target: string, facts: Facts): readonly string[] {
  if (target === ramTarget) {
    const { location: where, file } = snapshot.memory;
    return where === 'external' && file !== undefined ? [file] : [];
  }
  const disk = facts.frozenDisks?.get(snapshot.name)?.find((one) => one.target === target);
  const location = snapshot.disks.find((one) => one.target === target)?.location;
  if (disk?.source === undefined) {
    return [];
  }
  const { files } = imageChain(disk.source, facts.files?.images);
  return location === 'external' ? files : files.slice(1);
}

/** What must not change for the snapshot to be what it was. */
export function frozenLayersOf(name: string, facts: Facts): readonly string[] {
  const snapshot = findSnapshot(facts.tree, name);
  const taken = snapshot?.disks.filter(({ location }) => location !== 'no').map(({ target }) => target) ?? [];
  return snapshot === undefined ? [] : [...taken, ramTarget].flatMap((one) => chainOfFrozen(snapshot, one, facts));
}

/** Made once for the same facts: a plan asks often, and the answer goes over all layers of all snapshots. */
interface Graph {
  readonly named: ReadonlySet<string>;
  /** By the file that they rest on. */
  readonly overlays: ReadonlyMap<string, ReadonlySet<string>>;
}

const graphs = new WeakMap<Facts, Graph>();

function graphOf(facts: Facts): Graph {
  const graph = graphs.get(facts) ?? makeGraph(facts);
  graphs.set(facts, graph);
  return graph;
}

/** Every path that the VM and its snapshots name. */
export function namedFiles(facts: Facts): ReadonlySet<string> {
  return graphOf(facts).named;
}

/**
 * The given files and all whose content rests on one of them, over any number of layers. Edges come from the chains
 * that the XML tells and from those that the files themselves tell, from the overlays that external snapshots made over
 * what they froze, and, where the XML of a VM that is off tells no chain, from the overlay that the VM runs on over
 * what its current snapshot froze.
 */
export function restingOn(facts: Facts, files: Iterable<string>): ReadonlySet<string> {
  return new Set(walkedUp(facts, files));
}

/** Whether the content of the file rests on the other one, or it is that one itself. */
export function restsOn(facts: Facts, file: string, below: string): boolean {
  for (const one of walkedUp(facts, [below])) {
    if (one === file) {
      return true;
    }
  }
  return false;
}

/** Nearest first. */
function* walkedUp(facts: Facts, files: Iterable<string>): Generator<string> {
  const { overlays } = graphOf(facts);
  const resting = new Set(files);
  // The set grows while it is walked.
  for (const file of resting) {
    yield file;
    for (const overlay of overlays.get(file) ?? []) {
      resting.add(overlay);
    }
  }
}

export interface FileUser {
  readonly snapshot: Snapshot;
  readonly target: string;
  readonly file: string;
}

/** Snapshots whose frozen content stands in one of the files, of the disks that they took part of. */
export function snapshotsIn(facts: Facts, files: ReadonlySet<string>): readonly FileUser[] {
  const users: FileUser[] = [];
  for (const snapshot of facts.tree.snapshots) {
    for (const disk of facts.frozenDisks?.get(snapshot.name) ?? []) {
      if (disk.source !== undefined && files.has(disk.source) && takesPart(snapshot, disk.target)) {
        users.push({ snapshot, target: disk.target, file: disk.source });
      }
    }
  }
  return users;
}

/**
 * Snapshots whose VM stood on one of the files, with whatever disk: where the file is gone, none of them can be
 * reverted to.
 */
export function snapshotsNaming({ tree, frozenDisks }: Facts, files: ReadonlySet<string>): readonly FileUser[] {
  return tree.snapshots.flatMap((snapshot) =>
    (frozenDisks?.get(snapshot.name) ?? []).flatMap(({ target, source: file }) =>
      file !== undefined && files.has(file) ? [{ snapshot, target, file }] : [],
    ),
  );
}

export function takesPart(snapshot: Snapshot, target: string): boolean {
  return snapshot.disks.some((disk) => disk.target === target && disk.location !== 'no');
}

/** Its content of the disk is a tag. */
export function isInside({ disks }: Snapshot, target: string): boolean {
  return disks.some((disk) => disk.target === target && disk.location === 'internal');
}

function makeGraph({ vm, tree, frozenDisks, files }: Facts): Graph {
  const named = new Set<string>();
  const overlays = new Map<string, Set<string>>();
  const name = (file: string | undefined): void => {
    if (file !== undefined) {
      named.add(file);
    }
  };
  const add = (overlay: string | undefined, base: string | undefined): void => {
    if (overlay !== undefined && base !== undefined && overlay !== base) {
      const known = overlays.get(base) ?? new Set();
      overlays.set(base, known.add(overlay));
    }
  };
  // Snapshots in a row tell the same layers again and again: each pair costs one look here, the bottom's being ''.
  const lastBelow = new Map<string, string>();
  const addChain = ({ source, backing = [] }: VmDisk): void => {
    let file = source;
    for (let at = 0; file !== undefined; at++) {
      const below = backing[at];
      if (lastBelow.get(file) !== (below ?? '')) {
        lastBelow.set(file, below ?? '');
        named.add(file);
        add(file, below);
      }
      file = below;
    }
  };
  vm.disks.forEach(addChain);
  // Where the chain is not known to its end, libvirt opens the files that are known.
  vm.disks.flatMap(toldChain).forEach(name);
  const there = new Set(tree.snapshots.map((snapshot) => snapshot.name));
  frozenDisks?.forEach((disks, snapshot) =>
    disks.forEach((disk) => (there.has(snapshot) ? addChain(disk) : xmlChain(disk).forEach(name))),
  );
  for (const snapshot of tree.snapshots) {
    name(snapshot.memory.file);
    snapshot.revertDisks?.forEach((disk) => name(disk.file));
    const frozen = frozenDisks?.get(snapshot.name) ?? [];
    for (const disk of snapshot.disks) {
      name(disk.file);
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
  return { named, overlays };
}
