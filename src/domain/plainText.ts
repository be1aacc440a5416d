// Text from outside (names, titles, descriptions that any client may have written), made fit to be kept and shown.

/** What direction-changing characters hide: they make a text read as another. Letters of any script are left alone. */
const bidiControls = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
const controlsButLineAndTab = /(?![\n\t])\p{Cc}|[\uFFFE\uFFFF]/gu;
const loneSurrogates = /\p{Cs}/gu;
const spaces = /[\s\u2028\u2029]+/gu;

/**
 * What survives the way through XML: line ends as `\n`, no other control characters but tabs, halves of surrogate
 * pairs replaced. Idempotent.
 */
export function storableText(text: string): string {
  return text.replace(/\r\n?/gu, '\n').replace(controlsButLineAndTab, '').replace(loneSurrogates, '\uFFFD');
}

/** For showing over several lines: nothing in it can turn the direction of the text around it. Idempotent. */
export function displayText(text: string): string {
  return storableText(text).replace(bidiControls, '');
}

/** For showing in one line: line ends folded to a space, cut with an ellipsis at `max` characters. Idempotent. */
export function displayLine(text: string, max = 200): string {
  const line = displayText(text).replace(spaces, ' ').trim();
  if (line.length <= max) {
    return line;
  }
  const characters = Array.from(line);
  return characters.length <= max ? line : `${characters.slice(0, max - 1).join('')}…`;
}

/** Something in it would be dropped, folded or turned around: a text that is typed should not hold it. */
export function hasUnsafeCharacter(text: string): boolean {
  return /[\p{Cc}\p{Cs}\u2028\u2029\uFFFE\uFFFF]/u.test(text) || text.search(bidiControls) >= 0;
}
