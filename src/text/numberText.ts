// Numbers as the language of the sentences around them writes them.
import { t } from '@vscode/l10n';

/** By language; to ask for each number costs more than the rest of a row. */
const marks = new Map<string, string>();

/**
 * A tag as `Intl` has them. A sentence like any other, so that a number never speaks another language than what it
 * stands in.
 */
function language(): string {
  return t('en');
}

/** @param digits after the mark; zeros at the end stay: `1.0` */
export function fixedText(value: number, digits: number): string {
  return localizeMark(value.toFixed(digits));
}

/** With as many digits as it has: `0.03`, `3.2`, `3`. */
export function decimalText(value: number): string {
  return localizeMark(String(value));
}

function localizeMark(number: string): string {
  return number.replace('.', markOf(language()));
}

/** `one, two and three`, as the language does. */
export function joinWords(parts: readonly string[]): string {
  return new Intl.ListFormat(language(), { type: 'conjunction' }).format(parts);
}

function markOf(tag: string): string {
  const known = marks.get(tag);
  if (known !== undefined) {
    return known;
  }
  const mark = new Intl.NumberFormat(tag).formatToParts(0.5).find(({ type }) => type === 'decimal')?.value ?? '.';
  marks.set(tag, mark);
  return mark;
}
