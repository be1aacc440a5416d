// Rows of one list whose names begin alike show what tells them apart, and long ones no more than there is room for.
// Knows no row but by its label.
import { shortenedAlike } from '../../text/alikeNames.js';
import { displayLine } from '../../domain/plainText.js';
import type { Row } from '../../text/rows.js';

/** Of lists that are values: worked out once for each. */
const known = new WeakMap<object, { readonly most: number; readonly short: ReadonlyMap<string, string> }>();

/**
 * @param namesIn the names of all that stand in the list
 * @param most characters of a label; 0: as many as it has
 */
export function disambiguate<T>(
  row: Row,
  list: readonly T[],
  namesIn: (list: readonly T[]) => readonly string[],
  most = 0,
): Row {
  const before = known.get(list);
  const names = (): readonly string[] => namesIn(list).map((name) => displayLine(name));
  const short = before?.most === most ? before.short : shortenedAlike(names(), most === 0 ? Infinity : most);
  known.set(list, { most, short });
  const label = short.get(row.label);
  // The whole name is heard too.
  return label === undefined ? row : { ...row, label, spoken: `${label}, ${row.spoken}` };
}
