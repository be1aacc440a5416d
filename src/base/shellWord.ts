// A word for a POSIX shell that reads it as it is: where a command line must be one text, as behind ssh or at a
// console. Pure.

/** Between single quotes a shell reads nothing but the next one. A NUL cannot be said to a shell at all. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
