// The nodes of the tree as they are shown: each for itself, or, on request, some together. Draws nothing.
import type { PictureNode } from '../messages.js';
import { foldedNodes, type TreeNode } from './treeFolds.js';
import { type NodeFates, readable, roomFor, smallestWords, type TreeFigure, treeFigure } from './treeScene.js';
import { type WalkedTree, walkedTree } from './treeWalk.js';

export class ArrangedTree {
  #nodes: readonly PictureNode[] = [];
  #fates: NodeFates | undefined;
  #isFolded = false;
  /** In pixels: how wide the whole may be for its boxes to be wider than they must. */
  #room = 0;
  readonly #opened = new Set<string>();
  #figure: TreeFigure = treeFigure([]);
  #walked: WalkedTree = walkedTree([], []);

  get figure(): TreeFigure {
    return this.#figure;
  }

  get walked(): WalkedTree {
    return this.#walked;
  }

  get nodes(): readonly TreeNode[] {
    return this.#figure.nodes;
  }

  /** Draws all nodes, each for itself, in this space. */
  whole(room: number): TreeFigure {
    return treeFigure(this.#nodes, room);
  }

  /** Boxes are as wide as there is room. */
  widen(room: number): void {
    if (room !== this.#room) {
      this.#room = room;
      this.#arrange();
    }
  }

  show(nodes: readonly PictureNode[]): void {
    this.#nodes = nodes;
    this.#arrange();
  }

  /** What something would happen to stands for itself. */
  keep(fates: NodeFates | undefined): void {
    this.#fates = fates;
    this.#arrange();
  }

  /** @param isFolded whether some may stand together; those that were opened do so again */
  fold(isFolded: boolean): void {
    this.#opened.clear();
    this.#isFolded = isFolded;
    this.#arrange();
  }

  /**
   * The whole tree in sight, but no larger than it is, and no smaller than its words can be read: rather some stand
   * together.
   * @returns the scale
   */
  fit(width: number, height: number): number {
    this.widen(width);
    const room = (): number => roomFor(this.figure, width, height);
    this.fold(false);
    this.fold(room() < smallestWords);
    return readable(room());
  }

  /** Each of those that stand together stands for itself again. */
  unfold(names: readonly string[]): void {
    names.forEach((name) => this.#opened.add(name));
    this.#arrange();
  }

  /** The index of a snapshot, or of the node in which it stands. */
  find(name: string | undefined): number | undefined {
    const index = this.nodes.findIndex((node) => node.name === name || node.folds?.includes(name ?? '\0'));
    return index < 0 ? undefined : index;
  }

  #arrange(): void {
    const keeps = (name: string): boolean => this.#opened.has(name) || this.#fates?.has(name) === true;
    this.#figure = treeFigure(this.#isFolded ? foldedNodes(this.#nodes, keeps) : this.#nodes, this.#room);
    const { nodes, layout } = this.#figure;
    this.#walked = walkedTree(
      nodes.map(({ parent }) => parent),
      layout.places.map(({ level }) => level),
    );
  }
}
