// The name of each file in a plain folder, and what there is of it from an earlier copy. Pure.
import { posix } from 'node:path';
import type { CopiedFile } from '../vm/manifest.js';

/** Of a file that a host has, as `find` tells them. */
export interface FileThere {
  readonly bytes: number;
  readonly modified: string;
}

export interface PlacedCopy {
  readonly files: readonly CopiedFile[];
  /** Files to send, each once. */
  readonly sent: readonly (CopiedFile & { readonly place: string; readonly stored: string })[];
}

/**
 * A file that changed gets another name than it had: the earlier copy stays whole until the manifest is replaced. What
 * an interrupted copy left is taken as it is if it has the size and time of the original, which it gets when all of it
 * is there.
 * @param modified of each stored file
 * @param earlier those of the manifest that is there
 */
export function placeCopy(
  files: readonly CopiedFile[],
  modified: ReadonlyMap<string, string>,
  earlier: readonly CopiedFile[],
  there: ReadonlyMap<string, FileThere>,
): PlacedCopy {
  const taken = new Map(earlier.flatMap((file) => (file.place === undefined ? [] : [[file.place, file] as const])));
  const places = new Map<string, string>();
  const sent = new Map<string, PlacedCopy['sent'][number]>();
  const placed = files.map((file): CopiedFile => {
    const { stored, bytes } = file;
    const time = stored === undefined ? undefined : modified.get(stored);
    const isSame = (one: CopiedFile): boolean =>
      one.stored === stored && one.modified === time && one.bytes === bytes && one.content === file.content;
    const key = stored ?? file.path;
    const before = earlier.find((one) => (one.stored ?? one.path) === key && isSame(one));
    const used = new Set(places.values());
    const isFree = (name: string): boolean => {
      const holder = taken.get(name);
      return !used.has(name) && (holder === undefined || ((holder.stored ?? holder.path) === key && isSame(holder)));
    };
    const place = places.get(key) ?? before?.place ?? freeName(nameOf(key), isFree);
    places.set(key, place);
    if (stored === undefined || time === undefined) {
      return { ...file, place };
    }
    const found = there.get(place);
    const isThere = found?.bytes === bytes && found.modified === time;
    const { sha256 } = before ?? {};
    const own = { ...file, stored, place, modified: time };
    if (!isThere) {
      sent.set(place, own);
      return own;
    }
    return { ...own, ...(sha256 !== undefined && { sha256 }) };
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
