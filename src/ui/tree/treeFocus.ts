// Which row of the tree has the focus and the selection: what is shown to a person, and where they stand after what
// they did to rows. Makes no row.
import type * as vscode from 'vscode';
import type { EnginePort } from '../../engine/enginePort.js';
import { type Clock, systemClock, within } from '../../base/clock.js';
import type { Log } from '../../base/log.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import { isSystemPart, type Node, type SnapshotNode, type HereNode } from './nodes.js';
import type { TreeContent } from './treeContent.js';
import type { FocusGuard } from './focusGuard.js';
import type { ArrangedVm } from './arrangedVm.js';

// Which row a person expects to have when those that were acted on are gone.

/**
 * The best first: the next one at the level of the first that goes, the one before it, then the rows above it.
 *
 * @param gone names of snapshots, in any order
 */
export function rowsAfter(
  { top, below, nodes, automatic, parentOf }: Pick<ArrangedVm, 'top' | 'below' | 'nodes' | 'automatic' | 'parentOf'>,
  gone: ReadonlySet<string>,
): readonly (SnapshotNode | HereNode)[] {
  const first = [...nodes.values()].find(({ snapshot }) => gone.has(snapshot));
  const found: (SnapshotNode | HereNode)[] = [];
  for (let row = first; row !== undefined; row = nodes.get(parentOf(row) ?? '')) {
    const above = parentOf(row);
    const beside = automatic?.rows.some((one) => one === row) === true ? automatic.rows : undefined;
    const level = (beside ?? (above === undefined ? top : below.get(above)) ?? []).filter(
      (one): one is SnapshotNode | HereNode => one.kind === 'snapshot' || one.kind === 'here',
    );
    const at = level.indexOf(row);
    const near = row === first ? [...level.slice(at + 1), ...level.slice(0, at).toReversed()] : [row];
    found.push(...near.filter((one) => one.kind === 'here' || !gone.has(one.snapshot)));
  }
  return found;
}

/** What a person acts on. */
interface ActionTarget {
  readonly ref: VmRef;
  /** The row that the command was called on; absent: it was not called on one. */
  readonly row?: Node | undefined;
}

type View = Pick<vscode.TreeView<Node>, 'visible' | 'reveal' | 'selection' | 'onDidChangeSelection'>;

interface RowsOfFocus {
  readonly content: TreeContent;
  readonly engine: Pick<EnginePort, 'findVm' | 'readTree' | 'onDidChange'>;
  /** Draws a row and what is under it again; all, without one. */
  readonly draw: (node: Node | undefined) => void;
  readonly log: Log;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export class TreeFocus {
  readonly #view: View;
  readonly #content: TreeContent;
  readonly #engine: RowsOfFocus['engine'];
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #focusGuard: Pick<FocusGuard, 'remember'>;
  readonly #draw: RowsOfFocus['draw'];
  /** The selected rows, as last told: the editor's own list is without those that are being made anew, for a moment. */
  #chosen: readonly Node[] = [];
  /** The end of the last selection that was begun. Never rejects. */
  #selecting: Promise<void> | undefined;

  constructor(view: View, rows: RowsOfFocus, focusGuard: Pick<FocusGuard, 'remember'>) {
    this.#view = view;
    this.#content = rows.content;
    this.#engine = rows.engine;
    this.#draw = rows.draw;
    this.#log = rows.log;
    this.#clock = rows.clock ?? systemClock;
    this.#focusGuard = focusGuard;
    view.onDidChangeSelection(({ selection }) => {
      this.#chosen = selection;
    });
  }

  /** Also with nothing, when what was selected has gone. */
  get onDidSelect(): vscode.Event<{ readonly selection: readonly Node[] }> {
    return this.#view.onDidChangeSelection;
  }

  /** The selected rows. The editor still tells of some that are gone. */
  get selection(): readonly Node[] {
    return this.#view.selection.filter((node) => this.isThere(node));
  }

  isThere(node: Node): boolean {
    if (node.kind === 'connection' || node.kind === 'message') {
      return true;
    }
    if (isSystemPart(node)) {
      return this.#content.systems.isThere(node);
    }
    const view = this.#engine.findVm(node.ref);
    return view !== undefined && (node.kind !== 'snapshot' || !view.tree || hasSnapshot(view.tree, node.snapshot));
  }

  /** Gives "You are here" of a VM the focus, in the view, which is opened for it. */
  async goToCurrent(ref: VmRef): Promise<void> {
    await this.#engine.readTree(ref);
    const here = this.#content.arrangedVm(ref)?.here;
    if (here !== undefined) {
      await this.#select(here, () => true);
    }
  }

  /**
   * To be called before a VM is made, which may take minutes; what it gives back, with that VM. Its row is selected
   * where the view is seen, and gets the keyboard unless somebody went elsewhere meanwhile.
   */
  followNewVm(): (ref: VmRef) => void {
    const isStill = this.#focusGuard.remember();
    return (ref) => this.showVm(ref, isStill);
  }

  /** Selects the row of a VM where the view is seen. It gets the keyboard where `isStill` says so: by default never. */
  showVm(ref: VmRef, isStill: () => boolean = () => false): void {
    void this.#tryTo(() => this.#stand(this.#content.rows.vm(ref), isStill));
  }

  /** As `followNewVm`, of a system, by its id. */
  followNewSystem(): (id: string) => void {
    const isStill = this.#focusGuard.remember();
    return (id) => {
      this.#showSystem(id, undefined, isStill);
    };
  }

  /** As `follow`, with the restore point that was made, or that stands beside the one that went. */
  followSystem(id: string, row: Node | undefined): (point: string | undefined) => void {
    const isStill = this.#remember({ row });
    return (point) => {
      this.#showSystem(id, point, isStill);
    };
  }

  #showSystem(id: string, point: string | undefined, isStill: () => boolean): void {
    const { systems } = this.#content;
    const top = systems.top('').find(({ system }) => system === id);
    const below = top === undefined ? [] : systems.children(top, '');
    const node = below.find((one) => one.kind === 'point' && one.point === point) ?? top;
    if (node !== undefined) {
      void this.#tryTo(() => this.#stand(node, isStill));
    }
  }

  /** Opens what is above: to the editor, a row that was a leaf stays closed when something comes under it. */
  show(rows: readonly Node[]): void {
    for (const row of rows.filter((one) => isNearTop(this.#content, one))) {
      void this.#tryTo(async () => this.#view.reveal(row, { select: false, focus: false }));
    }
  }

  /**
   * To be called before a snapshot is made, or gets another name; what it gives back, afterwards, with the name that
   * the snapshot has then. Not called on a row, it leaves the keyboard where it is.
   */
  follow(on: ActionTarget): (snapshot: string | undefined) => void {
    const isStill = this.#remember(on);
    return (snapshot) => {
      this.#settle(on.ref, isStill, () => this.#content.find(on.ref, snapshot));
    };
  }

  /**
   * To be called before snapshots go; what it gives back, afterwards, whether they went or not. The focus moves in the
   * moment in which the first of them goes: at the end of what else is done it would close a menu opened meanwhile.
   */
  followNeighbour(on: ActionTarget, gone: ReadonlySet<string>): () => void {
    const isStill = this.#remember(on);
    const arranged = this.#content.arrangedVm(on.ref);
    const stays = on.row?.kind === 'snapshot' && !gone.has(on.row.snapshot) ? [on.row] : [];
    const rows = arranged === undefined ? [] : [...stays, ...rowsAfter(arranged, gone)];
    // Rows that are gone would still count as selected, and hide what is in the menu of one row.
    const find = (): Node | undefined => {
      const here = this.#content.arrangedVm(on.ref);
      const isGone = here !== undefined && [...gone].some((name) => !here.nodes.has(name));
      const near = rows.find((row) => row.kind === 'here' || here?.nodes.has(row.snapshot) === true);
      return isGone ? (near ?? this.#content.rows.vm(on.ref)) : undefined;
    };
    let early: Promise<boolean> | undefined;
    const listening = this.#engine.onDidChange(() => {
      const node = early === undefined ? find() : undefined;
      early = node === undefined ? early : this.#tryTo(() => this.#stand(node, isStill));
    });
    return () => {
      listening.dispose();
      void (async () => {
        if ((await early) !== true) {
          this.#settle(on.ref, isStill, find);
        }
      })();
    };
  }

  /** The function tells whether the keyboard is still where it was: on a row of the tree, and not of a picture. */
  #remember({ row }: Pick<ActionTarget, 'row'>): () => boolean {
    const isOurs = row !== undefined && isOwn(this.#content, row);
    if (row !== undefined && !isOurs) {
      this.#log.debug(`${row.id} is no row of the tree as it is: the keyboard stays where it is`);
    }
    const isStill = this.#focusGuard.remember();
    return () => isOurs && isStill();
  }

  #settle(ref: VmRef, isStill: () => boolean, find: () => Node | undefined): void {
    void this.#tryTo(async () => {
      await this.#engine.readTree(ref);
      const node = find();
      if (node !== undefined) {
        await this.#stand(node, isStill);
      }
    });
  }

  /** @returns whether it could; what was done is done, whether the view can show it or not */
  async #tryTo(show: () => Promise<void>): Promise<boolean> {
    try {
      await show();
      return true;
    } catch (error) {
      this.#log.debug(`a row could not be shown: ${String(error)}`);
      return false;
    }
  }

  /** Not while the view is hidden. */
  async #stand(node: Node, isStill: () => boolean): Promise<void> {
    if (!this.#view.visible) {
      return;
    }
    const near = isNearTop(this.#content, node) || node.kind !== 'snapshot' ? node : this.#content.rows.vm(node.ref);
    await this.#select(near, isStill);
  }

  /** A row that is selected already, as by the button of a message, would be no sign that its keyboard came along. */
  async #reveal(node: Node, isStill: () => boolean): Promise<Error | undefined> {
    const above = this.#content.parent(node);
    try {
      if (above !== undefined && isStill() && this.#chosen.includes(node)) {
        await this.#waitUntilShown(above, false);
        if (this.#chosen.includes(node)) {
          return new Error('the row above it was not known to the editor');
        }
      }
      const focus = isStill();
      await this.#waitUntilShown(node, focus);
      this.#log.trace(
        `${node.id} was to be shown ${focus ? 'with' : 'without'} the keyboard; selected: ${this.#chosen.map(({ id }) => id).join(', ')}`,
      );
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /**
   * All that comes later stands in a row behind it, so an editor that does not answer is not waited for without end.
   */
  async #waitUntilShown(node: Node, focus: boolean): Promise<void> {
    const shown = Promise.resolve(this.#view.reveal(node, { select: true, focus })).then(() => true);
    if (!(await within(this.#clock, lateReveal, shown, false))) {
      throw new Error('the editor did not say that the row is shown');
    }
  }

  /**
   * One after the other: that a row is selected would be no sign for one that its keyboard came along, were it another
   * that did it.
   */
  async #select(node: Node, isStill: () => boolean): Promise<void> {
    const before = this.#selecting;
    const own =
      before === undefined ? this.#selectNow(node, isStill) : before.then(() => this.#selectNow(node, isStill));
    const ended = own.then(
      () => undefined,
      () => undefined,
    );
    this.#selecting = ended;
    await own.finally(() => {
      this.#selecting = this.#selecting === ended ? undefined : this.#selecting;
    });
  }

  /**
   * The editor passes over a row without a word that it does not know, or fails to show it: where it asked for the rows
   * while this one was made, only the later of two answers counts, be it that of the reveal itself or not. Drawn anew,
   * the row is known, unless it is drawn once more for another reason meanwhile. A selection with another row is
   * somebody's; one that has only become smaller has lost a row that is gone. That the row itself is selected says
   * nothing of the keyboard, where showing it failed.
   */
  async #selectNow(node: Node, isStill: () => boolean): Promise<void> {
    const before = this.#chosen;
    const above = this.#content.parent(node);
    for (let times = 1; ; times++) {
      const failure = await this.#reveal(node, isStill);
      if (failure !== undefined && times === mostReveals) {
        throw failure;
      }
      const now = this.#chosen;
      if ((failure === undefined && now.includes(node)) || times === mostReveals) {
        return;
      }
      if (now.some((one) => one !== node && one !== above && !before.includes(one))) {
        this.#log.debug(`${node.id} is left: somebody selected another row`);
        return;
      }
      this.#log.debug(
        `${node.id} is drawn again: ${failure?.message ?? 'the editor did not know it when it was shown'}`,
      );
      this.#draw(above);
    }
  }
}

function hasSnapshot(tree: Parameters<typeof findSnapshot>[0], name: SnapshotNode['snapshot']): boolean {
  return findSnapshot(tree, name) !== undefined;
}

/** It is the very node of a row, and not one made for another place. */
function isOwn(content: TreeContent, node: Node): boolean {
  if (node.kind === 'here' || node.kind === 'automatic') {
    const arranged = content.arrangedVm(node.ref);
    return (node.kind === 'here' ? arranged?.here : arranged?.automatic?.node) === node;
  }
  return (
    (node.kind !== 'vm' && node.kind !== 'snapshot') ||
    content.find(node.ref, node.kind === 'vm' ? undefined : node.snapshot) === node
  );
}

/** A row that cannot be shown is no reason to draw for ever. */
const mostReveals = 5;

/** Milliseconds; on a busy host one may take seconds. */
const lateReveal = 5_000;

/** Rows above a row that may be revealed. */
const deepest = 100;

/** The editor opens the rows above a revealed one, one after the other; not more than a person would. */
function isNearTop(content: TreeContent, node: Node): boolean {
  let above: Node | undefined = node;
  for (let depth = 0; depth <= deepest; depth++) {
    above = content.parent(above);
    if (above === undefined) {
      return true;
    }
  }
  return false;
}
