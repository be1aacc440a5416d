// The name of each file in a plain folder, and what there is of it from an earlier copy. Pure.
import { posix } from 'node:path';
import type { FileThere } from '../../../transfer/hostFolder.js';
import type { CopiedFile } from '../../../transfer/manifest.js';

interface FilesThere {
  readonly there: ReadonlyMap<string, FileThere>;
  /** Those of them that we made. */
  readonly ours: ReadonlyMap<string, FileThere>;
}

export interface PlacedCopy {
  readonly files: readonly CopiedFile[];
  /** Files to send, each once. */
  readonly sent: readonly (CopiedFile & { readonly place: string; readonly stored: string })[];
}

/** Earlier versions noted microseconds of files behind ssh, which may be one too many or too few. */
export function isSameTime(noted: string | undefined, now: string | undefined): boolean {
  if (noted?.endsWith('000') !== true || now === undefined || !/^\d+\.\d{9}$/u.test(now)) {
    return noted === now;
  }
  const [one = 0n, other = 0n] = [noted, now].map((time) => BigInt(time.replace('.', '')));
  return one - other <= 1_000n && other - one <= 1_000n;
}

/** As it was when the manifest was written, as far as size and time tell. */
function isThere(file: CopiedFile, there: ReadonlyMap<string, FileThere>): boolean {
  const found = there.get(file.place ?? '');
  return found?.bytes === file.bytes && found.modified === (file.modifiedThere ?? file.modified);
}

/** All of it, unless its host lost power. Times may be coarse there. */
function mayBeThere({ place = '', bytes, modified }: CopiedFile, there: ReadonlyMap<string, FileThere>): boolean {
  const found = there.get(place);
  return found?.bytes === bytes && found.modified.split('.')[0] === modified?.split('.')[0];
}

/** Those of the manifest with unchanged originals, but another time on the host. Their checksums decide. */
export function doubtfulFiles(
  earlier: readonly CopiedFile[],
  modified: ReadonlyMap<string, string>,
  there: ReadonlyMap<string, FileThere>,
): readonly CopiedFile[] {
  return earlier.filter(
    (one) =>
      one.sha256 !== undefined &&
      isSameTime(one.modified, modified.get(one.stored ?? '')) &&
      there.get(one.place ?? '')?.bytes === one.bytes &&
      !isThere(one, there),
  );
}

/**
 * A file that is sent gets a name that no file of the manifest has: the earlier copy stays as it is until the manifest
 * is replaced. What an interrupted copy left is taken as it is if it has the size and time of the original, which it
 * gets when all of it is there.
 * @param modified of each stored file
 * @param earlier those of the manifest that is there
 */
export function placeCopy(
  files: readonly CopiedFile[],
  modified: ReadonlyMap<string, string>,
  earlier: readonly CopiedFile[],
  { there, ours }: FilesThere,
): PlacedCopy {
  const taken = new Set(earlier.map((file) => file.place));
  const places = new Map<string, string>();
  const sent = new Map<string, PlacedCopy['sent'][number]>();
  const placed = files.map((file): CopiedFile => {
    const { stored, bytes } = file;
    const time = stored === undefined ? undefined : modified.get(stored);
    const isSame = (one: CopiedFile): boolean =>
      one.stored === stored && isSameTime(one.modified, time) && one.bytes === bytes && one.content === file.content;
    const key = stored ?? file.path;
    const before = earlier.find(
      (one) =>
        (one.stored ?? one.path) === key &&
        isSame(one) &&
        (stored === undefined || (one.sha256 !== undefined && isThere(one, there))),
    );
    const used = new Set(places.values());
    const isFree = (name: string): boolean =>
      !used.has(name) &&
      !taken.has(name) &&
      (!there.has(name) || (time !== undefined && mayBeThere({ ...file, place: name, modified: time }, ours)));
    const place = places.get(key) ?? before?.place ?? freeName(nameOf(key), isFree);
    places.set(key, place);
    if (stored === undefined || time === undefined) {
      return { ...file, place };
    }
    const own = { ...file, stored, place, modified: time };
    if (before !== undefined) {
      const { sha256 } = before;
      return { ...own, ...(sha256 !== undefined && { sha256 }) };
    }
    if (!mayBeThere(own, ours)) {
      sent.set(place, own);
    }
    return own;
  });
  return { files: placed, sent: [...sent.values()] };
}

/** What every shell and file system takes as it is. */
function nameOf(path: string): string {
  const name = posix
    .basename(path)
    .replaceAll(/[^\w.+@=-]/gu, '_')
    .slice(-180);
  return /^\w/u.test(name) ? name : `_${name}`;
}

function freeName(name: string, isFree: (name: string) => boolean): string {
  for (let at = 2, found = name; ; at += 1) {
    if (isFree(found)) {
      return found;
    }
    found = `${at}-${name}`;
  }
}
