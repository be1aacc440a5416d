// The colours of the editor's theme as they are drawn on a canvas, which knows neither variables nor forced colours: an
// element that nobody sees takes each colour on, and the browser says what it became.
import type { Palette } from './palette.js';

const layers = 8;

export class Theme {
  readonly #probe: HTMLElement;
  readonly #changed: () => void;
  #palette: Palette | undefined;

  /** @param changed the colours are other ones now */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#probe = document.createElement('span');
    this.#probe.className = 'probe';
    document.body.append(this.#probe);
    const observer = new MutationObserver(() => this.#renew());
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
    observer.observe(document.body, { attributes: true, attributeFilter: ['class'] });
    matchMedia('(forced-colors: active)').addEventListener('change', () => this.#renew());
  }

  get palette(): Palette {
    this.#palette ??= {
      background: this.#color('background'),
      foreground: this.#color('foreground'),
      muted: this.#color('muted'),
      line: this.#color('line'),
      accent: this.#color('accent'),
      danger: this.#color('danger'),
      box: this.#color('box'),
      layers: Array.from({ length: layers }, (_, layer) => this.#color(`layer-${layer}`)),
      inks: Array.from({ length: layers }, (_, layer) => this.#color(`ink-${layer}`)),
    };
    return this.#palette;
  }

  get font(): string {
    return getComputedStyle(document.body).fontFamily;
  }

  #renew(): void {
    this.#palette = undefined;
    this.#changed();
  }

  #color(name: string): string {
    this.#probe.style.setProperty('color', `var(--picture-${name})`);
    return getComputedStyle(this.#probe).color;
  }
}
