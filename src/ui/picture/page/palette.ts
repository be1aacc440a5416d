// Which colour, pattern and letter stand for which layer, so that none of them alone has to be told apart, and the
// colours of everything else. Knows no page: the colours are handed in.
import { type Fill, patterns } from './surface.js';

export interface Palette {
  readonly background: string;
  readonly foreground: string;
  /** The colour of less important words; still readable. */
  readonly muted: string;
  readonly line: string;
  readonly accent: string;
  readonly danger: string;
  /** Boxes of nodes. */
  readonly box: string;
  /** Colours of layers, used in turn. */
  readonly layers: readonly string[];
  /** Letters and patterns on a layer's colour, by the same index. */
  readonly inks: readonly string[];
}

/** What stands behind a slide; `on…`: nothing, for slides that are light or dark themselves. */
export const slideGrounds = ['light', 'dark', 'onLight', 'onDark'] as const;
export type SlideGround = (typeof slideGrounds)[number];

export function paletteOf(ground: SlideGround): Palette {
  return ground === 'light' || ground === 'onLight' ? slidePalette : darkSlidePalette;
}

export function isFilled(ground: SlideGround): boolean {
  return ground === 'light' || ground === 'dark';
}

/** For slides, whatever the editor's theme is: readable on paper and on a projector. */
export const slidePalette: Palette = {
  background: '#ffffff',
  foreground: '#1b1b1b',
  muted: '#525252',
  line: '#767676',
  accent: '#0050a0',
  danger: '#b00020',
  box: '#f4f4f4',
  layers: ['#6b7885', '#2f7dc4', '#c26a00', '#23885a', '#b8529a', '#8a6d1d', '#6554c0', '#c0453a'],
  inks: ['#ffffff', '#ffffff', '#000000', '#ffffff', '#ffffff', '#ffffff', '#ffffff', '#ffffff'],
};

const darkSlidePalette: Palette = {
  background: '#1b1b1b',
  foreground: '#f5f5f5',
  muted: '#c2c2c2',
  line: '#8c8c8c',
  accent: '#6cb8ff',
  danger: '#ff8f84',
  box: '#2b2b2b',
  layers: ['#9aa7b4', '#4f9fe6', '#f09a2b', '#43b07d', '#d675b8', '#b8942e', '#8d7ff0', '#e36a5e'],
  inks: ['#000000', '#000000', '#000000', '#000000', '#000000', '#000000', '#000000', '#000000'],
};

/** Base first. The first layers differ in colour and pattern; later ones pair a colour with another pattern. */
export function layerFill(palette: Palette, layer: number): Fill {
  const color = layer % palette.layers.length;
  const round = Math.floor(layer / palette.layers.length);
  return {
    color: palette.layers[color] ?? palette.foreground,
    ink: palette.inks[color] ?? palette.background,
    pattern: patterns[(color + round) % patterns.length] ?? 'plain',
  };
}
