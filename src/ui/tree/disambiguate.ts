// Rows of one list whose names begin alike show what tells them apart. Knows no row but by its label.
import { shortenedAlike } from '../../text/rows/alikeNames.js';
import { displayLine } from '../../domain/plainText.js';
import type { Row } from '../../text/rows/rows.js';

/** Of lists that are values: worked out once for each. */
const known = new WeakMap<object, ReadonlyMap<string, string>>();

/** @param namesIn the names of all that stand in the list */
export function disambiguate<T>(row: Row, list: readonly T[], namesIn: (list: readonly T[]) => readonly string[]): Row {
  const short = known.get(list) ?? shortenedAlike(namesIn(list).map((name) => displayLine(name)));
  known.set(list, short);
  const label = short.get(row.label);
  // The whole name is heard too.
  return label === undefined ? row : { ...row, label, spoken: `${label}, ${row.spoken}` };
}
