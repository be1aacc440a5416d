// The tree for a screen reader: an item for each node, of a large tree for each in sight, at its place, with its words.
// Draws nothing.
import { element, keepInOrder } from './element.js';
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
