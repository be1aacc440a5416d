// Whether what a snapshot froze is still in the file that its metadata name, and as it was: by the links of the images
// and by when they were written last. Where nobody could look, it is not told.
import { imageChain, wholeChain } from './backingChain.js';
import { externalTargets } from './deletedFiles.js';
import { backingFileOf, takesPart } from './fileUse.js';
import { withoutGift } from './layerIdentity.js';
import type { ImageFacts } from '../hostFiles.js';
import type { Facts } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';

/**
 * Clocks of file systems are not finer than this, and QEMU writes the last words into a base after its overlay is made.
 */
export const slackMs = 60_000;

/**
 * The overlay that a snapshot made rests on what it froze. libvirt 9.0 notes other files for the children of one that
 * it forgets (`snapshot-delete --metadata`). A layer between that was merged downwards by hand leaves the content as it
 * was.
 *
 * | the overlay that it made | rests on                                     | → |
 * |--------------------------|----------------------------------------------|---|
 * | there                    | what it froze, or a file below that          | ok |
 * | there                    | a file that is not in the chain of that      | contentElsewhere |
 * | there                    | nothing: somebody gave it all that was below | not told |
 * | gone, or not to be seen  |                                              | not told |
 */
export function elsewhereRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  for (const target of externalTargets(snapshot)) {
    const file = backingFileOf(facts, snapshot.name, target);
    const overlay = overlayOf(snapshot, target);
    const other = beneathElsewhere(snapshot, target, facts);
    if (file !== undefined && overlay !== undefined && other !== undefined) {
      return refuse('contentElsewhere', { snapshot: snapshot.title, disk: target, file, overlay, other });
    }
  }
  return undefined;
}

/** The file below the overlay that it made, where that is none of what its metadata tell. */
export function beneathElsewhere(snapshot: Snapshot, target: string, facts: Facts): string | undefined {
  const frozen = backingFileOf(facts, snapshot.name, target);
  const below = imageOf(overlayOf(snapshot, target), facts)?.backing?.file;
  if (frozen === undefined || below === undefined || below === frozen) {
    return undefined;
  }
  return isChainSeen(frozen, facts) && !chainBelow(snapshot, target, facts).includes(below) ? below : undefined;
}

/**
 * The VM stands on a file far below what the snapshot froze, and not on an overlay of it: a merge by hand put it there,
 * or a revert that broke off. What its guest writes changes the snapshot from the first byte on, and no time of a last
 * write tells so in the first minute. On the very file that it froze: see `frozenFileRefusal`.
 *
 * | the file that a disk of the VM stands on | the VM                                       | → |
 * |------------------------------------------|----------------------------------------------|---|
 * | below what the snapshot froze            | paused since the revert that put it there    | ok: nothing was written |
 * | below what the snapshot froze            | any other                                    | frozenFileInUse |
 * | any other                                | any                                          | ok |
 */
export function chainInUseRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm } = facts;
  if (vm.power === 'paused' && vm.powerReason === 'fromSnapshot') {
    return undefined;
  }
  for (const target of externalTargets(snapshot)) {
    const file = vm.disks.find((disk) => disk.target === target)?.source;
    if (file !== undefined && chainBelow(snapshot, target, facts).slice(1).includes(file)) {
      return refuse('frozenFileInUse', { vm: vm.name, snapshot: snapshot.title, disk: target, file });
    }
  }
  return undefined;
}

/**
 * | of the overlay that it made and all that is below | → |
 * |---------------------------------------------------|---|
 * | the image below one was written to since          | writtenSince |
 * | not so, or not to be seen                         | ok |
 */
export function writtenSinceRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  for (const { target, location } of snapshot.disks.filter((disk) => takesPart(snapshot, disk.target))) {
    const made = location === 'external' ? overlayOf(snapshot, target) : undefined;
    const chain = chainBelow(snapshot, target, facts);
    for (const overlay of [...(made === undefined ? [] : [made]), ...chain]) {
      const file = imageOf(overlay, facts)?.backing?.file;
      if (file !== undefined && isWrittenAfter(file, overlay, facts)) {
        return refuse('writtenSince', { snapshot: snapshot.title, disk: target, file, overlay });
      }
    }
  }
  return undefined;
}

/**
 * Nothing writes to a base once its overlay exists. A merge into it then writes the name of the new base into the
 * overlay above, so that this one is younger again; but not into the next above that, which then looks too old.
 *
 * | the base was written to                  | what the base rests on                                 | → |
 * |------------------------------------------|--------------------------------------------------------|---|
 * | more than a minute later than its overlay | was written to until then, or later                   | no: it took another name |
 * | more than a minute later than its overlay | was at rest; there is none; not to be seen            | yes |
 * | earlier, or not to be seen               | any                                                    | no |
 */
export function isWrittenAfter(base: string, overlay: string, facts: Facts): boolean {
  const [below, above] = [imageOf(base, facts), imageOf(overlay, facts)];
  return isMuchYounger(below, above) && !tookOtherBase(below, facts);
}

/** A merge writes the name last: what took the blocks was written right before, or in a later merge. */
function tookOtherBase(image: ImageFacts | undefined, facts: Facts): boolean {
  const base = imageOf(image?.backing?.file, facts);
  return base?.modifiedAt !== undefined && !isMuchYounger(image, base);
}

function isMuchYounger(one: ImageFacts | undefined, other: ImageFacts | undefined): boolean {
  return (one?.modifiedAt ?? Number.NaN) - (other?.modifiedAt ?? Number.NaN) > slackMs;
}

/** That the snapshot made over what it froze. */
export function overlayOf({ disks }: Snapshot, target: string): string | undefined {
  return disks.find((disk) => disk.target === target)?.file;
}

export function chainBelow({ name }: Snapshot, target: string, facts: Facts): readonly string[] {
  const disk = facts.frozenDisks?.get(name)?.find((one) => one.target === target);
  return disk === undefined ? [] : wholeChain(disk, facts);
}

/** To its end: what is not seen may be the one that is asked for. */
function isChainSeen(file: string, { files }: Facts): boolean {
  return typeof imageChain(file, files?.images).last === 'object';
}

/** Undefined where it was not seen. */
export function imageOf(file: string | undefined, { files, capabilities }: Facts): ImageFacts | undefined {
  const image = file === undefined ? undefined : files?.images.get(file);
  return typeof image === 'object' ? withoutGift(image, capabilities.fileOwner) : undefined;
}
