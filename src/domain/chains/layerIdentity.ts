// Whether an image is what was noted of a layer: by its format, sizes, tables, sample and the time of its last write.
import type { LayerIdentity } from '../frozenRecord.js';
import type { ImageFacts } from '../hostFiles.js';

export function isChanging({ writing, merging }: LayerIdentity): boolean {
  return writing === true || merging === true;
}

export function isSame(was: LayerIdentity, now: ImageFacts): boolean {
  return (
    isAlike(was, now) &&
    isSameTime(was.modifiedAt, now.modifiedAt) &&
    isSameSample(was, now) &&
    !wasGivenItsTime(was, now)
  );
}

/** All that we see of it is as it was, but for the time of its last change. */
export function hasOldTime(was: LayerIdentity, now: ImageFacts): boolean {
  return isAlike(was, now) && isSameSample(was, now) && wasGivenItsTime(was, now);
}

/**
 * Somebody gave the file back the very time that it had: who writes into it and hides that, but also who
 * renames it, puts it back in place with its times, or sets its attributes. Nothing tells these apart. A change of the
 * owner, a link, a copy has another `of`.
 *
 * | the same file, owner and mode; its last change is another; its time of last write | → |
 * |------------------------------------------------------------------------------------|---|
 * | is about the one that it had                                                       | given to it |
 * | is another one, in whole milliseconds, as we advise it: see `vouchedTime`          | somebody vouches for it |
 * | is counted in seconds by the file system                                           | not told |
 */
function wasGivenItsTime(was: LayerIdentity, now: ImageFacts): boolean {
  const { modifiedAt: at = 0 } = now;
  return (
    was.change !== undefined &&
    now.change?.of === was.change.of &&
    now.change.at !== was.change.at &&
    now.immutable !== true &&
    isSameTime(was.modifiedAt, at) &&
    at % 1_000 !== 0 &&
    (at === was.modifiedAt || !isWholeMilliseconds(at))
  );
}

/** As a program sets it that counts in seconds with a fraction. */
function isWholeMilliseconds(at: number): boolean {
  return Math.abs(at - Math.round(at)) < 0.001;
}

/** Which time of last write, as a text for `touch -d`, says that the layer is what it was. */
export function vouchedTime({ modifiedAt, change }: LayerIdentity): string {
  if (modifiedAt === undefined) {
    return '';
  }
  // Not into the next second, which a file system that counts in seconds would tell.
  const other = modifiedAt % 1_000 === 999 ? modifiedAt - 1 : modifiedAt + 1;
  return new Date(change !== undefined && Number.isInteger(modifiedAt) ? other : modifiedAt).toISOString();
}

/**
 * Whether both are the same state. The `sample` of a small file is a digest of its content: a copy has another time.
 */
export function isSameState(was: LayerIdentity, now: LayerIdentity): boolean {
  if (was.bytes !== now.bytes || was.sample === undefined) {
    return was.bytes === now.bytes && isSameTime(was.modifiedAt, now.modifiedAt);
  }
  return now.sample === undefined || was.sample === now.sample;
}

/** A qcow2 that is read as raw has its header in it. */
function isSameSample(was: LayerIdentity, now: ImageFacts): boolean {
  return was.format !== now.format || was.sample === undefined || now.sample === undefined || was.sample === now.sample;
}

/** The name of another base was written into its header, and no more, as far as is noted. */
export function tookOtherName(was: LayerIdentity, now: ImageFacts): boolean {
  const isTold = !wasGivenItsTime(was, now) && was.tables !== undefined && now.tables !== undefined;
  return isTold && isAlike(was, now) && isSameSample(was, now) && was.backing !== now.backing?.file;
}

/** Who reads it as another format sees other sizes in it. */
function isAlike(was: LayerIdentity, now: ImageFacts): boolean {
  const isReadAlike = was.format === now.format;
  return (
    was.bytes === now.bytes &&
    (!isReadAlike || was.virtualBytes === now.virtualBytes) &&
    (!isReadAlike || was.tables === undefined || now.tables === undefined || was.tables === now.tables)
  );
}

/** Some file systems, and what copies files between them, keep whole seconds; `touch` is told milliseconds by us. */
function isSameTime(one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) {
    return true;
  }
  const isCoarse = one % 1_000 === 0 || other % 1_000 === 0;
  return isCoarse ? Math.floor(one / 1_000) === Math.floor(other / 1_000) : Math.abs(one - other) <= 1;
}

/**
 * At a revert to RAM, libvirt gives QEMU's user the layer below the new one anew. The time of its last change is
 * another one then, its owner the same, as if somebody had given it its time back: that time tells nothing.
 *
 * @param owner `Capabilities.fileOwner`
 */
export function withoutGift(image: ImageFacts, owner: string | undefined): ImageFacts {
  const { change, ...seen } = image;
  return owner !== undefined && change?.of.split(':').slice(2, 4).join(':') === owner ? seen : image;
}

export function withoutMerge({ merging: _, ...layer }: LayerIdentity): LayerIdentity {
  return layer;
}
