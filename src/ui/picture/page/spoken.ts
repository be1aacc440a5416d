// The blocks and the tree for a screen reader: a row for each layer in sight, an item for each node, of a large tree
// for each in sight, at its place, with its words.
import { t } from '@vscode/l10n';
import { markOf, type RowMarks } from './blockScene.js';
import type { BlockRows } from './blockRows.js';
import type { RowFate } from './blockCells.js';
import { rowWords } from './blockWords.js';
import type { Blocks } from './blocks.js';
import { element, keepInOrder, setText } from './element.js';
import { type NodeFates, type TreeFigure, nodeBox } from './treeScene.js';
import type { WalkedTree } from './treeWalk.js';

/** More could not be told apart by ear either. */
const mostSpoken = 120;

interface TreeToSpeak {
  readonly figure: TreeFigure;
  readonly walked: WalkedTree;
  readonly scale: number;
  readonly inSight: readonly number[];
  readonly focused?: number;
  readonly fates?: NodeFates;
}

export class SpokenTree {
  readonly element: HTMLElement;

  constructor(label: string) {
    this.element = element('div', {
      class: 'spoken',
      attributes: { role: 'tree', tabindex: '0', 'aria-label': label },
    });
  }

  /** The elements are used again from frame to frame: what is told stays as long as it is in sight. */
  tell(tree: TreeToSpeak): void {
    const { figure, inSight, focused } = tree;
    const told = figure.nodes.length <= mostSpoken ? figure.nodes.keys() : inSight.slice(0, mostSpoken);
    const wanted = new Set(told);
    if (focused !== undefined) {
      wanted.add(focused);
    }
    keepInOrder(this.element, 'node', wanted, (index) =>
      element('div', { attributes: { role: 'treeitem', id: `node-${index}` } }),
    );
    for (const item of this.element.children as HTMLCollectionOf<HTMLElement>) {
      this.#describe(item, Number(item.dataset['node']), tree);
    }
    if (focused === undefined) {
      this.element.removeAttribute('aria-activedescendant');
    } else {
      this.element.setAttribute('aria-activedescendant', `node-${focused}`);
    }
  }

  #describe(item: HTMLElement, index: number, { figure, walked, scale, fates, focused }: TreeToSpeak): void {
    const node = figure.nodes[index];
    const fate = node === undefined ? undefined : fates?.get(node.name);
    const siblings = node?.parent === undefined ? walked.roots : (walked.children[node.parent] ?? []);
    const attributes: Readonly<Record<string, string>> = {
      'aria-label': [node?.spoken ?? '', ...(fate === undefined ? [] : [fate.words])].join(', '),
      'aria-level': String((figure.layout.places[index]?.level ?? 0) + 1),
      'aria-posinset': String(siblings.indexOf(index) + 1),
      'aria-setsize': String(siblings.length),
      'aria-selected': String(index === focused),
    };
    for (const [name, value] of Object.entries(attributes)) {
      if (item.getAttribute(name) !== value) {
        item.setAttribute(name, value);
      }
    }
    const box = nodeBox(figure, index, scale);
    const style = `translate(${box.x}px, ${box.y}px)`;
    if (item.style.transform !== style) {
      item.style.setProperty('transform', style);
    }
    const size = `${box.width}px`;
    if (item.style.width !== size) {
      item.style.setProperty('width', size);
      item.style.setProperty('height', `${box.height}px`);
    }
  }
}

interface BlocksToSpeak {
  readonly blocks: Blocks;
  readonly rows: BlockRows;
  /** Pixels that are scrolled away above. */
  readonly scrolled: number;
  readonly width: number;
  readonly height: number;
  /** The row of the cursor. */
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
