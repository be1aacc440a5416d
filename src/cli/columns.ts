// How much room text takes on a terminal, in columns, and how it is cut and filled to fit. Pure.

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
