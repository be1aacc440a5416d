// A canvas that is as large as the part in sight of what scrolls under it, sharp on every screen, and drawn at most
// once a frame. Knows no figure.
import { CanvasSurface } from './canvasSurface.js';
import { element } from './element.js';

export class DrawnCanvas {
  readonly scroller: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly #ground: HTMLElement;
  readonly #draw: () => void;
  readonly #font: string;
  #surface: CanvasSurface | undefined;
  #asked = 0;
  #width = 0;
  #height = 0;
  #whole = { width: 0, height: 0 };

  /** @param resized the part in sight has another size */
  constructor(font: string, draw: () => void, resized: () => void, ...content: readonly HTMLElement[]) {
    this.#font = font;
    this.#draw = draw;
    this.canvas = element('canvas', { attributes: { 'aria-hidden': 'true' } });
    this.#ground = element('div', { class: 'ground' }, this.canvas, ...content);
    this.scroller = element('div', { class: 'scroller' }, this.#ground);
    this.scroller.addEventListener('scroll', () => this.ask());
    new ResizeObserver(() => {
      if (this.#fit()) {
        resized();
        this.ask();
      }
    }).observe(this.scroller);
  }

  /** The visible width in pixels. */
  get width(): number {
    return this.#width;
  }

  get height(): number {
    return this.#height;
  }

  /** What is drawn on; undefined before the first time. */
  get surface(): CanvasSurface | undefined {
    return this.#surface;
  }

  /** How large the whole is. */
  setWhole(width: number, height: number): void {
    this.#whole = { width, height };
    this.#ground.style.setProperty('width', `${width}px`);
    this.#ground.style.setProperty('height', `${height}px`);
  }

  /** Drawn before the next frame. */
  ask(): void {
    if (this.#asked === 0) {
      this.#asked = requestAnimationFrame(() => this.now());
    }
  }

  now(): void {
    cancelAnimationFrame(this.#asked);
    this.#asked = 0;
    if (this.#width === 0 || this.#height === 0) {
      return;
    }
    const context = this.canvas.getContext('2d');
    if (context === null) {
      return;
    }
    const scale = devicePixelRatio;
    this.#tellMore();
    this.#surface ??= new CanvasSurface(context, this.#font);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    this.#draw();
  }

  /** Where a mouse stands in what is in sight. */
  pointOf(event: MouseEvent): { readonly x: number; readonly y: number } {
    const { left, top } = this.scroller.getBoundingClientRect();
    return { x: event.clientX - left - this.scroller.clientLeft, y: event.clientY - top - this.scroller.clientTop };
  }

  /** On which sides there is more than is in sight, for the style. */
  #tellMore(): void {
    const { scrollLeft, scrollTop } = this.scroller;
    const more = {
      left: scrollLeft > 1,
      right: this.#whole.width - scrollLeft - this.#width > 1,
      top: scrollTop > 1,
      bottom: this.#whole.height - scrollTop - this.#height > 1,
    };
    const sides = Object.entries(more).flatMap(([side, isMore]) => (isMore ? [side] : []));
    this.canvas.dataset['more'] = sides.join(' ');
  }

  #fit(): boolean {
    const { clientWidth, clientHeight } = this.scroller;
    const scale = devicePixelRatio;
    if (clientWidth === this.#width && clientHeight === this.#height && this.canvas.width === clientWidth * scale) {
      return false;
    }
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.canvas.width = Math.round(clientWidth * scale);
    this.canvas.height = Math.round(clientHeight * scale);
    this.canvas.style.setProperty('width', `${clientWidth}px`);
    this.canvas.style.setProperty('height', `${clientHeight}px`);
    return true;
  }
}
