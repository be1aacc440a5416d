// The text of a file of checksums → that of one file. Pure.

const line = /^\\?([\da-f]{128}|[\da-f]{64})(?:[ \t]+\*?(?:\.\/)?(\S.*))?$/iu;
/** As BSD and Fedora write it. */
const bsdLine = /^SHA(?:256|512) \((.+)\) = ([\da-f]{128}|[\da-f]{64})$/iu;

/**
 * | line                     | of                                   |
 * |--------------------------|--------------------------------------|
 * | `HEX  NAME`, `HEX *NAME` | GNU coreutils                        |
 * | `SHA256 (NAME) = HEX`    | BSD, Fedora                          |
 * | `HEX`                    | the file, where it is the only line  |
 *
 * @returns SHA-512 before SHA-256; undefined where there is none, or two that differ
 */
export function readChecksum(text: string, name: string): string | undefined {
  // Editors of Windows begin a text with the mark of its encoding.
  const found = text
    .replace(/^\uFEFF/u, '')
    .split(/\r?\n/u)
    .flatMap((one) => {
      const [, bsdName, bsdHex] = bsdLine.exec(one) ?? [];
      const [, hex = bsdHex, of = bsdName] = line.exec(one) ?? [];
      return hex === undefined ? [] : [{ of, hex: hex.toLowerCase() }];
    });
  const [only] = found;
  const own = only?.of === undefined && found.length === 1 ? found : found.filter(({ of }) => of === name);
  const longest = Math.max(...own.map(({ hex }) => hex.length));
  const best = new Set(own.map(({ hex }) => hex).filter((hex) => hex.length === longest));
  return best.size === 1 ? [...best][0] : undefined;
}
