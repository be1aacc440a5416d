// A word as a POSIX shell takes it, for people to paste. Apart from the steps, which no start of the editor needs.

/**
 * | the word holds                        | written as              |
 * |---------------------------------------|-------------------------|
 * | only characters that no shell expands | itself                  |
 * | anything else that can be shown       | in single quotes        |
 * | control characters, line ends, characters that turn the direction of text | in `$'…'`, those in octal |
 *
 * `$'…'` is POSIX since 2024 and in bash, zsh, ksh and busybox for long. It keeps a log line one line, and a pasted
 * text from doing anything to the terminal.
 */
export function quoteForShell(word: string): string {
  if (/^[\w@%+=:,./-]+$/u.test(word)) {
    return word;
  }
  if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(word)) {
    return `'${word.replaceAll("'", "'\\''")}'`;
  }
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "\\'")
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, octal);
  return `$'${escaped}'`;
}

function octal(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
