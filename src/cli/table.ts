// Rows → a table that fits a width: columns that matter less go, then the widest are cut. Pure.

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

/** As terminals have it: East Asian characters and pictures take two columns. After the Unicode Standard, annex 11. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]/u;
/** Marks on the character before, and what is not seen. */
const none = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** Such marks begin no line. */
const closing = /[\u3001\u3002\u300B\u300D\u300F\u3011\uFF01\uFF09\uFF0C\uFF1A\uFF1B\uFF1F\u201D\u2019\u2026]/u;
const opening = /[\u300A\u300C\u300E\u3010\uFF08\u201C\u2018]/u;
const ascii = /^[\x20-\x7E]*$/u;

export function columnsOf(text: string): number {
  return ascii.test(text) ? text.length : Array.from(text, columnsOfOne).reduce((sum, one) => sum + one, 0);
}

function columnsOfOne(character: string): number {
  return none.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

/** As it is where it fits, else with … at its end. */
export function cutTo(text: string, columns: number): string {
  if (columnsOf(text) <= columns) {
    return text;
  }
  let [shown, left] = ['', columns - 1];
  for (const character of text) {
    left -= columnsOfOne(character);
    if (left < 0) {
      break;
    }
    shown += character;
  }
  return `${shown}…`;
}

export function padTo(text: string, columns: number): string {
  return `${text}${' '.repeat(Math.max(0, columns - columnsOf(text)))}`;
}

/** What a line is broken between without a space: a word of Chinese is not told apart from the next. */
export function piecesOf(word: string): readonly string[] {
  if (!wide.test(word)) {
    return [word];
  }
  const pieces: string[] = [];
  let last = '';
  for (const character of word) {
    const isApart = (wide.test(last) || wide.test(character)) && !closing.test(character) && !opening.test(last);
    if (last === '' || isApart) {
      pieces.push(character);
    } else {
      pieces.push(`${pieces.pop() ?? ''}${character}`);
    }
    last = character;
  }
  return pieces;
}
