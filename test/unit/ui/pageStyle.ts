// The styles of a page as a browser would take them, as far as our own go: plain selectors, custom properties,
// fallbacks, mixed colours. Rules within `@media` do not count.

export interface Color {
  /** 0 to 255. */
  readonly rgb: readonly [number, number, number];
  readonly alpha: number;
}

/** What a theme hands to a page. */
export interface ThemeFixture {
  readonly name: string;
  /** The classes of the body. */
  readonly classes: readonly string[];
  readonly colors: Readonly<Record<string, string>>;
}

interface Rule {
  readonly selectors: readonly string[];
  readonly values: ReadonlyMap<string, string>;
}

const clear: Color = { rgb: [0, 0, 0], alpha: 0 };

export class PageStyle {
  readonly #rules: readonly Rule[];
  readonly #theme: ThemeFixture;

  constructor(css: string, theme: ThemeFixture) {
    this.#rules = rulesOf(css);
    this.#theme = theme;
  }

  /** @param name without its two dashes */
  variable(name: string): Color {
    return this.read(`var(--${name})`);
  }

  /**
   * The colour in a property of an element that these selectors fit; a theme's class before one fits where it is on the
   * body.
   */
  value(selectors: readonly string[], property: string): Color {
    const fitting = this.#rules.filter((rule) => rule.selectors.some((one) => selectors.includes(this.#plain(one))));
    const found = fitting
      .flatMap(({ values }) => [values.get(property) ?? values.get(`${property}-color`) ?? []].flat())
      .at(-1);
    return found === undefined ? clear : this.read(found);
  }

  /** Finds the colour in a value that has other parts, as a border has. */
  read(value: string): Color {
    const text = value.trim();
    const hex = /#([0-9a-f]{3,8})\b/iu.exec(text);
    if (text.startsWith('var(')) {
      return this.#variable(inside(text));
    }
    const at = text.search(/\b(?:var|rgba?|color-mix)\(/u);
    if (at > 0) {
      return this.read(text.slice(at));
    }
    if (text.startsWith('color-mix(')) {
      return this.#mixed(parts(inside(text)));
    }
    if (text.startsWith('rgb')) {
      const [r = 0, g = 0, b = 0, alpha = 1] = inside(text)
        .split(/[\s,/]+/u)
        .map(Number);
      return { rgb: [r, g, b], alpha };
    }
    return hex?.[1] === undefined ? clear : fromHex(hex[1]);
  }

  #variable(given: string): Color {
    const [name = '', ...fallback] = parts(given);
    const told = this.#theme.colors[name] ?? this.#own(name);
    return told !== undefined ? this.read(told) : fallback.length === 0 ? clear : this.read(fallback.join(','));
  }

  /** Where two rules fit, the later one counts: ours are written so. */
  #own(name: string): string | undefined {
    return this.#rules
      .filter(({ selectors }) => selectors.some((one) => one === ':root' || this.#plain(one) === ''))
      .flatMap(({ values }) => values.get(name) ?? [])
      .at(-1);
  }

  /** Without the theme's class, where the body has it; the whole selector where it has not, which then fits nothing. */
  #plain(selector: string): string {
    const [first = '', ...rest] = selector.split(' ');
    const wanted = [...first.matchAll(/(:not\()?\.(vscode-[a-z-]+)\)?/gu)];
    if (wanted.length === 0) {
      return selector;
    }
    const fits = wanted.every(([, not, name]) => this.#theme.classes.includes(name ?? '') === (not === undefined));
    return fits ? rest.join(' ') : selector;
  }

  #mixed([, first = '', second = '']: readonly string[]): Color {
    const share = Number(/(\d+)%/u.exec(first)?.[1] ?? 50) / 100;
    const [one, other] = [this.read(first.replace(/\s+\d+%/u, '')), this.read(second)];
    const mix = (index: 0 | 1 | 2): number => one.rgb[index] * share + other.rgb[index] * (1 - share);
    return { rgb: [mix(0), mix(1), mix(2)], alpha: 1 };
  }
}

export function over({ rgb, alpha }: Color, back: Color): Color {
  const blend = (index: 0 | 1 | 2): number => rgb[index] * alpha + back.rgb[index] * (1 - alpha);
  return { rgb: [blend(0), blend(1), blend(2)], alpha: 1 };
}

/** As WCAG computes it, from 1 to 21. */
export function contrast(one: Color, other: Color): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance({ rgb }: Color): number {
  const [r = 0, g = 0, b = 0] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function fromHex(hex: string): Color {
  const long = hex.length < 6 ? hex.replace(/./gu, '$&$&') : hex;
  const byte = (at: number): number => parseInt(long.slice(at, at + 2), 16);
  return { rgb: [byte(0), byte(2), byte(4)], alpha: long.length === 8 ? byte(6) / 255 : 1 };
}

function rulesOf(css: string): readonly Rule[] {
  const plain = withoutMedia(css.replace(/\/\*[\s\S]*?\*\//gu, ''));
  return [...plain.matchAll(/([^{}]+)\{([^{}]*)\}/gu)].map(([, selectors = '', body = '']) => ({
    selectors: selectors.split(',').map((one) => one.trim().replace(/\s+/gu, ' ')),
    values: new Map(
      body.split(';').flatMap((line) => {
        const at = line.indexOf(':');
        return at < 0 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).trim()] as const];
      }),
    ),
  }));
}

function withoutMedia(css: string): string {
  const at = css.indexOf('@media');
  if (at < 0) {
    return css;
  }
  let depth = 0;
  for (let end = css.indexOf('{', at); end < css.length; end++) {
    depth += css[end] === '{' ? 1 : css[end] === '}' ? -1 : 0;
    if (depth === 0) {
      return css.slice(0, at) + withoutMedia(css.slice(end + 1));
    }
  }
  return css.slice(0, at);
}

/** What stands in the outermost brackets. */
function inside(text: string): string {
  let depth = 0;
  for (let at = text.indexOf('('); at < text.length; at++) {
    depth += text[at] === '(' ? 1 : text[at] === ')' ? -1 : 0;
    if (depth === 0) {
      return text.slice(text.indexOf('(') + 1, at);
    }
  }
  return '';
}

/** At the commas that stand in no brackets. */
function parts(text: string): readonly string[] {
  const found: string[] = [''];
  let depth = 0;
  for (const one of text) {
    depth += one === '(' ? 1 : one === ')' ? -1 : 0;
    if (one === ',' && depth === 0) {
      found.push('');
    } else {
      found.push(`${found.pop() ?? ''}${one}`);
    }
  }
  return found.map((one) => one.trim());
}
