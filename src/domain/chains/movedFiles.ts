// Files that somebody moved by hand: they are not where snapshots and overlays say, and one of the same name lies in a folder of
// the VM's disks. Not gone then, so nothing that names them is forgotten. Decides nothing else.
import { imageChain } from './backingChain.js';
import { folderOf } from './overlayFiles.js';
import type { Facts } from '../facts.js';
import { type VmDisk, xmlChain } from '../vm.js';

export interface MovedFile {
  /** As it is named, where it is not. */
  readonly file: string;
  /** Where one of its name is. */
  readonly found: string;
  /** Those that say they rest on `file`, and the format in which they read it. */
  readonly overlays: readonly { readonly file: string; readonly backingFormat: string }[];
  /** Names of those whose metadata name `file`. */
  readonly snapshots: readonly string[];
}

interface Named {
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
 * | the same                                             | named by a snapshot, or of another disk      | none: it is that one |
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

function findMoved(facts: Facts): readonly MovedFile[] {
  const { vm, files } = facts;
  const named = namedBySnapshots(facts);
  const present = vm.disks.flatMap((disk) => xmlChain(disk).map((file) => [file, disk.target] as const));
  const diskOf = new Map(present);
  const folders = new Set(present.map(([file]) => folderOf(file)));
  const places = (file: string): readonly string[] =>
    [...folders]
      .filter((folder) => files?.lists.get(folder)?.includes(nameOf(file)) === true)
      .map((folder) => `${folder}/${nameOf(file)}`);
  const placeOf = (file: string, { targets }: Named): string | undefined => {
    const [found, ...others] = isNotSeen(file, facts) ? places(file) : [];
    const target = diskOf.get(found ?? '');
    const isFit =
      found !== undefined &&
      others.length === 0 &&
      !named.has(found) &&
      (target === undefined || targets.has(target)) &&
      !imageChain(found, files?.images).files.includes(file);
    return isFit ? found : undefined;
  };
  const found = new Map<string, string>();
  const overlays = new Map<string, { file: string; backingFormat: string }[]>();
  const begun = new Set<string>();
  const look = (file: string, of: Named): void => {
    const place = placeOf(file, of);
    if (place !== undefined && !found.has(file)) {
      found.set(file, place);
      follow(place, of);
    }
  };
  // What lies below one that is known shows only in itself.
  const follow = (file: string, of: Named): void => {
    const image = files?.images.get(file);
    const backing = typeof image === 'object' ? image.backing : undefined;
    if (backing === undefined || begun.has(file)) {
      return;
    }
    begun.add(file);
    overlays.set(backing.file, [
      ...(overlays.get(backing.file) ?? []),
      { file, backingFormat: backing.format ?? 'qcow2' },
    ]);
    const below = named.get(backing.file) ?? { targets: of.targets, snapshots: new Set() };
    named.set(backing.file, below);
    look(backing.file, below);
    follow(backing.file, below);
  };
  [...named].forEach(([file, of]) => look(file, of));
  present.forEach(([file, target]) => follow(file, { targets: new Set([target]), snapshots: new Set() }));
  return [...found].map(([file, place]) => ({
    file,
    found: place,
    overlays: overlays.get(file) ?? [],
    snapshots: [...(named.get(file)?.snapshots ?? [])],
  }));
}

function namedBySnapshots({ tree, frozenDisks }: Facts): Map<string, Named> {
  const named = new Map<string, Named>();
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
    xmlChain(disk).forEach((file) => add(file, snapshot, disk.target));
  for (const { name, disks, memory } of tree.snapshots) {
    frozenDisks?.get(name)?.forEach((disk) => addDisk(name, disk));
    disks.forEach(({ file, target }) => add(file, name, target));
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
