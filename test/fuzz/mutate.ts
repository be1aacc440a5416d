// Changes of valid examples, as an attacker or a broken disk makes them: of bytes, of text, of values of JSON.
import type { Random } from '../histories/random.js';

/** Lengths, counts and places that a reader may trust too much. */
const words = [0, 1, 2, 0x7f, 0xff, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];
const longWords = [0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];

/** Heads of files matter most: half of the places are near the start. */
function placeIn(length: number, random: Random): number {
  return length === 0 ? 0 : random.int(0, Math.min(length - 1, random.chance(0.5) ? 2 ** random.int(2, 12) : length));
}

const onBytes: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const at = placeIn(bytes.length, random);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(0, 7));
    return bytes;
  },
  (bytes, random) => {
    const at = placeIn(bytes.length, random) & ~3;
    if (at + 4 <= bytes.length) {
      const near = bytes.readUInt32BE(at) + random.int(-2, 2);
      bytes.writeUInt32BE((random.chance(0.3) ? near : random.pick(words)) >>> 0, at);
    }
    return bytes;
  },
  (bytes, random) => {
    const at = placeIn(bytes.length, random) & ~7;
    if (at + 8 <= bytes.length) {
      bytes.writeBigUInt64BE(random.pick(longWords), at);
    }
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, placeIn(bytes.length, random)),
  (bytes, random) => {
    const from = placeIn(bytes.length, random);
    const part = bytes.subarray(from, from + 2 ** random.int(0, 10));
    const to = placeIn(bytes.length, random);
    return Buffer.concat([bytes.subarray(0, to), part, bytes.subarray(to)]);
  },
  (bytes, random) => {
    const from = placeIn(bytes.length, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + 2 ** random.int(0, 10))]);
  },
  (bytes, random) => {
    const from = placeIn(bytes.length, random);
    return bytes.fill(random.pick([0, 0xff, 0x20, 0x80]), from, Math.min(bytes.length, from + 2 ** random.int(0, 8)));
  },
];

export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let left = random.int(1, 4); left > 0; left--) {
    changed = random.pick(onBytes)(changed, random);
  }
  return changed;
}

/** What has fooled readers: ends of text, lines and directions, halves of characters, names of JavaScript. */
const awkward = [
  '\0',
  '\u001b[2J',
  '\u001b]0;x\u0007',
  '\u009b1m',
  '\r',
  '\n',
  '\r\n',
  '\t',
  '\u2028',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\uffff',
  '\ud800',
  '\udc00',
  '__proto__',
  'constructor',
  'toString',
  '"',
  "'",
  '`',
  '\\',
  '%',
  '%00',
  '%0a',
  '%ff',
  '$(id)',
  ';',
  '|',
  '-oProxyCommand=id',
  '--',
  '../',
  '-1',
  '0',
  '1e999',
  'NaN',
  '0x10',
  '99999999999999999999',
  '4294967296',
  '<',
  '>',
  '</',
  '/>',
  '&amp;',
  '&bomb;',
  '&#0;',
  '&#x110000;',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<?x ?>',
  '<!DOCTYPE a [<!ENTITY bomb "&b;&b;">]>',
  '&a',
  '*a',
  '<<: *a',
  '!!js/function',
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '  ',
];
/** What nests when it is repeated. */
const openers = ['<a>', '<domain>', '<disk><backingStore>', '[', '{"a":', '- ', 'a:\n ', '(', '{a: '];
const mostRepeated = 65_536;

const onText: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => splice(text, random, 0, random.pick(awkward)),
  (text, random) => splice(text, random, random.int(1, 20), random.pick(awkward)),
  (text, random) => splice(text, random, 2 ** random.int(0, 10), ''),
  (text, random) => {
    const from = random.int(0, text.length);
    return splice(text, random, 0, text.slice(from, from + 2 ** random.int(0, 10)));
  },
  (text, random) => text.slice(0, random.int(0, text.length)),
  // A number of it becomes another one.
  (text, random) => {
    const numbers = [...text.matchAll(/\d+/gu)];
    if (numbers.length === 0) {
      return text;
    }
    const { index, 0: old } = random.pick(numbers);
    return `${text.slice(0, index)}${random.pick([...words, ...longWords, -1, 1.5])}${text.slice(index + old.length)}`;
  },
  // A piece of it very often: what costs the square of the length is felt.
  (text, random) => {
    const from = random.int(0, text.length);
    const piece = random.chance(0.5) ? random.pick(awkward) : text.slice(from, from + random.int(1, 12)) || ' ';
    return splice(text, random, 0, piece.repeat(2 ** random.int(1, 16)).slice(0, mostRepeated));
  },
  (text, random) =>
    splice(
      text,
      random,
      0,
      random
        .pick(openers)
        .repeat(2 ** random.int(1, 13))
        .slice(0, mostRepeated),
    ),
];

function splice(text: string, random: Random, length: number, inserted: string): string {
  const at = random.int(0, text.length);
  return `${text.slice(0, at)}${inserted}${text.slice(at + length)}`;
}

export function mutateText(text: string, random: Random): string {
  let changed = text;
  for (let left = random.int(1, 4); left > 0; left--) {
    changed = random.pick(onText)(changed, random);
  }
  return changed;
}

const awkwardValues = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => null,
    () => undefined,
    () => true,
    () => -1,
    () => 1.5,
    () => 2 ** 53,
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => '',
    () => [],
    () => ({}),
    () => random.pick(awkward),
    () => random.pick(awkward).repeat(2 ** random.int(1, 14)),
    () => Array.from({ length: 2 ** random.int(1, 12) }, () => random.pick(awkward)),
    () => JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown,
    () => JSON.parse('['.repeat(2_000) + ']'.repeat(2_000)) as unknown,
    () => ({ toString: 1, valueOf: 1, length: 1e9 }),
  ])();

/** Changes a part of a JSON value and keeps its kind. */
export function mutateValue(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.1)) {
    return typeof value === 'string' && random.chance(0.5) ? mutateText(value, random) : awkwardValues(random);
  }
  const entries = Object.entries(value);
  const which = random.int(0, entries.length);
  const changed = entries.flatMap(([key, one], index): readonly (readonly [string, unknown])[] => {
    if (index !== which) {
      return [[key, one]];
    }
    const how = random.int(0, 9);
    return how === 0
      ? []
      : how === 1
        ? [[random.pick(awkward), one]]
        : how === 2
          ? [...entries.slice(0, index), [key, one] as const]
          : [[key, mutateValue(one, random)]];
  });
  const more = which === entries.length ? [[random.pick(awkward), awkwardValues(random)] as const] : [];
  return Array.isArray(value)
    ? [...changed, ...more].map(([, one]) => one)
    : Object.fromEntries<unknown>([...changed, ...more]);
}
