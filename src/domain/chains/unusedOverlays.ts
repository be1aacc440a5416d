// Overlays that nobody names, with data that the VM does not have: it was defined anew on the file below them, or
// somebody keeps them for a VM that libvirt does not know. Each write to that file damages them. Knows no way out.
import { imageChain } from './backingChain.js';
import { isClaimed } from './claimedFiles.js';
import { externalTargets } from './deletedFiles.js';
import type { Facts } from '../facts.js';
import { findHeldFile } from './otherVms.js';
import { pathsByIdentity } from './samePath.js';
import { snapshotableDisks } from '../vm.js';

export interface UnusedOverlay {
  readonly disk: string;
  /** The file of the disk below the overlay. */
  readonly file: string;
  readonly overlay: string;
  /** False: the file was written to since. So it is where both were merged by another tool, or the damage has begun. */
  readonly isNewer: boolean;
}

interface UnnamedImage {
  readonly file: string;
  readonly restsOn: readonly string[];
  readonly modifiedAt?: number | undefined;
}

const found = new WeakMap<Facts, readonly UnusedOverlay[]>();

/**
 * Returns the top one where overlays rest on one another.
 *
 * | image that nobody names          | it rests on                                       | → |
 * |----------------------------------|---------------------------------------------------|---|
 * | empty                            | any                                               | none: what an interrupted snapshot leaves |
 * | a program has it open            | any                                               | none: a backup, for one, is at work |
 * | has data, or that is not known   | a file that the VM writes to, or will at its next start | told |
 * | has data, or that is not known   | a file that snapshots froze, all of them after it was last written | told: it was there before them |
 * | has data, or that is not known   | any other                                         | none: what a revert has left, a copy |
 */
export function unusedOverlays(facts: Facts): readonly UnusedOverlay[] {
  const known = found.get(facts) ?? findUnused(facts);
  found.set(facts, known);
  return known;
}

function findUnused(facts: Facts): readonly UnusedOverlay[] {
  const { vm, tree, files, frozenDisks, otherVms, configured = [] } = facts;
  if (otherVms === undefined) {
    return [];
  }
  const unnamed = unnamedWithData(facts);
  const below = new Set(unnamed.flatMap(({ restsOn }) => restsOn));
  const tops = unnamed.filter(({ file }) => !below.has(file));
  if (tops.length === 0) {
    return [];
  }
  const written = snapshotableDisks({ disks: [...vm.disks, ...configured] });
  const frozen = tree.snapshots.flatMap((snapshot) => {
    const targets = externalTargets(snapshot);
    return (frozenDisks?.get(snapshot.name) ?? []).flatMap(({ target, source }) =>
      targets.includes(target) ? [{ target, source, createdAt: snapshot.createdAt }] : [],
    );
  });
  const disks = [...written, ...frozen];
  const names = pathsByIdentity(
    disks.flatMap(({ source }) => source ?? []),
    files,
  );
  return tops.flatMap(({ file: overlay, restsOn, modifiedAt }): readonly UnusedOverlay[] => {
    const rests = new Set(namesOf(restsOn, names, facts));
    const isBelow = ({ source }: { readonly source?: string | undefined }): boolean =>
      source !== undefined && rests.has(source);
    const since = frozen.filter(isBelow);
    const wasBefore = modifiedAt !== undefined && since.every(({ createdAt }) => modifiedAt < createdAt);
    const disk = written.find(isBelow) ?? (wasBefore ? since[0] : undefined);
    if (disk?.source === undefined) {
      return [];
    }
    const base = files?.images.get(disk.source);
    const writtenAt = typeof base === 'object' ? base.modifiedAt : undefined;
    const isNewer = writtenAt === undefined || modifiedAt === undefined || modifiedAt > writtenAt;
    return [{ disk: disk.target, file: disk.source, overlay, isNewer }];
  });
}

function unnamedWithData(facts: Facts): readonly UnnamedImage[] {
  const { files, strays } = facts;
  const ofStrays = [...(strays ?? [])].flatMap(([file, { restsOn, empty, isUsed, modifiedAt }]) =>
    empty === true || isUsed === true ? [] : [{ file, restsOn, modifiedAt }],
  );
  const ofImages = [...(files?.images ?? [])].flatMap(([file, image]) =>
    typeof image !== 'object' || image.backing === undefined || image.empty === true
      ? []
      : [{ file, restsOn: imageChain(file, files?.images).files.slice(1), modifiedAt: image.modifiedAt }],
  );
  return [...ofStrays, ...ofImages].filter(
    ({ file }) => !isClaimed(file, facts) && findHeldFile(new Set([file]), facts) === undefined,
  );
}

/** As this VM knows them too. */
function namesOf(
  paths: readonly string[],
  names: ReadonlyMap<string, readonly string[]>,
  { files }: Facts,
): readonly string[] {
  const identities = pathsByIdentity(paths, files);
  return [...paths, ...[...identities.keys()].flatMap((identity) => names.get(identity) ?? [])];
}
