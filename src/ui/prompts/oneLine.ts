// Text of several lines in an input box of one, and back without a loss. Knows nothing of the editor.

/** Shown for a line break, because an input box would drop one. */
export const lineBreak = '⏎';

export function toOneLine(text: string): string {
  return text.replaceAll('\n', lineBreak);
}

export function fromOneLine(text: string): string {
  return text.replaceAll(lineBreak, '\n').trim();
}
