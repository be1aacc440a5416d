// Keys of a keyboard by the numbers of Linux (input-event-codes.h), which libvirt's `linux` code set takes. A key is a
// place on the keyboard: what a guest makes of it follows from the layout that it has set. Pure.

/** Keys that are down at the same time, in the order in which they go down. */
export type Chord = readonly number[];

/** At a place of the display, in pixels from its upper left corner. */
export interface Click {
  readonly x: number;
  readonly y: number;
  readonly button: 'left' | 'middle' | 'right';
  readonly times: 1 | 2;
}

/** libvirt's REMOTE_DOMAIN_SEND_KEY_MAX. */
const mostAtOnce = 16;

const rows: readonly (readonly [first: number, keys: string])[] = [
  [2, '1234567890-='],
  [16, 'qwertyuiop[]'],
  [30, "asdfghjkl;'`"],
  [43, '\\zxcvbnm,./'],
];
const shiftedRows = ['!@#$%^&*()_+', 'QWERTYUIOP{}', 'ASDFGHJKL:"~', '|ZXCVBNM<>?'];

const shift = 42;

const names = new Map<string, number>(
  Object.entries({
    esc: 1,
    backspace: 14,
    tab: 15,
    enter: 28,
    ctrl: 29,
    shift,
    alt: 56,
    space: 57,
    capslock: 58,
    ...Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`f${at + 1}`, 59 + at])),
    f11: 87,
    f12: 88,
    altgr: 100,
    home: 102,
    up: 103,
    pageup: 104,
    left: 105,
    right: 106,
    end: 107,
    down: 108,
    pagedown: 109,
    insert: 110,
    delete: 111,
    meta: 125,
    menu: 127,
  }),
);

const plain = new Map<string, number>([
  ...rows.flatMap(([first, keys]) => Array.from(keys).map((key, at) => [key, first + at] as const)),
  [' ', 57],
  ['\n', 28],
  ['\t', 15],
]);
const shifted = new Map(
  rows.flatMap(([first], row) => Array.from(shiftedRows[row] ?? '').map((key, at) => [key, first + at] as const)),
);

export const keyNames = [...names.keys()] as readonly string[];

/** As `ctrl+alt+f2`, `enter`, `q`; undefined: some key of it is not known. */
export function chordOf(words: string): Chord | undefined {
  const keys = words.split('+').map((word) => names.get(word.toLowerCase()) ?? plain.get(word.toLowerCase()));
  return keys.length <= mostAtOnce && keys.every((key) => key !== undefined) ? keys : undefined;
}

/** What types a text on a US keyboard; the first character that has no key there otherwise. */
export function chordsOf(text: string): readonly Chord[] | { readonly noKey: string } {
  const chords: Chord[] = [];
  for (const character of text.replaceAll('\r\n', '\n')) {
    const [key, upper] = [plain.get(character), shifted.get(character)];
    if (key === undefined && upper === undefined) {
      return { noKey: character };
    }
    chords.push(key === undefined ? [shift, upper ?? 0] : [key]);
  }
  return chords;
}
