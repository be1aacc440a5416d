// What the figures are drawn on: the same drawing makes the screen, the SVG and the PNG. Knows no figure.

/** How a layer is filled: a colour, and a pattern for whoever does not tell colours apart. */
export interface Fill {
  /** Any CSS colour. */
  readonly color: string;
  readonly pattern?: Pattern;
  /** Of the pattern's strokes. */
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
