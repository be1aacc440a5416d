// A surface that writes SVG. Every text and attribute goes through the escapes here; there is no other way in.
import {
  type Fill,
  type Stroke,
  type Surface,
  type TextLook,
  patternSide,
  patternStrokes,
  textWidth,
} from './surface.js';

export class SvgSurface implements Surface {
  readonly #parts: string[] = [];
  readonly #patterns = new Map<string, string>();
  readonly #font: string;

  constructor(font: string) {
    this.#font = font;
  }

  rect(x: number, y: number, width: number, height: number, fill?: Fill, stroke?: Stroke, radius = 0): void {
    this.#parts.push(
      element('rect', {
        x,
        y,
        width: Math.max(0, width),
        height: Math.max(0, height),
        ...(radius > 0 ? { rx: radius } : {}),
        fill: fill === undefined ? 'none' : fill.color,
        ...(fill?.opacity === undefined ? {} : { 'fill-opacity': fill.opacity }),
        ...strokeAttributes(stroke),
      }),
    );
    if (fill?.pattern !== undefined && fill.pattern !== 'plain') {
      const id = this.#pattern(fill);
      this.#parts.push(
        element('rect', {
          x,
          y,
          width: Math.max(0, width),
          height: Math.max(0, height),
          fill: `url(#${id})`,
          ...(fill.opacity === undefined ? {} : { 'fill-opacity': fill.opacity }),
        }),
      );
    }
  }

  line(points: readonly number[], stroke: Stroke): void {
    const pairs: string[] = [];
    for (let index = 0; index + 1 < points.length; index += 2) {
      pairs.push(`${number(points[index] ?? 0)},${number(points[index + 1] ?? 0)}`);
    }
    this.#parts.push(element('polyline', { points: pairs.join(' '), fill: 'none', ...strokeAttributes(stroke) }));
  }

  text(text: string, x: number, y: number, look: TextLook): void {
    const shown = cut(text, look);
    const anchor = look.align === 'middle' ? 'middle' : look.align === 'right' ? 'end' : 'start';
    this.#parts.push(
      element(
        'text',
        {
          x,
          y,
          fill: look.color,
          'font-size': look.size,
          'dominant-baseline': 'central',
          'text-anchor': anchor,
          ...(look.weight === 'bold' ? { 'font-weight': 'bold' } : {}),
          ...(look.struck === true ? { 'text-decoration': 'line-through' } : {}),
        },
        escapeXml(shown),
      ),
    );
  }

  /** @param words what a screen reader says of the whole */
  finish(width: number, height: number, title: string, words: string): string {
    const definitions = [...this.#patterns.values()].join('');
    return element(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        width,
        height,
        viewBox: `0 0 ${number(width)} ${number(height)}`,
        'font-family': this.#font,
        role: 'img',
      },
      element('title', {}, escapeXml(title)) +
        element('desc', {}, escapeXml(words)) +
        (definitions === '' ? '' : element('defs', {}, definitions)) +
        this.#parts.join('\n'),
    );
  }

  #pattern({ pattern = 'plain', ink = '#000' }: Fill): string {
    const id = `p${pattern}${ink.replaceAll(/[^\da-z]/giu, '-')}`;
    if (!this.#patterns.has(id)) {
      const strokes = patternStrokes(pattern).map(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) =>
        element('line', { x1, y1, x2, y2, stroke: ink, 'stroke-width': 1.4 }),
      );
      const size = { width: patternSide, height: patternSide, patternUnits: 'userSpaceOnUse' };
      this.#patterns.set(id, element('pattern', { id, ...size }, strokes.join('')));
    }
    return id;
  }
}

function strokeAttributes(stroke: Stroke | undefined): Record<string, string | number> {
  return stroke === undefined
    ? {}
    : {
        stroke: stroke.color,
        'stroke-width': stroke.width,
        ...(stroke.dash === undefined ? {} : { 'stroke-dasharray': stroke.dash.map(number).join(' ') }),
      };
}

function cut(text: string, look: TextLook): string {
  const { width } = look;
  if (width === undefined || textWidth(text, look) <= width) {
    return text;
  }
  const characters = Array.from(text);
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, look) > width) {
    characters.pop();
  }
  return `${characters.join('')}…`;
}

/** @param content markup that was made here, or escaped text */
function element(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? number(value) : escapeXml(value)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** XML has no place at all for control characters and halves of surrogate pairs. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/(?![\n\t])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD')
    .replaceAll(/[&<>"']/gu, (character) => escapes[character] ?? '');
}
