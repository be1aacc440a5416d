// The blocks for a screen reader: a row for each layer in sight, with the cell that the cursor is on. Draws nothing.
import { t } from '@vscode/l10n';
import { markOf, type RowMarks } from './blockScene.js';
import type { BlockRows } from './blockRows.js';
import { type RowFate } from './blockCells.js';
import { rowWords } from './blockWords.js';
import type { Blocks } from './blocks.js';
import { element, keepInOrder, setText } from './element.js';

interface BlocksToSpeak {
  readonly blocks: Blocks;
  readonly rows: BlockRows;
  /** Pixels that are scrolled away above. */
  readonly scrolled: number;
  readonly width: number;
  readonly height: number;
  /** Of the cursor. */
  readonly row: number;
  /** The words of the cursor's cell, in any row. */
  readonly cell: (row: number) => string;
  readonly fates?: ReadonlyMap<string, RowFate>;
  readonly marks?: RowMarks;
}

export class SpokenBlocks {
  readonly element: HTMLElement;

  constructor() {
    this.element = element('div', {
      class: 'spoken',
      attributes: { role: 'grid', tabindex: '0', 'aria-label': t('Blocks'), 'aria-describedby': 'block-keys' },
    });
  }

  tell({ blocks, rows, scrolled, width, height, row: cursor, cell, fates, marks }: BlocksToSpeak): void {
    const count = blocks.map.rows.length + (blocks.hasReads ? 1 : 0);
    const first = Math.max(0, rows.at(scrolled));
    const last = Math.min(count - 1, rows.at(scrolled + height));
    const wanted = new Set([cursor]);
    for (let row = first; row <= last; row++) {
      wanted.add(row);
    }
    this.element.setAttribute('aria-rowcount', String(count));
    keepInOrder(this.element, 'row', wanted, (row) => this.#makeRow(row));
    for (const item of this.element.children as HTMLCollectionOf<HTMLElement>) {
      const row = Number(item.dataset['row']);
      const fate = fates?.get(blocks.map.rows[row]?.id ?? '');
      const mark = markOf(blocks.map.rows[row], marks);
      const words = [
        rowWords(blocks, row),
        ...(fate === undefined ? [] : [fate.words]),
        ...(mark === undefined ? [] : [mark.mark, mark.words]),
      ].join(', ');
      const [head, body] = item.children;
      if (head instanceof HTMLElement && body instanceof HTMLElement) {
        setText(head, words);
        setText(body, cell(row));
      }
      item.style.setProperty('top', `${rows.top(row)}px`);
      item.style.setProperty('width', `${width}px`);
      item.style.setProperty('height', `${rows.height(row)}px`);
    }
    this.element.setAttribute('aria-activedescendant', `cell-${cursor}`);
  }

  #makeRow(row: number): HTMLElement {
    return element(
      'div',
      { attributes: { role: 'row', 'aria-rowindex': String(row + 1) } },
      element('span', { attributes: { role: 'rowheader' } }),
      element('span', { attributes: { role: 'gridcell', id: `cell-${row}` } }),
    );
  }
}
