// Rows → a table that fits a width: columns that matter less go, then the widest are cut. Pure.
import { columnsOf, cutTo, padTo } from './columns.js';

export interface Column {
  readonly title: string;
  /** Those with the highest number go first when there is no room; 0 stays. */
  readonly rank: number;
}

const gap = 2;
/** Less of a column says nothing. */
const narrowest = 8;

/** @param width in columns; infinite for what is no terminal */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  let shown = columns.map((_, index) => index);
  const natural = columns.map(({ title }, index) =>
    Math.max(columnsOf(title), ...rows.map((row) => columnsOf(row[index] ?? ''))),
  );
  const total = (): number => shown.reduce((sum, index) => sum + (natural[index] ?? 0) + gap, -gap);
  while (total() > width && shown.some((index) => (columns[index]?.rank ?? 0) > 0)) {
    const worst = Math.max(...shown.map((index) => columns[index]?.rank ?? 0));
    shown = shown.filter((index) => columns[index]?.rank !== worst);
  }
  const widths = new Map(shown.map((index) => [index, natural[index] ?? 0]));
  for (let over = total() - width; over > 0;) {
    const [widest, size] = [...widths].reduce((most, one) => (one[1] > most[1] ? one : most));
    if (size <= narrowest) {
      break;
    }
    const cut = Math.min(over, Math.max(1, size - narrowest));
    widths.set(widest, size - cut);
    over -= cut;
  }
  const line = (cells: readonly string[]): string =>
    shown
      .map((index) => {
        const room = widths.get(index) ?? 0;
        return padTo(cutTo(cells[index] ?? '', room), room);
      })
      .join(' '.repeat(gap))
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map(line)];
}
