// The language of guestfish: how a command is written, and what its answers are. Text here has one character for each
// byte, for names of guests are bytes. Source: guestfish(1), and parse_string_list in its fish.c.

/** guestfish reads lines of at most 8191 bytes, and takes the rest for the next one. */
const longestLine = 8_000;

/** What would end a word, or is no line. */
const special = /[\p{Cc}"\\]/gu;

function quote(text: string): string {
  const escape = (one: string): string => `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return `"${text.replaceAll(special, (one) => (one > '\x7f' ? one : escape(one)))}"`;
}

/**
 * One word of a list. Blanks stand in single quotes. A quote that has a backslash before it is a quote of the word, so
 * the backslashes before blanks stand within the quotes.
 */
function quoteInList(text: string): string {
  return text.replaceAll(/'|\\*[ \t]+/gu, (found) => (found === "'" ? "\\'" : `'${found}'`));
}

export type GuestfishWord = string | number | readonly string[];

/** Undefined where guestfish cannot read a line of that length. */
export function commandLine(name: string, words: readonly GuestfishWord[]): string | undefined {
  const line = [
    name,
    ...words.map((word) => quote(typeof word === 'object' ? word.map(quoteInList).join(' ') : String(word))),
  ].join(' ');
  return line.length > longestLine ? undefined : line;
}

/** Parts of a list of names, each short enough for one command with these words before it. */
export function nameLists(names: readonly string[], before: number): readonly (readonly string[])[] {
  const lists: string[][] = [];
  let room = 0;
  for (const name of names) {
    const bytes = quote(quoteInList(name)).length + 1;
    if (bytes > room) {
      lists.push([]);
      room = longestLine - before;
    }
    lists.at(-1)?.push(name);
    room -= bytes;
  }
  return lists;
}

/** The facts of one node, by the names of `struct guestfs_statns` without `st_`. */
export type GuestfishStat = ReadonlyMap<string, number>;

/** In the order in which they were asked for. */
export function parseStats(text: string): readonly GuestfishStat[] {
  const stats: Map<string, number>[] = [];
  for (const [, name = '', value] of text.matchAll(/^ *st_([a-z_]+): (-?\d+)$/gmu)) {
    if (name === 'dev') {
      stats.push(new Map());
    }
    stats.at(-1)?.set(name, Number(value));
  }
  return stats;
}

/** `ls0`: each name ends with a zero. */
export function parseNames(bytes: Buffer): readonly string[] {
  return bytes.toString('latin1').split('\0').slice(0, -1);
}

/** What a command said where it failed, without advice for programmers; undefined: it did not. */
export function parseFault(said: string): string | undefined {
  const messages = [...said.matchAll(/^(?:\*stdin\*:\d+: )?libguestfs: error: (.*)$/gmu)].map(([, text]) => text);
  return messages.length > 0 ? messages.join(' ') : /^guestfish: /mu.test(said) ? said.trim() : undefined;
}
