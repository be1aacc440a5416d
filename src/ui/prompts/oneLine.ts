// Text of several lines in an input box of one, and back without a loss.

/**
 * What a person types for a line break, because an input box would drop one. A backslash before an `n` that is none is
 * doubled.
 */
export const lineBreak = String.raw`\n`;

export function toOneLine(text: string): string {
  return text.replace(/\\(?=\\*n)/gu, String.raw`\\`).replaceAll('\n', lineBreak);
}

export function fromOneLine(text: string): string {
  return text
    .replace(
      /(\\+)n/gu,
      (_, { length }: string) => `${'\\'.repeat(Math.floor(length / 2))}${length % 2 === 1 ? '\n' : 'n'}`,
    )
    .replaceAll('⏎', '\n')
    .trim();
}
