// Titles, which people choose freely, and names, which go to libvirt, QEMU and file systems. libvirt accepts names
// that break a VM later: with a comma it cannot start, with a newline its disk is lost, over 245 bytes a snapshot is
// made and then forgotten, and from 10.9 on most characters break the jobs of a running VM.
import { dateText } from './clockText.js';
import { displayLine, hasUnsafeCharacter } from './plainText.js';
import type { Snapshot } from './snapshot.js';

/** In characters. A title of this length fits a tooltip's line; the name made of it is shorter still. */
export const longestTitle = 200;
const longestName = 100;

const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u;

/** QEMU numbers tags, and takes a name that is the ID of another tag for that one. Its own IDs are of digits alone. */
export function looksLikeTagId(name: string): boolean {
  return /^\d+$/u.test(name);
}

export function isSafeName(name: string): boolean {
  return safeName.test(name);
}

/** Whether libvirt takes it for the name of a snapshot: it names a file by it, and XML has to hold it. */
export function canNameSnapshot(name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  return bytes > 0 && bytes <= 240 && !hasUnsafeCharacter(name) && !/^\.|\/|\uFFFD|^\s|\s$/u.test(name);
}

/** Letters that Unicode does not take apart. */
const spelled: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  ł: 'l',
  Ł: 'L',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
};

/**
 * A safe name for any title, not among `taken`: accents are dropped, what is not allowed becomes `-`, and a title of
 * which nothing is left (emoji, another script) becomes `snapshot-2026-11-20`, and a number gets a word before it. A
 * safe title that is free stays itself otherwise.
 *
 * @param taken names of snapshots, and what stands behind a dot in the names of the VM's files: an external snapshot
 *   puts its name there
 * @param now milliseconds since 1970
 */
export function nameFromTitle(title: string, taken: ReadonlySet<string>, now: number): string {
  const ascii = title
    .slice(0, 10 * longestTitle)
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{ASCII}]/gu, (letter) => spelled[letter] ?? '-')
    .replace(/[^A-Za-z0-9._-]+/gu, '-')
    .replace(/-{2,}/gu, '-')
    .replace(/^[._-]+/u, '');
  const readable = isSafeName(title) ? title : cut(ascii, longestName);
  const base =
    readable === ''
      ? `snapshot-${dateText(now)}`
      : looksLikeTagId(readable)
        ? cut(`snapshot-${readable}`, longestName)
        : readable;
  for (let name = base, count = 2; ; count++) {
    if (!taken.has(name)) {
      return name;
    }
    const suffix = `-${count}`;
    name = cut(base, longestName - suffix.length) + suffix;
  }
}

type TitleProblem = 'empty' | 'tooLong' | 'controlCharacter' | 'taken';

/** What is wrong with a title as it is typed, or nothing. Control characters include those that turn text around. */
export function titleProblem(
  title: string,
  existing: Iterable<Pick<Snapshot, 'name' | 'title'>>,
): TitleProblem | undefined {
  if (hasUnsafeCharacter(title)) {
    return 'controlCharacter';
  }
  const trimmed = title.trim();
  if (trimmed === '') {
    return 'empty';
  }
  if (trimmed.length > longestTitle && Array.from(trimmed).length > longestTitle) {
    return 'tooLong';
  }
  for (const snapshot of existing) {
    if (snapshot.name === trimmed || snapshot.title === trimmed) {
      return 'taken';
    }
  }
  return undefined;
}

/** The title of a snapshot, or of a restore point, which has no name. */
export type TakenTitle = Pick<Snapshot, 'title'> & Partial<Pick<Snapshot, 'name'>>;

/** The title itself, or with a number behind it if it is taken: for titles that are made without asking. */
export function freeTitle(title: string, existing: readonly TakenTitle[]): string {
  const taken = new Set(existing.flatMap(({ name, title: own }) => [name ?? own, own]));
  let free = displayLine(title, longestTitle - 8);
  for (let count = 2; taken.has(free); count++) {
    free = `${displayLine(title, longestTitle - 8)} (${count})`;
  }
  return free;
}

function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[._-]+$/u, '');
}
