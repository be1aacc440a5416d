// Files that somebody moved by hand: they are not where snapshots and overlays say, and one of the same name lies in a
// folder of the VM's disks. Not gone then, so nothing that names them is forgotten. Decides nothing else.
import { imageChain } from './backingChain.js';
import { isListed } from './folderNames.js';
import { folderOf } from './overlayFiles.js';
import type { Facts } from '../facts.js';
import { toldChain, type VmDisk } from '../vm.js';
import { imageOf } from './frozenContent.js';
import { isNotedAs } from './frozenLayers.js';
import { isSameFile } from './movedProof.js';

export interface MovedFile {
  /** As it is named, where it is not. */
  readonly file: string;
  /** Where one of its name is. */
  readonly found: string;
  /** Those that say they rest on `file`, and the format in which they read it. */
  readonly overlays: readonly { readonly file: string; readonly backingFormat: string }[];
  /** Names of those whose metadata name `file`. */
  readonly snapshots: readonly string[];
  /** What is found is known to be that file, and not just called so. */
  readonly isSame: boolean;
}

interface NamedFile {
  /** The disks that it is named for; RAM is for none. */
  readonly targets: Set<string>;
  readonly snapshots: Set<string>;
}

const known = new WeakMap<Facts, readonly MovedFile[]>();

/**
 * | a file that a snapshot or an overlay of the VM names | one of its name in a folder of the VM's disks | → |
 * |------------------------------------------------------|----------------------------------------------|---|
 * | is seen there, or nobody looked                      | any                                          | none |
 * | is not there, or cannot be seen                      | none, or in several                          | none |
 * | the same                                             | named by a snapshot, and not as the other was noted; or of another disk | none: it is that one |
 * | the same                                             | rests on the one that is looked for          | none: they have the same name by chance |
 * | the same                                             | any other                                    | moved |
 */
export function movedFiles(facts: Facts): readonly MovedFile[] {
  const moved = known.get(facts) ?? findMoved(facts);
  known.set(facts, moved);
  return moved;
}

/** What is not there and was not moved either may be gone for good. */
export function isMoved(file: string | undefined, facts: Facts): boolean {
  return movedFiles(facts).some((one) => one.file === file);
}

/** Where the RAM of snapshots may lie, and may be looked into, if it is not where it is named. */
export function movedRamPlaces({ vm, tree }: Pick<Facts, 'vm' | 'tree'>): readonly string[] {
  const folders = foldersOf(vm);
  return tree.snapshots.flatMap(({ memory: { file } }) =>
    file === undefined ? [] : folders.filter((one) => one !== folderOf(file)).map((one) => `${one}/${nameOf(file)}`),
  );
}

function foldersOf(vm: Pick<Facts['vm'], 'disks'>): readonly string[] {
  const folders = vm.disks.flatMap((disk) => toldChain(disk).map(folderOf));
  return [...new Set(folders)].filter((folder) => folder.startsWith('/'));
}

function findMoved(facts: Facts): readonly MovedFile[] {
  const { vm, files } = facts;
  const named = namedBySnapshots(facts);
  const bySnapshots = new Set(named.keys());
  const present = vm.disks.flatMap((disk) => toldChain(disk).map((file) => [file, disk.target] as const));
  const diskOf = new Map(present);
  const folders = foldersOf(vm);
  const places = (file: string): readonly string[] =>
    folders.map((folder) => `${folder}/${nameOf(file)}`).filter((place) => isListed(place, facts));
  const isNotedLayer = (file: string, found: string): boolean => {
    const noted = isNotedAs(file, imageOf(found, facts), facts);
    return noted === 'same' || noted === 'alike';
  };
  const placeOf = (file: string, { targets }: NamedFile): string | undefined => {
    const [found, ...others] = isNotSeen(file, facts) ? places(file) : [];
    const target = diskOf.get(found ?? '');
    const isFit =
      found !== undefined &&
      others.length === 0 &&
      (!bySnapshots.has(found) || isNotedLayer(file, found)) &&
      (target === undefined || targets.has(target)) &&
      !imageChain(found, files?.images).files.includes(file);
    return isFit ? found : undefined;
  };
  const found = new Map<string, string>();
  const overlays = new Map<string, { file: string; backingFormat: string }[]>();
  const begun = new Set<string>();
  const look = (file: string, of: NamedFile): void => {
    const place = placeOf(file, of);
    if (place !== undefined && !found.has(file)) {
      found.set(file, place);
      follow(place, of);
    }
  };
  // What lies below one that is known shows only in itself.
  const follow = (file: string, of: NamedFile): void => {
    const image = files?.images.get(file);
    const backing = typeof image === 'object' ? image.backing : undefined;
    if (backing === undefined || begun.has(file)) {
      return;
    }
    begun.add(file);
    const below = named.get(backing.file) ?? { targets: of.targets, snapshots: new Set() };
    named.set(backing.file, below);
    look(backing.file, below);
    const backingFormat = backing.format ?? imageOf(found.get(backing.file), facts)?.format ?? 'qcow2';
    overlays.set(backing.file, [...(overlays.get(backing.file) ?? []), { file, backingFormat }]);
    follow(backing.file, below);
  };
  [...named].forEach(([file, of]) => look(file, of));
  present.forEach(([file, target]) => {
    const of = { targets: new Set([target]), snapshots: new Set<string>() };
    if (vm.disks.every(({ source }) => source !== file)) {
      look(file, of);
    }
    follow(file, of);
  });
  return [...found].map(([file, place]) => ({
    file,
    found: place,
    overlays: overlays.get(file) ?? [],
    snapshots: [...(named.get(file)?.snapshots ?? [])],
    isSame: isSameFile(file, found, facts),
  }));
}

function namedBySnapshots({ tree, frozenDisks }: Facts): Map<string, NamedFile> {
  const named = new Map<string, NamedFile>();
  const add = (file: string | undefined, snapshot: string, target?: string): void => {
    if (file?.startsWith('/') === true) {
      const of = named.get(file) ?? { targets: new Set(), snapshots: new Set() };
      named.set(file, of);
      of.snapshots.add(snapshot);
      if (target !== undefined) {
        of.targets.add(target);
      }
    }
  };
  const addDisk = (snapshot: string, disk: VmDisk): void =>
    toldChain(disk).forEach((file) => add(file, snapshot, disk.target));
  for (const { name, disks, revertDisks = [], memory } of tree.snapshots) {
    frozenDisks?.get(name)?.forEach((disk) => addDisk(name, disk));
    [...disks, ...revertDisks].forEach(({ file, target }) => add(file, name, target));
    add(memory.file, name);
  }
  return named;
}

/** One that nobody looked at may be there. */
function isNotSeen(file: string, { files }: Facts): boolean {
  const seen = files?.images.get(file) ?? files?.files.get(file);
  return seen === 'missing' || seen === 'unknown';
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
