// The blocks of a disk on the page: drawn on a canvas, looked through by mouse and by keyboard, and told to a screen
// reader by a parallel grid. Knows no message but its map.
import { t } from '@vscode/l10n';
import { BlockFrame } from './blockFrame.js';
import { Blocks } from './blocks.js';
import { type RowFate, type RowMarks, blocksHeight, markOf, drawBlocks, rowHeight, rowTop } from './blockScene.js';
import { cellWords } from './blockWords.js';
import { type DiskWindow, cellsIn, moved, showing, wholeDisk, zoomed } from './diskWindow.js';
import { DrawnCanvas } from './drawnCanvas.js';
import type { PictureBlocks, PictureMark } from '../messages.js';
import { SpokenBlocks } from './spokenBlocks.js';
import type { Theme } from './theme.js';

const zoomStep = 1.6;

export interface BlockHooks {
  readonly theme: () => Theme;
  readonly chooseDisk: (disk: string) => void;
  readonly refresh: () => void;
}

export class BlockView {
  readonly #hooks: BlockHooks;
  readonly #drawn: DrawnCanvas;
  readonly #spoken: SpokenBlocks;
  readonly #frame: BlockFrame;
  #blocks: Blocks | undefined;
  #window: DiskWindow = { start: 0, span: 1 };
  #cursor = { row: 0, offset: 0 };
  #pointed: { readonly row: number; readonly offset: number } | undefined;
  #fates: ReadonlyMap<string, RowFate> | undefined;
  #marks: RowMarks = new Map();

  constructor(hooks: BlockHooks) {
    this.#hooks = hooks;
    this.#spoken = new SpokenBlocks();
    this.#drawn = new DrawnCanvas(
      hooks.theme().font,
      () => this.#draw(),
      () => this.#say(),
      this.#spoken.element,
    );
    this.#frame = new BlockFrame(this.#drawn.scroller, {
      chooseDisk: hooks.chooseDisk,
      refresh: hooks.refresh,
      zoom: (closer) => this.zoom(closer ? 1 / zoomStep : zoomStep),
      whole: () => this.whole(),
    });
    this.showNone(t('The blocks are being read…'));
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
    this.#frame.show(map.unreadable === undefined ? 'map' : 'sizes', map.words, map.unreadable);
    const height = blocksHeight(this.#blocks) + 8;
    this.#drawn.scroller.style.setProperty('height', `${height + 2}px`);
    this.#drawn.setWhole(0, height);
    this.#drawn.ask();
    this.#say();
  }

  showNone(why: string): void {
    this.#blocks = undefined;
    this.#frame.show('none', '', why);
  }

  showFates(fates: ReadonlyMap<string, RowFate> | undefined): void {
    this.#fates = fates;
    this.#drawn.ask();
  }

  showMarks(marks: readonly PictureMark[]): void {
    this.#marks = new Map(marks.map((mark) => [mark.file, mark]));
    this.#drawn.ask();
    this.#say();
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

  /** @param factor below 1 goes closer; `x`: what stays where it is, in pixels; absent: the cursor, if it is in sight */
  zoom(factor: number, x?: number): void {
    const map = this.#blocks?.map;
    if (map === undefined) {
      return;
    }
    const { start, span } = this.#window;
    const { offset } = this.#cursor;
    const seen = offset >= start && offset < start + span;
    const around = x === undefined ? (seen ? offset : start + span / 2) : start + (x / this.#drawn.width) * span;
    this.#look(zoomed(map, this.#window, factor, around));
  }

  #look(window: DiskWindow): void {
    this.#window = window;
    this.#drawn.ask();
    this.#say();
  }

  #listen(): void {
    const { scroller } = this.#drawn;
    this.#spoken.element.addEventListener('keydown', (event) => this.#key(event));
    this.#spoken.element.addEventListener('focus', () => this.repaint());
    this.#spoken.element.addEventListener('blur', () => this.repaint());
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
      this.#look(moved(map, this.#window, (across / width) * this.#window.span));
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
    this.#say();
    this.repaint();
    const from = { x: event.clientX, window: this.#window };
    const ended = new AbortController();
    addEventListener(
      'pointermove',
      (move) => {
        const bytes = ((from.x - move.clientX) / this.#drawn.width) * from.window.span;
        this.#window = moved(map, from.window, bytes);
        this.repaint();
      },
      { signal: ended.signal },
    );
    addEventListener('pointerup', () => ended.abort(), { signal: ended.signal });
  }

  #key(event: KeyboardEvent): void {
    const map = this.#blocks?.map;
    if (map === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    const { bytes } = cellsIn(map, this.#window, this.#drawn.width);
    const { row, offset } = this.#cursor;
    const page = Math.max(bytes, Math.floor(this.#window.span / bytes) * bytes);
    const moves: Readonly<Record<string, readonly [row: number, offset: number]>> = {
      ArrowLeft: [row, offset - bytes],
      ArrowRight: [row, offset + bytes],
      ArrowUp: [row - 1, offset],
      ArrowDown: [row + 1, offset],
      PageUp: [row, offset - page],
      PageDown: [row, offset + page],
      Home: [row, 0],
      End: [row, map.virtualBytes - 1],
    };
    const move = moves[event.key];
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
    const rows = map.rows.length + (map.reads.length > 0 ? 1 : 0);
    const within = Math.max(0, Math.min(offset, map.virtualBytes - 1));
    this.#cursor = { row: Math.max(0, Math.min(row, rows - 1)), offset: Math.floor(within / bytes) * bytes };
    this.#pointed = undefined;
    this.#window = showing(map, this.#window, this.#cursor.offset, this.#cursor.offset + bytes);
    const { scroller, height } = this.#drawn;
    const top = rowTop(this.#cursor.row);
    scroller.scrollTop = Math.min(Math.max(scroller.scrollTop, top + rowHeight - height), Math.max(0, top - 26));
    this.repaint();
    this.#say();
  }

  #point(place: { readonly row: number; readonly offset: number } | undefined): void {
    this.#pointed = place;
    this.#say();
    this.repaint();
  }

  #placeUnder(event: MouseEvent): { readonly row: number; readonly offset: number } | undefined {
    const map = this.#blocks?.map;
    if (map === undefined) {
      return undefined;
    }
    const { x, y } = this.#drawn.pointOf(event);
    const row = Math.floor((y + this.#drawn.scroller.scrollTop - rowTop(0)) / rowHeight);
    const offset = this.#window.start + (x / this.#drawn.width) * this.#window.span;
    const isRow = row >= 0 && row <= map.rows.length && offset >= 0 && offset < map.virtualBytes;
    return isRow ? { row, offset } : undefined;
  }

  #place(): { readonly row: number; readonly offset: number } {
    return this.#pointed ?? this.#cursor;
  }

  #say(): void {
    const blocks = this.#blocks;
    if (blocks !== undefined) {
      this.#frame.say(this.#cell(blocks, this.#place()));
    }
  }

  #cell(blocks: Blocks, { row, offset }: { readonly row: number; readonly offset: number }): string {
    const { bytes } = cellsIn(blocks.map, this.#window, Math.max(1, this.#drawn.width));
    const from = Math.floor(offset / bytes) * bytes;
    const place = { row, from, to: Math.min(blocks.map.virtualBytes, from + bytes) };
    const mark = markOf(blocks.map.rows[row], this.#marks);
    return [cellWords(blocks, place), ...(mark === undefined ? [] : [mark.words])].join(' · ');
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
      window: this.#window,
      width,
      palette: this.#hooks.theme().palette,
      sight: { top: scroller.scrollTop, height },
      marks: this.#marks,
      ...(cursor === undefined ? {} : { cursor }),
      ...(this.#fates === undefined ? {} : { fates: this.#fates }),
    });
    this.#spoken.tell({
      blocks,
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
