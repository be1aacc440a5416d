// Whether what a snapshot froze may stand in an image that nobody names any more, where its metadata name the one
// below.
import { externalTargets } from './deletedFiles.js';
import { isListed, namesIn } from './folderNames.js';
import { backingFileOf, namedFiles, restingOn } from './fileUse.js';
import { revertSecondOf, stemsOf } from './overlayFiles.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Facts } from '../facts.js';
import type { Snapshot } from '../snapshot.js';

/**
 * Clocks of file systems are not finer than this, and QEMU writes the last words into a file after its overlay is made.
 */
const slackMs = 60_000;

/**
 * libvirt 9.0 notes what is below for the children of a snapshot that it forgets (`snapshot-delete --metadata`). The
 * overlay that the child made tells of it, but a revert may have taken that overlay away. Then there is an image that
 * rests on what the metadata name, and was at rest when the snapshot was there; what anybody builds on a file that a
 * snapshot froze is younger.
 *
 * | overlay that it made | an image of nobody rests right on the file that it names | and was last written                 | → |
 * |----------------------|---------------------------------------------------------|--------------------------------------|---|
 * | there, or not seen   | any                                                     | any time                             | ok |
 * | gone                 | named as that file or the overlay, but for its ending   | until a minute after the snapshot was complete, or nobody knows when | unownedImage |
 * | gone                 | named otherwise                                         | before the snapshot was complete, or nobody knows when | unownedImage |
 * | gone                 | named as an overlay of a revert after that              | any time                             | ok |
 * | gone                 | any                                                     | after that                           | ok |
 */
export function unownedImageRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  for (const target of externalTargets(snapshot)) {
    const overlay = snapshot.disks.find((disk) => disk.target === target)?.file;
    const file = backingFileOf(facts, snapshot.name, target);
    if (overlay === undefined || file === undefined || !isGone(overlay, facts)) {
      continue;
    }
    const taken = completeAt(snapshot, facts);
    const found = findUnownedImages(file, facts).find(
      ({ image, modifiedAt = 0 }) =>
        modifiedAt <= taken + (isNamedAlike(image, [file, overlay]) ? slackMs : 0) &&
        (revertSecondOf(image) ?? 0) * 1000 <= taken,
    );
    if (found !== undefined) {
      return refuse('unownedImage', { snapshot: snapshot.title, disk: target, file, image: found.image });
    }
  }
  return undefined;
}

/** `/img/web.a`, `/img/web.a.qcow2`, `/img/web.qcow2`: overlays begin as what they stand on. */
function isNamedAlike(image: string, others: readonly string[]): boolean {
  return stemsOf(image).some((stem) => others.some((other) => other.startsWith(`${stem}.`)));
}

function isGone(file: string, facts: Facts): boolean {
  const image = facts.files?.images.get(file);
  if (image !== undefined) {
    return image === 'missing';
  }
  return typeof namesIn(file.slice(0, file.lastIndexOf('/')), facts) === 'object' && !isListed(file, facts);
}

interface UnownedImage {
  readonly image: string;
  readonly modifiedAt?: number | undefined;
}

/** The search for orphans has read some already, which are no strays then. */
function findUnownedImages(file: string, facts: Facts): readonly UnownedImage[] {
  const named = namedFiles(facts);
  const isNobodys = (image: string): boolean => [...restingOn(facts, [image])].every((one) => !named.has(one));
  return [
    ...[...(facts.strays ?? [])].flatMap(([image, { restsOn, modifiedAt }]) =>
      restsOn[0] === file ? [{ image, modifiedAt }] : [],
    ),
    ...[...(facts.files?.images ?? [])].flatMap(([image, seen]) =>
      typeof seen === 'object' && seen.backing?.file === file && isNobodys(image)
        ? [{ image, modifiedAt: seen.modifiedAt }]
        : [],
    ),
  ];
}

/** In milliseconds since 1970. The disks of a guest that runs on go over to their overlays when its RAM is saved. */
function completeAt({ createdAt, memory }: Snapshot, { files }: Facts): number {
  const ram = memory.file === undefined ? undefined : files?.files.get(memory.file);
  return Math.max(createdAt, typeof ram === 'object' ? (ram.modifiedAt ?? 0) : 0);
}
