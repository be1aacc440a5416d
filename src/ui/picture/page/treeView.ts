// The tree of snapshots on the page: drawn on a canvas, walked by keyboard and mouse, and told to a screen reader by a
// parallel tree of what is in sight. Knows no message but its nodes.
import { t } from '@vscode/l10n';
import { ArrangedTree } from './arrangedTree.js';
import { DrawnCanvas } from './drawnCanvas.js';
import { button, element, signButton } from './element.js';
import type { PictureNode } from '../messages.js';
import { SpokenTree } from './spoken.js';
import type { Theme } from './theme.js';
import {
  type NodeFates,
  type TreeFigure,
  drawTree,
  nodeAt,
  nodeBox,
  nodesIn,
  readable,
  roomFor,
  treeSize,
} from './treeScene.js';
import { listenToTree, onDrag } from './treeGestures.js';
import { stepInTree, stepKeys } from './treeWalk.js';

const [smallest, largest] = [0.06, 2];
const zoomStep = 1.25;

const menuKeys = new Set(['Enter', ' ', 'ContextMenu']);

interface TreeHooks {
  readonly theme: () => Theme;
  /** A node's menu is wanted at this place of the page. */
  readonly menu: (node: PictureNode, x: number, y: number) => void;
  /** A key is pressed on a node; true if it stood for something. */
  readonly key: (node: PictureNode, event: KeyboardEvent) => boolean;
  /** Somebody looks at this snapshot; empty: the current state; undefined: at none. */
  readonly attend: (snapshot: string | undefined) => void;
}

export class TreeView {
  readonly element: HTMLElement;
  readonly #hooks: TreeHooks;
  readonly #drawn: DrawnCanvas;
  readonly #spoken: SpokenTree;
  readonly #tree = new ArrangedTree();
  #scale = 1;
  /** The scale that it was shown at first. */
  #begun: number | undefined;
  #focused: string | undefined;
  #pointed: number | undefined;
  #fates: NodeFates | undefined;
  #lit: string | undefined;

  constructor(hooks: TreeHooks) {
    this.#hooks = hooks;
    this.#spoken = new SpokenTree(t('Snapshots'));
    this.#drawn = new DrawnCanvas(
      hooks.theme().font,
      () => this.#draw(),
      () => this.#begin(),
      this.#spoken.element,
    );
    const tools = element(
      'div',
      { class: 'tools' },
      signButton('−', t('Zoom the tree out'), () => this.zoom(1 / zoomStep)),
      signButton('+', t('Zoom the tree in'), () => this.zoom(zoomStep)),
      button(t('Fit'), () => this.fit()),
    );
    this.element = element(
      'section',
      { class: 'part trees', attributes: { 'aria-label': t('Snapshots') } },
      element('header', {}, element('h2', { text: t('Snapshots') }), element('span', { class: 'spring' }), tools),
      this.#drawn.scroller,
      element('p', { class: 'words', text: t('Right-click a snapshot, or press Enter on it, for its menu.') }),
    );
    listenToTree(this.#drawn.scroller, this.#spoken.element, {
      key: (event) => this.#key(event),
      keyboard: () => {
        this.#attend();
        this.#drawn.ask();
      },
      point: (event) => this.#point(event && this.#nodeUnder(event)),
      press: (event) => this.#press(event),
      menu: (event) => this.#menuUnder(event),
      zoom: (factor, event) => this.zoom(factor, this.#drawn.pointOf(event)),
    });
  }

  /** The figure of all nodes, also where some are folded into one. */
  figure(room: number): TreeFigure {
    return this.#tree.whole(room);
  }

  get scroller(): HTMLElement {
    return this.#drawn.scroller;
  }

  show(nodes: readonly PictureNode[]): void {
    this.#tree.show(nodes);
    this.#noteArranged();
    if (this.#begun === undefined) {
      this.#begin();
    }
  }

  /**
   * With something to show, and room for it: all branches beside each other, as far as words can be read; until
   * somebody zooms.
   */
  #begin(): void {
    const { width } = this.#drawn;
    if (width > 0 && this.#tree.nodes.length > 0 && this.#scale === (this.#begun ?? this.#scale)) {
      const how = this.#begun === undefined ? 'middle' : 'near';
      this.#tree.widen(width);
      this.#begun = this.#scale = readable(roomFor(this.#tree.figure, width));
      this.#size();
      this.#reveal(how);
    }
  }

  showFates(fates: NodeFates | undefined): void {
    this.#fates = fates;
    this.#tree.keep(fates);
    this.#noteArranged();
  }

  #noteArranged(): void {
    if (this.#index() === undefined) {
      this.#focused = (this.#tree.nodes.find(({ kind }) => kind === 'here') ?? this.#tree.nodes[0])?.name;
    }
    this.#pointed = undefined;
    this.#size();
    this.#drawn.ask();
  }

  /** Each of those that stand together stands for itself again. */
  #unfold(names: readonly string[]): void {
    this.#tree.unfold(names);
    this.#noteArranged();
    this.focusNode(names[0] ?? '');
  }

  /** Shows the snapshot of the layer that somebody looks at in the blocks. */
  light(snapshot: string | undefined): void {
    if (snapshot !== this.#lit) {
      this.#lit = snapshot;
      this.#drawn.ask();
    }
  }

  repaint(): void {
    this.#drawn.ask();
  }

  /** Drawn at once, for who measures. */
  paint(): void {
    this.#drawn.now();
  }

  focusNode(name: string): void {
    const around = this.#tree.nodes[this.#tree.find(name) ?? -1]?.folds;
    if (around?.includes(name) === true) {
      this.#tree.unfold(around);
      this.#noteArranged();
    }
    this.#focused = name;
    this.#attend();
    this.#reveal('near');
    this.#drawn.ask();
  }

  takeKeyboard(): void {
    this.#spoken.element.focus({ preventScroll: true });
  }

  fit(): void {
    const scale = this.#tree.fit(this.#drawn.width, this.#drawn.height);
    this.#noteArranged();
    this.zoom(scale / this.#scale);
    this.#reveal('near');
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

  #point(node: number | undefined): void {
    if (node !== this.#pointed) {
      this.#pointed = node;
      this.#drawn.scroller.title = node === undefined ? '' : (this.#tree.nodes[node]?.spoken ?? '');
      this.#attend();
      this.#drawn.ask();
    }
  }

  #attend(): void {
    const hasKeyboard = document.activeElement === this.#spoken.element;
    const pointed = this.#pointed === undefined ? undefined : this.#tree.nodes[this.#pointed]?.name;
    this.#hooks.attend(pointed ?? (hasKeyboard ? this.#focused : undefined));
  }

  #key(event: KeyboardEvent): void {
    const step = stepKeys[event.key];
    const from = this.#index();
    if (this.#takeOwnKey(event) || event.altKey || event.metaKey || (event.ctrlKey && step === undefined)) {
      return;
    }
    if (step !== undefined && from !== undefined) {
      const { places } = this.#tree.figure.layout;
      const here = this.#tree.nodes.findIndex(({ kind }) => kind === 'here');
      const x = places.map((place) => place.x);
      const to = stepInTree(this.#tree.walked, from, step, here < 0 ? undefined : here, x);
      this.focusNode(this.#tree.nodes[to]?.name ?? '');
    } else if (menuKeys.has(event.key) || (event.key === 'F10' && event.shiftKey)) {
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

  #takeOwnKey(event: KeyboardEvent): boolean {
    const node = this.#tree.nodes[this.#index() ?? -1];
    return node !== undefined && this.#hooks.key(node, event);
  }

  #press(event: PointerEvent): void {
    const node = this.#nodeUnder(event);
    this.takeKeyboard();
    if (node !== undefined) {
      this.focusNode(this.#tree.nodes[node]?.name ?? '');
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
    onDrag((event) => {
      scroller.scrollLeft = from.left + start.clientX - event.clientX;
      scroller.scrollTop = from.top + start.clientY - event.clientY;
    });
  }

  #menuUnder(event: MouseEvent): void {
    this.#openAt(this.#nodeUnder(event), () => ({ x: event.clientX, y: event.clientY }));
  }

  #menuOfFocused(): void {
    this.#openAt(this.#index(), (index) => {
      const { scroller } = this.#drawn;
      const { left, top } = scroller.getBoundingClientRect();
      const { x, y, height } = nodeBox(this.#tree.figure, index, this.#scale);
      return { x: left + x - scroller.scrollLeft + 12, y: top + y + height - scroller.scrollTop };
    });
  }

  #openAt(index: number | undefined, place: (index: number) => { readonly x: number; readonly y: number }): void {
    const node = this.#tree.nodes[index ?? -1];
    if (node?.folds !== undefined) {
      this.#unfold(node.folds);
    } else if (index !== undefined && node !== undefined) {
      this.focusNode(node.name);
      const { x, y } = place(index);
      this.#hooks.menu(node, x, y);
    }
  }

  #nodeUnder(event: MouseEvent): number | undefined {
    const { x, y } = this.#drawn.pointOf(event);
    const { scrollLeft, scrollTop } = this.#drawn.scroller;
    return nodeAt(this.#tree.figure, x + scrollLeft, y + scrollTop, this.#scale);
  }

  #index(): number | undefined {
    return this.#focused === undefined ? undefined : this.#tree.find(this.#focused);
  }

  #size(): void {
    const { width, height } = treeSize(this.#tree.figure, this.#scale);
    this.#drawn.setWhole(width, height);
  }

  #reveal(how: 'near' | 'middle'): void {
    const index = this.#index();
    if (index === undefined) {
      return;
    }
    const { scroller, width, height } = this.#drawn;
    const box = nodeBox(this.#tree.figure, index, this.#scale);
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
    const lit = this.#lit === undefined ? undefined : this.#tree.find(this.#lit);
    drawTree(surface, {
      figure: this.#tree.figure,
      palette: this.#hooks.theme().palette,
      scale: this.#scale,
      sight,
      ...(focused === undefined || document.activeElement !== this.#spoken.element ? {} : { focused }),
      ...(this.#pointed === undefined ? {} : { pointed: this.#pointed }),
      ...(lit === undefined ? {} : { lit }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
    this.#spoken.tell({
      figure: this.#tree.figure,
      walked: this.#tree.walked,
      scale: this.#scale,
      inSight: nodesIn(this.#tree.figure, sight, this.#scale),
      ...(focused === undefined ? {} : { focused }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
  }
}
