// A surface on a canvas: the screen, and the PNG.
import {
  type Fill,
  type Pattern,
  type Stroke,
  type Surface,
  type TextLook,
  patternSide,
  patternStrokes,
} from './surface.js';

/** Widths of texts that were cut: more are asked for in a frame than there is time to measure. */
const mostCuts = 4_000;

export class CanvasSurface implements Surface {
  readonly #context: CanvasRenderingContext2D;
  readonly #font: string;
  readonly #patterns = new Map<string, CanvasPattern | null>();
  readonly #cuts = new Map<string, string>();

  constructor(context: CanvasRenderingContext2D, font: string) {
    this.#context = context;
    this.#font = font;
  }

  rect(x: number, y: number, width: number, height: number, fill?: Fill, stroke?: Stroke, radius = 0): void {
    const context = this.#context;
    const plain = radius === 0 && stroke === undefined;
    if (!plain) {
      context.beginPath();
      context.roundRect(x, y, Math.max(0, width), Math.max(0, height), radius);
    }
    const paint = (): void => (plain ? context.fillRect(x, y, width, height) : context.fill());
    if (fill !== undefined) {
      context.globalAlpha = fill.opacity ?? 1;
      context.fillStyle = fill.color;
      paint();
      const pattern = this.#pattern(fill);
      if (pattern !== null) {
        context.fillStyle = pattern;
        paint();
      }
      context.globalAlpha = 1;
    }
    if (stroke !== undefined) {
      this.#stroke(stroke);
    }
  }

  line(points: readonly number[], stroke: Stroke): void {
    const context = this.#context;
    context.beginPath();
    context.moveTo(points[0] ?? 0, points[1] ?? 0);
    for (let index = 2; index + 1 < points.length; index += 2) {
      context.lineTo(points[index] ?? 0, points[index + 1] ?? 0);
    }
    this.#stroke(stroke);
  }

  text(text: string, x: number, y: number, look: TextLook): void {
    const context = this.#context;
    context.font = `${look.weight ?? 'normal'} ${look.size}px ${this.#font}`;
    context.textBaseline = 'middle';
    context.textAlign = look.align === 'middle' ? 'center' : (look.align ?? 'left');
    context.fillStyle = look.color;
    const shown = look.width === undefined ? text : this.#cut(text, look.width);
    context.fillText(shown, x, y);
    if (look.struck === true) {
      const { width } = context.measureText(shown);
      const left = look.align === 'middle' ? x - width / 2 : x;
      this.line([left, y, left + width, y], { color: look.color, width: 1.5 });
    }
  }

  #stroke({ color, width, dash = [] }: Stroke): void {
    const context = this.#context;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.setLineDash([...dash]);
    context.stroke();
  }

  #cut(text: string, width: number): string {
    const key = `${this.#context.font}\n${Math.round(width)}\n${text}`;
    const known = this.#cuts.get(key);
    if (known !== undefined) {
      return known;
    }
    const made = this.#measuredCut(text, width);
    if (this.#cuts.size > mostCuts) {
      this.#cuts.clear();
    }
    this.#cuts.set(key, made);
    return made;
  }

  #measuredCut(text: string, width: number): string {
    const fits = (one: string): boolean => this.#context.measureText(one).width <= width;
    if (fits(text)) {
      return text;
    }
    const characters = Array.from(text);
    let [least, most] = [0, characters.length];
    while (least < most) {
      const middle = Math.ceil((least + most) / 2);
      if (fits(`${characters.slice(0, middle).join('')}…`)) {
        least = middle;
      } else {
        most = middle - 1;
      }
    }
    return `${characters.slice(0, least).join('')}…`;
  }

  #pattern({ pattern = 'plain', ink = '#000' }: Fill): CanvasPattern | null {
    if (pattern === 'plain') {
      return null;
    }
    const key = `${pattern} ${ink}`;
    const known = this.#patterns.get(key);
    if (known !== undefined) {
      return known;
    }
    const made = this.#context.createPattern(patternTile(pattern, ink), 'repeat');
    this.#patterns.set(key, made);
    return made;
  }
}

function patternTile(pattern: Pattern, ink: string): HTMLCanvasElement {
  const tile = document.createElement('canvas');
  tile.width = patternSide;
  tile.height = patternSide;
  const context = tile.getContext('2d');
  if (context !== null) {
    context.strokeStyle = ink;
    context.lineWidth = 1.4;
    for (const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] of patternStrokes(pattern)) {
      context.beginPath();
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
      context.stroke();
    }
  }
  return tile;
}
