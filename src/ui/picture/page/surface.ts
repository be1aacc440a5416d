// What the figures are drawn on: the same drawing makes the screen, the SVG and the PNG. Knows no figure.

/** How a layer is filled: a colour, and a pattern for people who do not tell colours apart. */
export interface Fill {
  /** Any CSS colour. */
  readonly color: string;
  readonly pattern?: Pattern;
  /** The colour of the pattern's strokes. */
  readonly ink?: string;
  /** 0 to 1; absent: 1. */
  readonly opacity?: number;
}

export const patterns = ['plain', 'rising', 'falling', 'lying', 'standing', 'crossed', 'dots', 'grid'] as const;
export type Pattern = (typeof patterns)[number];

export interface Stroke {
  readonly color: string;
  readonly width: number;
  readonly dash?: readonly number[];
}

export interface TextLook {
  readonly color: string;
  readonly size: number;
  readonly weight?: 'normal' | 'bold';
  readonly align?: 'left' | 'middle' | 'right';
  /** Cut with an ellipsis. */
  readonly width?: number;
  readonly struck?: boolean;
}

/** Pixels from the top left corner. Text stands on its middle line. */
export interface Surface {
  rect(x: number, y: number, width: number, height: number, fill?: Fill, stroke?: Stroke, radius?: number): void;
  /** Points as x, y in turns. */
  line(points: readonly number[], stroke: Stroke): void;
  text(text: string, x: number, y: number, look: TextLook): void;
}

/** About how wide a text is: where boxes stand is known before there is a font to measure. Asia's are square. */
export function textWidth(text: string, { size, weight }: Pick<TextLook, 'size' | 'weight'>): number {
  const letter = weight === 'bold' ? 0.6 : 0.56;
  let width = 0;
  for (const character of text) {
    width += (character.codePointAt(0) ?? 0) >= 0x2e80 ? 1 : letter;
  }
  return width * size;
}

/** Lines that fit, broken between words where there are some; the last of `most` has all that is left. */
export function wrapText(
  text: string,
  width: number,
  look: Pick<TextLook, 'size' | 'weight'>,
  most: number,
): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (lines.length + 1 < most && textWidth(rest, look) > width) {
    const end = lineEnd(rest, width, look);
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** Behind the last word that fits, or within the first, where that alone is too long. */
function lineEnd(text: string, width: number, look: Pick<TextLook, 'size' | 'weight'>): number {
  let fits = 0;
  let word = 0;
  for (const character of text) {
    const end = fits + character.length;
    if (fits > 0 && textWidth(text.slice(0, end), look) > width) {
      break;
    }
    fits = end;
    word = /\s|[-/]/u.test(character) ? end : word;
  }
  return word > 0 ? word : fits;
}

/** The strokes of a pattern within a square of this side: points in turns, as for `line`. Dots are short strokes. */
export const patternSide = 8;

export function patternStrokes(pattern: Pattern): readonly (readonly number[])[] {
  const side = patternSide;
  const half = side / 2;
  switch (pattern) {
    case 'plain':
      return [];
    case 'rising':
      return [
        [0, side, side, 0],
        [-1, 1, 1, -1],
        [side - 1, side + 1, side + 1, side - 1],
      ];
    case 'falling':
      return [
        [0, 0, side, side],
        [-1, side - 1, 1, side + 1],
        [side - 1, -1, side + 1, 1],
      ];
    case 'lying':
      return [[0, half, side, half]];
    case 'standing':
      return [[half, 0, half, side]];
    case 'crossed':
      return [
        [0, 0, side, side],
        [0, side, side, 0],
      ];
    case 'dots':
      return [
        [1, 2, 3, 2],
        [5, 6, 7, 6],
      ];
    case 'grid':
      return [
        [0, half, side, half],
        [half, 0, half, side],
      ];
  }
}
