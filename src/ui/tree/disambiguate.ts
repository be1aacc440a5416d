// Rows of one list whose names begin alike show what tells them apart. Knows no row but by its label.
import { displayLine } from '../../domain/plainText.js';
import type { Row } from '../../text/rows/rows.js';

/** The result for lists that do not change: it is computed once for each. */
const known = new WeakMap<object, ReadonlyMap<string, string>>();

/** @param namesIn the names of all that stand in the list */
export function disambiguate<T>(row: Row, list: readonly T[], namesIn: (list: readonly T[]) => readonly string[]): Row {
  const short = known.get(list) ?? shortenedAlike(namesIn(list).map((name) => displayLine(name)));
  known.set(list, short);
  const label = short.get(row.label);
  // The whole name is heard too.
  return label === undefined ? row : { ...row, label, spoken: `${label}, ${row.spoken}` };
}

/** The longest name that stays whole among names that begin alike. */
const mostAlike = 20;
/** Names that differ before this are told apart by their beginnings. */
const alikeFrom = 14;
/** A tail begins with its word, if that is not longer. */
const longestWord = 8;

/** By name, those that are shown shorter; all others as they are. */
export function shortenedAlike(names: readonly string[]): ReadonlyMap<string, string> {
  const shortened = new Map<string, string>();
  for (const [name, differs] of differences(names)) {
    if (differs >= alikeFrom && Array.from(name).length > mostAlike) {
      shortened.set(name, shortenedAt(name, differs, mostAlike));
    }
  }
  const taken = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const shown = shortened.get(name) ?? name;
    taken.set(shown, [...(taken.get(shown) ?? []), name]);
  }
  // Shortened to the same, they would be told apart by nothing at all.
  for (const same of [...taken.values()].filter(({ length }) => length > 1)) {
    same.forEach((name) => shortened.delete(name));
  }
  return shortened;
}

/** The first place at which each name differs from the one that is most like it. */
function differences(names: readonly string[]): ReadonlyMap<string, number> {
  const sorted = [...new Set(names)].sort();
  const common = (a: string | undefined, b: string | undefined): number => {
    const [one, other] = [Array.from(a ?? ''), Array.from(b ?? '')];
    const at = one.findIndex((character, index) => character !== other[index]);
    return at < 0 ? one.length : at;
  };
  return new Map(
    sorted.map((name, index) => [name, Math.max(common(name, sorted[index - 1]), common(name, sorted[index + 1]))]),
  );
}

function shortenedAt(name: string, differs: number, room: number): string {
  const characters = Array.from(name);
  const word = characters.slice(0, differs).findLastIndex((character) => !/[\p{L}\p{N}]/u.test(character));
  const from = differs - word <= longestWord ? Math.max(word, 0) : differs;
  const tail = characters.slice(from);
  const half = Math.floor(room / 2);
  const shown = tail.length <= half ? tail : [...tail.slice(0, half - 1), '…'];
  return [...characters.slice(0, room - shown.length - 1), '…', ...shown].join('');
}
