// When the rows of VMs are drawn again: only where they read differently than they were drawn last. Makes no row.
import type { DisposableStore } from '../../base/disposable.js';
import type { Event } from '../../base/emitter.js';
import type { EnginePort } from '../../engine/enginePort.js';
import type { Log } from '../../base/log.js';
import { type VmView, vmKey } from '../../live/views.js';
import { isActive, type VmRef } from '../../domain/vm.js';
import { ageTextChanged } from '../../text/relativeAge.js';
import type { FactList } from '../../text/rows/factList.js';
import type { RowContext } from '../../text/rows/rows.js';
import type { MessageRow } from './messageRows.js';
import type { ArrangedVm } from './arrangedVm.js';
import type { OpenRows } from './openRows.js';
import type { Node } from './nodes.js';
import type { TreeContent } from './treeContent.js';
import { vmsOf } from './vmsOf.js';
import type { SnapshotTree } from '../../domain/snapshot.js';

// What the editor was last given of each VM, to tell whether its rows would read differently now, and whether it is
// still asking for rows.

/** Drawing is over when the editor has asked for no row for so long: it asks level by level. */
const drawingMs = 1_000;

interface DrawnVm {
  look?: string;
  tree?: SnapshotTree | undefined;
  /** Names of the snapshots that had rows under them. */
  parents?: ReadonlySet<string>;
  /** An operation ran on it when it was last told of. */
  isBusy?: boolean;
  /** Milliseconds since 1970: when the ages under it were written. */
  at?: number;
  /** The label of the row of its note. */
  note?: string | undefined;
}

class DrawnVms {
  readonly #byKey = new Map<string, DrawnVm>();
  readonly #orders = new Map<string, string>();
  /** Milliseconds since 1970. */
  #askedForRowAt = 0;

  get isGoingOn(): boolean {
    return Date.now() - this.#askedForRowAt < drawingMs;
  }

  noteRowRequest(): void {
    this.#askedForRowAt = Date.now();
  }

  /** By the VM's key; undefined: nothing was drawn of it. */
  find(key: string): DrawnVm | undefined {
    return this.#byKey.get(key);
  }

  of(ref: VmRef): DrawnVm {
    const drawn = this.#byKey.get(vmKey(ref)) ?? {};
    this.#byKey.set(vmKey(ref), drawn);
    return drawn;
  }

  order(connection: string, rows: readonly { readonly id: string }[]): void {
    this.#orders.set(connection, idsOf(rows));
  }

  isOtherOrder(connection: string, rows: readonly { readonly id: string }[]): boolean {
    const drawn = this.#orders.get(connection);
    return drawn !== undefined && drawn !== idsOf(rows);
  }

  forgetAllBut(keys: ReadonlySet<string>): void {
    for (const key of this.#byKey.keys()) {
      if (!keys.has(key)) {
        this.#byKey.delete(key);
      }
    }
  }
}

function idsOf(rows: readonly { readonly id: string }[]): string {
  return rows.map(({ id }) => id).join('\n');
}

/** Above so many rows under a VM, counting seconds repaints "You are here" alone. */
const manyRows = 1_000;
/** A change by another program may bring rows under many. */
const mostShown = 5;

/** What a wing knows of a VM. Never rejects. */
export interface VmNotes {
  /** The row under it; undefined where nothing is known. */
  readRow(view: VmView): Promise<((now: number) => MessageRow) | undefined>;
  /** When the newest backup of each was made, in milliseconds since 1970, by the VM's key; absent: none is known. */
  readBackedUpAt(views: readonly VmView[]): Promise<ReadonlyMap<string, number>>;
  /** For its tooltip. */
  readFacts(view: VmView): Promise<FactList['lines']>;
  readonly onDidChange: Event<void>;
}

export interface RowsInTreeOptions {
  readonly engine: EnginePort;
  readonly content: TreeContent;
  readonly reading: () => RowContext;
  /** Draws a row and what is under it again; all, without one. */
  readonly draw: (node: Node | undefined) => void;
  readonly log: Log;
  readonly store: DisposableStore;
  /** Loaded when a VM is opened. */
  readonly notes: () => Promise<VmNotes>;
}

export class VmsInTree {
  readonly drawn = new DrawnVms();
  readonly #options: RowsInTreeOptions;
  readonly #openRows: Pick<OpenRows, 'isOpen' | 'isRowOpen'>;
  readonly #show: (rows: readonly Node[]) => void;
  /** To changes of notes; from the first VM on that was opened. */
  #isListening = false;

  /** @param show is given rows that must be seen: where "You are here" has moved, and what came under a leaf */
  constructor(
    options: RowsInTreeOptions,
    openRows: Pick<OpenRows, 'isOpen' | 'isRowOpen'>,
    show: (rows: readonly Node[]) => void,
  ) {
    this.#options = options;
    this.#openRows = openRows;
    this.#show = show;
  }

  /** What is known of the VM has changed. With a filter, so may the rows that are shown. */
  noteStored(ref: VmRef): void {
    const { content, draw } = this.#options;
    this.#readWhenOver(ref);
    if (content.arrangement.filter === '') {
      this.noteChange(ref);
    } else {
      draw(content.topOf(ref));
    }
  }

  /**
   * Reads a VM again after it was switched off: libvirt then tells only the size of the top layer, and the others are
   * old.
   */
  #readWhenOver(ref: VmRef): void {
    const { engine, log } = this.#options;
    const view = engine.findVm(ref);
    const drawn = this.drawn.find(vmKey(ref));
    if (view === undefined || drawn === undefined) {
      return;
    }
    const isOver = drawn.isBusy === true && view.operation === undefined;
    drawn.isBusy = view.operation !== undefined;
    if (isOver && view.layers !== undefined && !isActive(view.vm.power)) {
      engine.readLayers(ref).catch((error: unknown) => log.debug(`sizes of ${vmKey(ref)}: ${String(error)}`));
    }
  }

  noteChange(ref: VmRef): void {
    const { engine, content, reading, draw } = this.#options;
    const view = engine.findVm(ref);
    const drawn = this.drawn.find(vmKey(ref));
    if (view === undefined || drawn === undefined) {
      return;
    }
    const above = content.rows.connection(ref.connection);
    if (this.drawn.isOtherOrder(ref.connection, content.children(above))) {
      draw(above);
      return;
    }
    const hasOtherChildren = drawn.at !== undefined && drawn.tree !== view.tree;
    const hereMoved = hasOtherChildren && drawn.tree?.current !== view.tree?.current;
    if (hasOtherChildren || drawn.look !== content.lookOf(view, reading())) {
      draw(content.rows.vm(ref));
    }
    const arranged = hasOtherChildren && this.#openRows.isOpen(vmKey(ref)) ? content.arrangedVm(ref) : undefined;
    if (arranged !== undefined) {
      this.#show([...this.#underLeaves(arranged, drawn), ...(hereMoved ? [arranged.here] : [])]);
    }
  }

  /** Puts the VMs in order as they are now. @returns whether some were drawn in another one */
  sort(): boolean {
    const { engine, content } = this.#options;
    content.rows.places.renew();
    return engine.connections.some(({ uri }) =>
      this.drawn.isOtherOrder(uri, content.children(content.rows.connection(uri))),
    );
  }

  /** The first row below each row that was a leaf, and that nobody closed. */
  #underLeaves(arranged: ArrangedVm, { tree, parents }: DrawnVm): readonly Node[] {
    const { below, nodes } = arranged;
    const before = tree?.snapshots ?? [];
    const leaves = before.filter(({ name }) => parents?.has(name) === false && arranged.opensByItself(name));
    return leaves.slice(0, mostShown).flatMap(({ name }) => {
      const node = nodes.get(name);
      return node === undefined || this.#openRows.isRowOpen(node) === false ? [] : (below.get(name)?.slice(0, 1) ?? []);
    });
  }

  /** What the change of a VM that is being read would repaint, the row that is about to be made shows anyway. */
  async readForOpening(ref: VmRef): Promise<void> {
    const { engine, log } = this.#options;
    const drawn = this.drawn.of(ref);
    delete drawn.at;
    const reading = this.#readNote(ref);
    try {
      await engine.readTree(ref);
    } catch (error) {
      // The VM or its connection shows the failure as a row of its own.
      log.debug(`Snapshots of ${vmKey(ref)} could not be read: ${String(error)}`);
    }
    drawn.tree = engine.findVm(ref)?.tree;
    drawn.parents = new Set(this.#options.content.arrangedVm(ref)?.below.keys());
    await reading;
    drawn.at = Date.now();
    drawn.note = this.#options.content.rows.noteRow(ref, drawn.at)?.label;
  }

  async #readNote(ref: VmRef): Promise<void> {
    const { engine, content, store } = this.#options;
    const notes = await this.#options.notes();
    if (!this.#isListening) {
      this.#isListening = true;
      store.add(notes.onDidChange(() => this.#drawOpen()));
    }
    const view = engine.findVm(ref);
    const row = view && (await notes.readRow(view));
    if (row === undefined) {
      content.rows.notes.delete(vmKey(ref));
    } else {
      content.rows.notes.set(vmKey(ref), row);
    }
  }

  #drawOpen(): void {
    const { engine, content, draw } = this.#options;
    for (const [key, { ref }] of vmsOf(engine.connections)) {
      if (this.#openRows.isOpen(key)) {
        draw(content.rows.vm(ref));
      }
    }
  }

  noteLook(ref: VmRef): void {
    const { engine, content, reading } = this.#options;
    const view = engine.findVm(ref);
    if (view !== undefined) {
      this.drawn.of(ref).look = content.lookOf(view, reading());
    }
  }

  /** Seconds are counted in the rows of what is at work. */
  tick(): void {
    const { engine, content, draw } = this.#options;
    for (const [key, { ref, operation }] of vmsOf(engine.connections)) {
      const arranged = operation === undefined ? undefined : content.arrangedVm(ref);
      if (arranged !== undefined && this.#openRows.isOpen(key) && arranged.nodes.size > manyRows) {
        draw(arranged.here);
      } else if (operation !== undefined) {
        draw(content.rows.vm(ref));
      }
    }
  }

  renewAges(): void {
    const { engine, content, draw } = this.#options;
    const now = Date.now();
    for (const [key, view] of vmsOf(engine.connections)) {
      const { at, note } = this.drawn.find(key) ?? {};
      const isOld =
        at !== undefined && (ageTextChanged(view, at, now) || content.rows.noteRow(view.ref, now)?.label !== note);
      if (isOld && this.#openRows.isOpen(key)) {
        draw(content.rows.vm(view.ref));
      }
    }
  }
}
