// The tree of snapshots on the page: drawn on a canvas, walked by keyboard and mouse, and told to a screen reader by a
// parallel tree of what is in sight. Knows no message but its nodes.
import { t } from '@vscode/l10n';
import { DrawnCanvas } from './drawnCanvas.js';
import { button, element } from './element.js';
import type { PictureNode } from '../messages.js';
import { SpokenTree } from './spokenTree.js';
import type { Theme } from './theme.js';
import {
  type NodeFates,
  type TreeFigure,
  drawTree,
  nodeAt,
  nodeBox,
  nodesIn,
  treeFigure,
  treeSize,
} from './treeScene.js';
import { type TreeStep, type WalkedTree, stepInTree, walkedTree } from './treeWalk.js';

const smallest = 0.06;
const largest = 2;
const zoomStep = 1.25;

const stepKeys: Readonly<Record<string, TreeStep>> = {
  ArrowUp: 'parent',
  ArrowDown: 'child',
  ArrowLeft: 'before',
  ArrowRight: 'after',
  Home: 'first',
  End: 'last',
};

export interface TreeHooks {
  readonly theme: () => Theme;
  /** A node's menu is wanted at this place of the page. */
  readonly menu: (node: PictureNode, x: number, y: number) => void;
}

export class TreeView {
  readonly element: HTMLElement;
  readonly #hooks: TreeHooks;
  readonly #drawn: DrawnCanvas;
  readonly #spoken: SpokenTree;
  #figure: TreeFigure = treeFigure([]);
  #walked: WalkedTree = walkedTree([], []);
  #scale = 1;
  #focused: string | undefined;
  #pointed: number | undefined;
  #fates: NodeFates | undefined;

  constructor(hooks: TreeHooks) {
    this.#hooks = hooks;
    this.#spoken = new SpokenTree(t('Snapshots'));
    this.#drawn = new DrawnCanvas(
      hooks.theme().font,
      () => this.#draw(),
      () => undefined,
      this.#spoken.element,
    );
    const tools = element(
      'div',
      { class: 'tools' },
      sign('−', t('Zoom the tree out'), () => this.zoom(1 / zoomStep)),
      sign('+', t('Zoom the tree in'), () => this.zoom(zoomStep)),
      button(t('Fit'), () => this.fit()),
    );
    this.element = element(
      'section',
      { class: 'part trees', attributes: { 'aria-label': t('Snapshots') } },
      element('header', {}, element('h2', { text: t('Snapshots') }), element('span', { class: 'spring' }), tools),
      this.#drawn.scroller,
    );
    this.#listen();
  }

  get figure(): TreeFigure {
    return this.#figure;
  }

  get scroller(): HTMLElement {
    return this.#drawn.scroller;
  }

  show(nodes: readonly PictureNode[]): void {
    const isFirst = this.#figure.nodes.length === 0;
    this.#figure = treeFigure(nodes);
    const levels = this.#figure.layout.places.map(({ level }) => level);
    this.#walked = walkedTree(
      nodes.map(({ parent }) => parent),
      levels,
    );
    if (this.#index() === undefined) {
      this.#focused = nodes.find(({ kind }) => kind === 'here')?.name ?? nodes[0]?.name;
    }
    this.#size();
    if (isFirst) {
      this.#reveal('middle');
    }
    this.#drawn.ask();
  }

  showFates(fates: NodeFates | undefined): void {
    this.#fates = fates;
    this.#drawn.ask();
  }

  repaint(): void {
    this.#drawn.ask();
  }

  /** Drawn at once, for who measures. */
  paint(): void {
    this.#drawn.now();
  }

  focusNode(name: string): void {
    this.#focused = name;
    this.#reveal('near');
    this.#drawn.ask();
  }

  takeKeyboard(): void {
    this.#spoken.element.focus({ preventScroll: true });
  }

  /** The whole tree in sight, but no larger than it is. */
  fit(): void {
    const { width, height } = treeSize(this.#figure, 1);
    const room = Math.min((this.#drawn.width - 2) / width, (this.#drawn.height - 2) / height);
    this.zoom(Math.min(1, room) / this.#scale);
  }

  /** @param at what stays where it is, in pixels of what is in sight; absent: the middle */
  zoom(factor: number, at?: { readonly x: number; readonly y: number }): void {
    const scale = Math.max(smallest, Math.min(largest, this.#scale * factor));
    const { scroller } = this.#drawn;
    const { x, y } = at ?? { x: this.#drawn.width / 2, y: this.#drawn.height / 2 };
    const grown = scale / this.#scale;
    const left = (scroller.scrollLeft + x) * grown - x;
    const top = (scroller.scrollTop + y) * grown - y;
    this.#scale = scale;
    this.#size();
    scroller.scrollLeft = left;
    scroller.scrollTop = top;
    this.#drawn.ask();
  }

  #listen(): void {
    const { scroller } = this.#drawn;
    this.#spoken.element.addEventListener('keydown', (event) => this.#key(event));
    this.#spoken.element.addEventListener('focus', () => this.#drawn.ask());
    this.#spoken.element.addEventListener('blur', () => this.#drawn.ask());
    scroller.addEventListener('pointermove', (event) => {
      const pointed = this.#nodeUnder(event);
      if (pointed !== this.#pointed) {
        this.#pointed = pointed;
        scroller.title = pointed === undefined ? '' : (this.#figure.nodes[pointed]?.spoken ?? '');
        this.#drawn.ask();
      }
    });
    scroller.addEventListener('pointerdown', (event) => this.#press(event));
    scroller.addEventListener('dblclick', (event) => this.#menuUnder(event));
    scroller.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      this.#menuUnder(event);
    });
    scroller.addEventListener(
      'wheel',
      (event) => {
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault();
          this.zoom(Math.exp(-event.deltaY / 300), this.#drawn.pointOf(event));
        }
      },
      { passive: false },
    );
  }

  #key(event: KeyboardEvent): void {
    const step = stepKeys[event.key];
    const from = this.#index();
    if (event.altKey || event.metaKey || (event.ctrlKey && step === undefined)) {
      return;
    }
    if (step !== undefined && from !== undefined) {
      const { places } = this.#figure.layout;
      const here = this.#figure.nodes.findIndex(({ kind }) => kind === 'here');
      const x = places.map((place) => place.x);
      const to = stepInTree(this.#walked, from, step, here < 0 ? undefined : here, x);
      this.focusNode(this.#figure.nodes[to]?.name ?? '');
    } else if (event.key === 'Enter' || event.key === ' ' || event.key === 'ContextMenu') {
      this.#menuOfFocused();
    } else if (event.key === 'F10' && event.shiftKey) {
      this.#menuOfFocused();
    } else if (event.key === '+' || event.key === '=' || event.key === '-') {
      this.zoom(event.key === '-' ? 1 / zoomStep : zoomStep);
      this.#reveal('near');
    } else if (event.key === '0') {
      this.fit();
    } else {
      return;
    }
    event.preventDefault();
  }

  #press(event: PointerEvent): void {
    const node = this.#nodeUnder(event);
    this.takeKeyboard();
    if (node !== undefined) {
      this.focusNode(this.#figure.nodes[node]?.name ?? '');
      return;
    }
    // The empty ground is pulled like paper.
    if (event.button === 0 && event.pointerType === 'mouse') {
      this.#pull(event);
    }
  }

  #pull(start: PointerEvent): void {
    const { scroller } = this.#drawn;
    const from = { left: scroller.scrollLeft, top: scroller.scrollTop };
    const ended = new AbortController();
    addEventListener(
      'pointermove',
      (event) => {
        scroller.scrollLeft = from.left + start.clientX - event.clientX;
        scroller.scrollTop = from.top + start.clientY - event.clientY;
      },
      { signal: ended.signal },
    );
    addEventListener('pointerup', () => ended.abort(), { signal: ended.signal });
  }

  #menuUnder(event: MouseEvent): void {
    const index = this.#nodeUnder(event);
    const node = index === undefined ? undefined : this.#figure.nodes[index];
    if (node !== undefined) {
      this.focusNode(node.name);
      this.#hooks.menu(node, event.clientX, event.clientY);
    }
  }

  #menuOfFocused(): void {
    const index = this.#index();
    const node = index === undefined ? undefined : this.#figure.nodes[index];
    if (index !== undefined && node !== undefined) {
      const { scroller } = this.#drawn;
      const { left, top } = scroller.getBoundingClientRect();
      const box = nodeBox(this.#figure, index, this.#scale);
      this.#hooks.menu(node, left + box.x - scroller.scrollLeft + 12, top + box.y + box.height - scroller.scrollTop);
    }
  }

  #nodeUnder(event: MouseEvent): number | undefined {
    const { x, y } = this.#drawn.pointOf(event);
    const { scrollLeft, scrollTop } = this.#drawn.scroller;
    return nodeAt(this.#figure, x + scrollLeft, y + scrollTop, this.#scale);
  }

  #index(): number | undefined {
    const index = this.#figure.nodes.findIndex(({ name }) => name === this.#focused);
    return index < 0 ? undefined : index;
  }

  #size(): void {
    const { width, height } = treeSize(this.#figure, this.#scale);
    this.#drawn.setWhole(width, height);
  }

  #reveal(how: 'near' | 'middle'): void {
    const index = this.#index();
    if (index === undefined) {
      return;
    }
    const { scroller, width, height } = this.#drawn;
    const box = nodeBox(this.#figure, index, this.#scale);
    const place = (from: number, size: number, at: number, room: number): number =>
      how === 'middle'
        ? at + size / 2 - room / 2
        : Math.min(Math.max(from, at + size + 12 - room), Math.max(0, at - 12));
    scroller.scrollLeft = place(scroller.scrollLeft, box.width, box.x, width);
    scroller.scrollTop = place(scroller.scrollTop, box.height, box.y, height);
  }

  #draw(): void {
    const { scroller, width, height } = this.#drawn;
    const surface = this.#drawn.surface;
    if (surface === undefined) {
      return;
    }
    const sight = { x: scroller.scrollLeft, y: scroller.scrollTop, width, height };
    const focused = this.#index();
    drawTree(surface, {
      figure: this.#figure,
      palette: this.#hooks.theme().palette,
      scale: this.#scale,
      sight,
      ...(focused === undefined || document.activeElement !== this.#spoken.element ? {} : { focused }),
      ...(this.#pointed === undefined ? {} : { pointed: this.#pointed }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
    this.#spoken.tell({
      figure: this.#figure,
      walked: this.#walked,
      scale: this.#scale,
      inSight: nodesIn(this.#figure, sight, this.#scale),
      ...(focused === undefined ? {} : { focused }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
  }
}

function sign(text: string, label: string, press: () => void): HTMLButtonElement {
  const made = button(text, press, 'button sign');
  made.setAttribute('aria-label', label);
  made.title = label;
  return made;
}
