// Long names that begin alike are shortened in the middle, so that a narrow view shows what tells them apart. Pure.

/** Of a name that looks like another. */
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

/** Of each name, the first place at which it differs from the one that is most like it. */
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
