// How wide the buttons of a question are in VS Code's own dialog, which a browser and many a Linux desktop show. Facts
// of VS Code 1.139's workbench.css and of its font, measured in Chromium: labels of 12 px, 8 px and a border around
// each, 4 px between.

/** Pixels of DejaVu Sans at 12 px, the widest of the fonts that Linux, Windows and macOS show a dialog in. */
const widths: readonly (readonly [characters: string, pixels: number])[] = [
  ['ijl', 3.33],
  ['IJ', 3.54],
  [',. ', 3.81],
  ['f', 4.22],
  ['-', 4.33],
  ['t', 4.71],
  ['r', 4.93],
  ['s', 6.25],
  ['z', 6.3],
  ['c', 6.6],
  ['L', 6.69],
  ['F', 6.9],
  ['k', 6.95],
  ['vxy', 7.1],
  ['P', 7.24],
  ['TY', 7.33],
  ['oö', 7.34],
  ['aä', 7.35],
  ['e', 7.38],
  ['ß', 7.56],
  ['E', 7.58],
  ['hnuü', 7.61],
  ['bdgpqS', 7.62],
  ['0123456789', 7.63],
  ['K', 7.87],
  ['AVÄ', 8.21],
  ['XZ', 8.22],
  ['B', 8.23],
  ['R', 8.34],
  ['C', 8.38],
  ['UÜ', 8.78],
  ['N', 8.98],
  ['H', 9.02],
  ['D', 9.24],
  ['G', 9.3],
  ['&', 9.36],
  ['OQÖ', 9.45],
  ['w', 9.81],
  ['M', 10.35],
  ['m', 11.69],
  ['W', 11.87],
  ['…', 12],
];
const pixels = new Map(
  widths.flatMap(([characters, width]) => Array.from(characters).map((one) => [one, width] as const)),
);
/** A Chinese character is a square; what is not in the table is taken for one too. */
const square = 12;
const aroundLabel = 26;

/** What the row of the buttons has in a window of 560 px: 90 % of it, less what the icon takes. */
export const roomForButtons = 0.9 * 560 - 67;

export function buttonsWidth(labels: readonly string[]): number {
  return labels
    .flatMap((label) => Array.from(label))
    .reduce((sum, one) => sum + (pixels.get(one) ?? square), aroundLabel * labels.length);
}
