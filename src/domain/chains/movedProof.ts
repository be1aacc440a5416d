// Whether a file that lies elsewhere is the one that is named: by what was noted of it, by the RAM in it, by the VM's
// definition and by the links of the images. A name alone proves nothing.
import { backingFileOf } from './fileUse.js';
import { imageOf, isWrittenAfter } from './frozenContent.js';
import { isNotedAs } from './frozenLayers.js';
import type { Facts } from '../facts.js';
import type { ImageFacts } from '../hostFiles.js';
import type { Snapshot } from '../snapshot.js';
import { toldChain } from '../vm.js';

/**
 * | the file is named as                         | it is the same when |
 * |----------------------------------------------|---------------------|
 * | the RAM of a snapshot                        | it holds RAM of this VM, with the disks that this snapshot has |
 * | what the VM writes to                        | never: only its definition tells |
 * | a layer that was noted                       | it is as noted, to the time of its last write |
 * | a layer that was not noted, or whose head was written since | the VM's definition has it below its disk, and it fits all overlays that name it |
 * | an overlay that a snapshot made, and none froze | it rests on what that snapshot froze |
 *
 * @param places by the name under which each is missed, where one of its name lies
 */
export function isSameFile(file: string, places: ReadonlyMap<string, string>, facts: Facts): boolean {
  const found = places.get(file);
  const { snapshots } = facts.tree;
  const ramOf = snapshots.filter(({ memory }) => memory.file === file);
  if (found === undefined || ramOf.length > 0) {
    return found !== undefined && ramOf.every((snapshot) => isRamOfSnapshot(found, snapshot, places, facts));
  }
  const image = imageOf(found, facts);
  const isPresent = facts.vm.disks.some(({ source }) => source === file);
  if (image === undefined || image.corrupt === true || isPresent) {
    return false;
  }
  const noted = isNotedAs(file, image, facts);
  if (noted === 'other' || !restsAsNoted(file, image, places, facts)) {
    return false;
  }
  if (noted === 'same') {
    return true;
  }
  const isFrozen = [...(facts.frozenDisks?.values() ?? [])].flat().some((disk) => toldChain(disk).includes(file));
  const makers = snapshots.flatMap((snapshot) =>
    [...snapshot.disks, ...(snapshot.revertDisks ?? [])].flatMap((disk) =>
      disk.file === file ? [{ snapshot: snapshot.name, target: disk.target }] : [],
    ),
  );
  return isFrozen || makers.length === 0
    ? facts.vm.disks.some((disk) => toldChain(disk).slice(1).includes(found)) &&
        fitsOverlays({ file, found, isNoted: noted === 'alike' }, image, facts)
    : makers.every(({ snapshot, target }) => restsOnFrozen(found, snapshot, target, places, facts));
}

/** Its head names the disks that the VM had, as they were called then. */
function isRamOfSnapshot(
  found: string,
  { name }: Snapshot,
  places: ReadonlyMap<string, string>,
  { vm, savedRam, frozenDisks }: Facts,
): boolean {
  const saved = savedRam?.get(found);
  const disks = (frozenDisks?.get(name) ?? []).filter(({ only }) => only !== 'configured');
  return (
    typeof saved === 'object' &&
    saved.uuid === vm.uuid &&
    disks.length > 0 &&
    disks.every(({ target, source }) => {
      const then = saved.disks?.find((disk) => disk.target === target)?.file;
      return then === source || (then !== undefined && places.get(then) === source);
    })
  );
}

function restsAsNoted(
  file: string,
  { backing }: ImageFacts,
  places: ReadonlyMap<string, string>,
  { frozenRecords = [] }: Facts,
): boolean {
  return frozenRecords.every(({ chains }) =>
    chains.every(({ layers }) =>
      layers.every(
        (was) =>
          was.file !== file ||
          was.backing === backing?.file ||
          (was.backing !== undefined && places.get(was.backing) === backing?.file),
      ),
    ),
  );
}

function restsOnFrozen(
  overlay: string,
  snapshot: string,
  target: string,
  places: ReadonlyMap<string, string>,
  facts: Facts,
): boolean {
  const frozen = backingFileOf(facts, snapshot, target);
  const begun = new Set<string>();
  let below = imageOf(overlay, facts)?.backing?.file;
  while (frozen !== undefined && below !== undefined && !begun.has(below)) {
    begun.add(below);
    const place: string = places.get(below) ?? below;
    if ([below, place].some((one) => one === frozen || one === places.get(frozen))) {
      return true;
    }
    below = imageOf(place, facts)?.backing?.file;
  }
  return false;
}

/**
 * All that say they rest on it read it in its format, are as large, and are not older: the head of one that was noted
 * may be newer.
 */
function fitsOverlays(
  { file, found, isNoted }: { readonly file: string; readonly found: string; readonly isNoted: boolean },
  image: ImageFacts,
  facts: Facts,
): boolean {
  const overlays = [...(facts.files?.images ?? [])].flatMap(([overlay, seen]) =>
    typeof seen === 'object' && (seen.backing?.file === file || seen.backing?.file === found)
      ? [{ overlay, seen }]
      : [],
  );
  return (
    overlays.length > 0 &&
    overlays.every(
      ({ overlay, seen }) =>
        seen.backing?.format === image.format &&
        seen.virtualBytes === image.virtualBytes &&
        (isNoted || !isWrittenAfter(found, overlay, facts)),
    )
  );
}
