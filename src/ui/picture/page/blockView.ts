// The blocks of a disk on the page: drawn on a canvas, looked through by mouse and by keyboard, and told to a screen
// reader by a parallel grid. Knows no message but its map.
import { t } from '@vscode/l10n';
import { BlockFrame } from './blockFrame.js';
import { Blocks } from './blocks.js';
import { BlockRows, namedRows, placedRows } from './blockRows.js';
import { type BlockScene, type RowMarks, blocksHeight, drawBlocks, rowAt, snapshotOf } from './blockScene.js';
import { type RowFate } from './blockCells.js';
import { placeWords } from './blockWords.js';
import { cursorMove } from './cursorMove.js';
import { type DiskWindow, cellsIn, moveWindow, showing, wholeDisk, zoomWindow } from './diskWindow.js';
import { DrawnCanvas } from './drawnCanvas.js';
import type { PictureBlocks, PictureMark } from '../messages.js';
import { SpokenBlocks } from './spoken.js';
import type { Theme } from './theme.js';
import { onDrag } from './treeGestures.js';

const zoomStep = 1.6;
/** Below the last row. */
const spare = 8;

type CellPosition = NonNullable<BlockScene['cursor']>;

interface BlockHooks {
  readonly theme: () => Theme;
  readonly chooseDisk: (disk: string) => void;
  readonly refresh: () => void;
  /** Somebody looks at this snapshot's layer; empty: the current state's; undefined: at none. */
  readonly attend: (snapshot: string | undefined) => void;
}

export class BlockView {
  readonly #hooks: BlockHooks;
  readonly #drawn: DrawnCanvas;
  readonly #spoken: SpokenBlocks;
  readonly #frame: BlockFrame;
  #blocks: Blocks | undefined;
  #rows = new BlockRows(0);
  #window: DiskWindow = { start: 0, span: 1 };
  #cursor = { row: 0, offset: 0 };
  #pointed: CellPosition | undefined;
  #fates: ReadonlyMap<string, RowFate> | undefined;
  #marks: RowMarks = new Map();
  #lit: string | undefined;

  constructor(hooks: BlockHooks) {
    this.#hooks = hooks;
    this.#spoken = new SpokenBlocks();
    this.#drawn = new DrawnCanvas(
      hooks.theme().font,
      () => this.#draw(),
      () => this.#place(),
      this.#spoken.element,
    );
    this.#frame = new BlockFrame(this.#drawn.scroller, {
      chooseDisk: hooks.chooseDisk,
      refresh: hooks.refresh,
      zoom: (closer) => this.zoom(closer ? 1 / zoomStep : zoomStep),
      whole: () => this.whole(),
    });
    this.showNone(t('Reading the blocks…'));
    this.#listen();
  }

  get blocks(): Blocks | undefined {
    return this.#blocks;
  }

  get window(): DiskWindow {
    return this.#window;
  }

  get scroller(): HTMLElement {
    return this.#drawn.scroller;
  }

  get element(): HTMLElement {
    return this.#frame.element;
  }

  showDisks(disks: readonly string[], chosen: string | undefined): void {
    this.#frame.showDisks(disks, chosen);
  }

  show(map: PictureBlocks): void {
    const before = this.#blocks?.map;
    this.#blocks = new Blocks(map);
    if (before?.disk !== map.disk || before.virtualBytes !== map.virtualBytes) {
      this.#window = wholeDisk(map);
      this.#cursor = { row: 0, offset: 0 };
    }
    this.#cursor = { ...this.#cursor, row: Math.min(this.#cursor.row, map.rows.length) };
    this.#frame.show(map.unreadable === undefined ? 'map' : 'sizes', map.words, map.unreadable ?? map.partly);
    this.#frame.tellUnknown(this.#blocks.isPartlyUnknown);
    this.#place();
    this.#drawn.ask();
  }

  showNone(why: string): void {
    this.#blocks = undefined;
    this.#frame.show('none', '', why);
  }

  showFates(fates: ReadonlyMap<string, RowFate> | undefined): void {
    this.#fates = fates;
    this.#place();
    (this.#blocks === undefined ? [] : namedRows(this.#blocks, fates)).forEach((row) => this.#scrollTo(row));
    this.#drawn.ask();
  }

  showMarks(marks: readonly PictureMark[]): void {
    this.#marks = new Map(marks.map((mark) => [mark.file, mark]));
    this.#drawn.ask();
    this.#say();
  }

  /** Shows the layer of what somebody looks at in the tree. */
  light(snapshot: string | undefined): void {
    if (snapshot !== this.#lit) {
      this.#lit = snapshot;
      if (snapshot !== undefined) {
        this.#scrollTo(this.#blocks?.map.rows.findIndex((one) => snapshotOf(one) === snapshot) ?? -1);
      }
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

  whole(): void {
    if (this.#blocks !== undefined) {
      this.#look(wholeDisk(this.#blocks.map));
    }
  }

  /**
   * @param factor below 1 goes closer; `x`: what stays where it is, in pixels; absent: the cursor, if it is in sight
   */
  zoom(factor: number, x?: number): void {
    const map = this.#blocks?.map;
    if (map === undefined) {
      return;
    }
    const { start, span } = this.#window;
    const { offset } = this.#cursor;
    const seen = offset >= start && offset < start + span;
    const around = x === undefined ? (seen ? offset : start + span / 2) : start + (x / this.#drawn.width) * span;
    this.#look(zoomWindow(map, this.#window, factor, around));
  }

  #look(window: DiskWindow): void {
    this.#window = window;
    this.#drawn.ask();
    this.#say();
  }

  #listen(): void {
    const { scroller } = this.#drawn;
    this.#spoken.element.addEventListener('keydown', (event) => this.#key(event));
    for (const change of ['focus', 'blur'] as const) {
      this.#spoken.element.addEventListener(change, () => {
        this.#attend();
        this.repaint();
      });
    }
    scroller.addEventListener('pointermove', (event) => this.#point(this.#placeUnder(event)));
    scroller.addEventListener('pointerleave', () => this.#point(undefined));
    scroller.addEventListener('pointerdown', (event) => this.#press(event));
    scroller.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
  }

  /** At the whole disk, turning further out scrolls what is around. */
  #wheel(event: WheelEvent): void {
    const map = this.#blocks?.map;
    if (map === undefined || map.unreadable !== undefined) {
      return;
    }
    const { width } = this.#drawn;
    const across = event.shiftKey ? event.deltaY : event.deltaX;
    if (across !== 0) {
      event.preventDefault();
      this.#look(moveWindow(map, this.#window, (across / width) * this.#window.span));
    } else if (event.deltaY < 0 || this.#window.span < map.virtualBytes) {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY / 300), this.#drawn.pointOf(event).x);
    }
  }

  #press(event: PointerEvent): void {
    const map = this.#blocks?.map;
    const place = this.#placeUnder(event);
    this.#spoken.element.focus({ preventScroll: true });
    if (map === undefined || place === undefined) {
      return;
    }
    this.#cursor = place;
    this.#place();
    this.repaint();
    const from = { x: event.clientX, window: this.#window };
    onDrag((move) => {
      const bytes = ((from.x - move.clientX) / this.#drawn.width) * from.window.span;
      this.#window = moveWindow(map, from.window, bytes);
      this.repaint();
    });
  }

  #key(event: KeyboardEvent): void {
    const map = this.#blocks?.map;
    if (map === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const { bytes } = cellsIn(map, this.#window, this.#drawn.width);
    const page = Math.max(bytes, Math.floor(this.#window.span / bytes) * bytes);
    const move = cursorMove(event.key, this.#cursor, { cell: bytes, page, last: map.virtualBytes - 1 });
    if (move !== undefined) {
      this.#moveTo(...move);
    } else if (event.key === '+' || event.key === '=') {
      this.zoom(1 / zoomStep);
    } else if (event.key === '-') {
      this.zoom(zoomStep);
    } else if (event.key === '0') {
      this.whole();
    } else {
      return;
    }
    event.preventDefault();
  }

  #moveTo(row: number, offset: number): void {
    const map = this.#blocks?.map;
    if (map === undefined) {
      return;
    }
    const { bytes } = cellsIn(map, this.#window, this.#drawn.width);
    const rows = map.rows.length + (this.#blocks?.hasReads === true ? 1 : 0);
    const within = Math.max(0, Math.min(offset, map.virtualBytes - 1));
    this.#cursor = { row: Math.max(0, Math.min(row, rows - 1)), offset: Math.floor(within / bytes) * bytes };
    this.#pointed = undefined;
    this.#window = showing(map, this.#window, this.#cursor.offset, this.#cursor.offset + bytes);
    this.#place();
    this.#scrollTo(this.#cursor.row);
    this.#attend();
    this.repaint();
  }

  /**
   * Places the rows. Where there are many, layers that the VM does not read fold, unless something is shown there or
   * the cursor is.
   */
  #place(): void {
    const blocks = this.#blocks;
    if (blocks === undefined) {
      return;
    }
    this.#rows = placedRows(blocks, this.#cursor.row, this.#fates, Math.max(0, this.#drawn.height - spare));
    // With room for all of them as high as they can be: it gets as much of that as there is.
    const wished = blocksHeight(blocks, placedRows(blocks, this.#cursor.row, this.#fates, 0)) + spare;
    this.#drawn.scroller.style.setProperty('height', `${wished + 2}px`);
    this.#drawn.setWhole(0, blocksHeight(blocks, this.#rows) + spare);
    this.#say();
  }

  #scrollTo(row: number): void {
    const { scroller, height } = this.#drawn;
    scroller.scrollTop = this.#rows.scrolledTo(row, scroller.scrollTop, height);
  }

  #attend(): void {
    const hasKeyboard = document.activeElement === this.#spoken.element;
    const row = this.#pointed?.row ?? (hasKeyboard ? this.#cursor.row : undefined);
    this.#hooks.attend(row === undefined ? undefined : snapshotOf(this.#blocks?.map.rows[row]));
  }

  #point(place: CellPosition | undefined): void {
    this.#pointed = place;
    this.#attend();
    this.#say();
    this.repaint();
  }

  #placeUnder(event: MouseEvent): CellPosition | undefined {
    const blocks = this.#blocks;
    if (blocks === undefined) {
      return undefined;
    }
    const { map } = blocks;
    const { x, y } = this.#drawn.pointOf(event);
    const sight = { top: this.#drawn.scroller.scrollTop, height: this.#drawn.height };
    const row = rowAt(blocks, this.#rows, y + sight.top, sight);
    const offset = this.#window.start + (x / this.#drawn.width) * this.#window.span;
    const isRow = row >= 0 && row <= map.rows.length && offset >= 0 && offset < map.virtualBytes;
    return isRow ? { row, offset } : undefined;
  }

  #focusedCell(): CellPosition {
    return this.#pointed ?? this.#cursor;
  }

  #say(): void {
    const blocks = this.#blocks;
    if (blocks !== undefined) {
      this.#frame.say(this.#cell(blocks, this.#focusedCell()));
    }
  }

  #cell(blocks: Blocks, place: CellPosition): string {
    return placeWords(blocks, place, { window: this.#window, width: this.#drawn.width, marks: this.#marks });
  }

  #draw(): void {
    const { surface, scroller, width, height } = this.#drawn;
    const blocks = this.#blocks;
    if (surface === undefined || blocks === undefined) {
      return;
    }
    const hasKeyboard = document.activeElement === this.#spoken.element;
    const cursor = this.#pointed ?? (hasKeyboard ? this.#cursor : undefined);
    drawBlocks(surface, {
      blocks,
      rows: this.#rows,
      window: this.#window,
      width,
      palette: this.#hooks.theme().palette,
      sight: { top: scroller.scrollTop, height },
      marks: this.#marks,
      ...(cursor === undefined ? {} : { cursor }),
      ...(this.#lit === undefined ? {} : { lit: this.#lit }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
    this.#spoken.tell({
      blocks,
      rows: this.#rows,
      scrolled: scroller.scrollTop,
      width,
      height,
      row: this.#cursor.row,
      marks: this.#marks,
      cell: (row) => this.#cell(blocks, { row, offset: this.#cursor.offset }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
  }
}
