// What the tree shows: children, parents, words and facts of every row, asked of the engine each time. Owns no state
// but the arrangement and the nodes themselves.
import type { EnginePort } from '../../engine/enginePort.js';
import type { VmView } from '../../live/views.js';
import type { Failure } from '../../domain/failure.js';
import { currentOf, findSnapshot, parentOf } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import type { KnownSystem } from '../../systems/knownSystems.js';
import type { ArrangedVm, Arrangement } from './arrangedVm.js';
import { parentIn } from './clonesInTree.js';
import { ConnectionsInTree } from './connectionsInTree.js';
import type { OpenRows } from './openRows.js';
import { type FactList } from '../../text/rows/factList.js';
import { connectionFacts, snapshotFacts, vmFacts } from '../../text/rows/facts.js';
import { type MessageRow, messageFacts, messageRow } from './messageRows.js';
import {
  type AutomaticNode,
  type HereNode,
  isSystemPart,
  type MessageNode,
  type Node,
  type SnapshotNode,
} from './nodes.js';
import {
  type ConnectionReach,
  type RowContext,
  type Row,
  automaticRow,
  reachOf,
  hereRow,
  snapshotRow,
  vmRow,
} from '../../text/rows/rows.js';
import { type SnapshotMarks, markedAs, sizeOf } from './snapshotMarks.js';
import { disambiguate } from './disambiguate.js';
import { SystemContent } from './systemContent.js';
import { TreeRows } from './treeRows.js';
import { welcomeOf } from './welcome.js';

/** What is looked for in the engine while rows are made. */
type TreeSource = Pick<EnginePort, 'connections' | 'findVm'>;

/** Which rows a person opened or closed. */
type OpenedRows = Pick<OpenRows, 'isRowOpen'>;

const nobodyOpened: OpenedRows = { isRowOpen: () => undefined };

export class TreeContent {
  readonly rows: TreeRows;
  readonly systems: SystemContent;
  readonly connections: ConnectionsInTree;
  readonly #source: TreeSource;
  readonly #opened: OpenedRows;
  #arrangement: Arrangement;

  /** @param usedAt by the VM's key, milliseconds since 1970; 0: never */
  constructor(
    source: TreeSource,
    arrangement: Arrangement,
    opened: OpenedRows = nobodyOpened,
    usedAt: (key: string) => number = () => 0,
    systems: () => readonly KnownSystem[] = () => [],
  ) {
    this.rows = new TreeRows(usedAt, (ref) => this.systems.homeOf(ref));
    this.systems = new SystemContent(source, systems, {
      vm: (ref) => this.rows.vm(ref),
      isShown: (view) => this.rows.isShown(view, this.#arrangement, this.#beside(view.ref)),
    });
    this.#source = source;
    this.connections = new ConnectionsInTree(source);
    this.#arrangement = arrangement;
    this.#opened = opened;
  }

  get arrangement(): Arrangement {
    return this.#arrangement;
  }

  /** True if it differs from the one before. */
  arrange(wanted: Partial<Arrangement>): boolean {
    const next = { ...this.#arrangement, ...wanted };
    const before: Readonly<Record<string, unknown>> = { ...this.#arrangement };
    if (Object.entries(next).every(([key, value]) => before[key] === value)) {
      return false;
    }
    this.#arrangement = next;
    return true;
  }

  /** The rows under a node, or the top ones; those of a VM whose snapshots are not read yet are none. */
  children(node?: Node): readonly Node[] {
    if (node !== undefined && isSystemPart(node)) {
      return this.systems.children(node, this.#arrangement.filter);
    }
    switch (node?.kind) {
      case undefined:
        return this.#top();
      case 'connection': {
        const view = this.connections.findShown(node.connection);
        return view === undefined ? [] : this.rows.underConnection(view, this.#arrangement);
      }
      case 'vm': {
        const view = this.#source.findVm(node.ref);
        return view === undefined ? [] : this.rows.underVm(view, this.#arrangement, this.#beside(node.ref));
      }
      case 'snapshot':
        return this.arrangedVm(node.ref)?.below.get(node.snapshot) ?? [];
      case 'automatic':
        return this.arrangedVm(node.ref)?.automatic?.rows ?? [];
      case 'here':
      case 'message':
        return [];
    }
  }

  parent(node: Node): Node | undefined {
    if (isSystemPart(node)) {
      return this.systems.parent(node);
    }
    switch (node.kind) {
      case 'connection':
        return undefined;
      case 'vm': {
        const home = this.systems.homeOf(node.ref);
        if (home !== undefined) {
          return this.systems.node(home.id);
        }
        const above = parentIn(this.#beside(node.ref), this.#source.findVm(node.ref));
        return above === undefined ? this.rows.connection(node.ref.connection) : this.rows.vm(above.ref);
      }
      case 'snapshot':
      case 'here': {
        const arranged = this.arrangedVm(node.ref);
        if (arranged?.automatic?.rows.some((row) => row === node) === true) {
          return arranged.automatic.node;
        }
        const above = arranged?.parentOf(node);
        return (above === undefined ? undefined : arranged?.nodes.get(above)) ?? this.rows.vm(node.ref);
      }
      case 'automatic':
        return this.rows.vm(node.ref);
      case 'message':
        return node.ref === undefined ? this.rows.connection(node.connection) : this.rows.vm(node.ref);
    }
  }

  /** The top row under which a VM stands. */
  topOf(ref: VmRef): Node {
    let top: Node = this.rows.vm(ref);
    for (let above = this.parent(top); above !== undefined; above = this.parent(above)) {
      top = above;
    }
    return top;
  }

  /** Undefined: what the row stood for is gone, and the row will be too. */
  row(node: Node, reading: RowContext): Row | MessageRow | undefined {
    if (isSystemPart(node)) {
      const row = this.systems.row(node, reading);
      return row && this.#standing(node, row);
    }
    switch (node.kind) {
      case 'connection': {
        const view = this.connections.find(node.connection);
        return view && this.#standing(node, this.connections.row(view));
      }
      case 'vm': {
        const view = this.#source.findVm(node.ref);
        return view && this.#standing(node, this.#vmRow(view, reading));
      }
      case 'snapshot':
        return this.#snapshotRow(node, reading);
      case 'here':
        return this.#hereRow(node, reading);
      case 'automatic':
        return this.#automaticRow(node, reading);
      case 'message':
        return messageRow(node, this.failure(node)) ?? this.rows.noteRow(node.ref, reading.now);
    }
  }

  facts(node: Node, reading: RowContext): FactList | undefined {
    if (isSystemPart(node)) {
      return this.systems.facts(node, reading);
    }
    switch (node.kind) {
      case 'connection': {
        const view = this.connections.find(node.connection);
        return view && connectionFacts(view);
      }
      case 'vm':
      case 'here': {
        const view = this.#source.findVm(node.ref);
        return view && vmFacts(view, reading);
      }
      case 'snapshot': {
        const view = this.#source.findVm(node.ref);
        const snapshot = this.#snapshot(node);
        const parent = view?.tree && parentOf(view.tree, node.snapshot)?.title;
        const own = view === undefined ? {} : { view };
        const context = { parent, size: sizeOf(view, node), ...this.#marks(node, reading), ...own };
        return snapshot && snapshotFacts(snapshot, context, reading);
      }
      case 'automatic':
        return undefined;
      case 'message':
        return node.about === 'note' ? undefined : messageFacts(this.failure(node));
    }
  }

  /** The row of a VM or a snapshot, if it is shown. */
  find(ref: VmRef, snapshot?: string): Node | undefined {
    const view = this.#source.findVm(ref);
    if (view === undefined) {
      return undefined;
    }
    return snapshot === undefined ? this.rows.vm(ref) : this.arrangedVm(ref)?.nodes.get(snapshot);
  }

  arrangedVm(ref: VmRef): ArrangedVm | undefined {
    const view = this.#source.findVm(ref);
    return view && this.rows.arrangeVm(view, this.#arrangement);
  }

  /**
   * What the editor knows a row by. It remembers of each whether it is open: what a filter opens is another row, so
   * that it stands open at once, and stands afterwards as it did before.
   */
  rowId({ id }: Node): string {
    return this.#arrangement.filter === '' ? id : `${id}/filtered/${this.#arrangement.filter}`;
  }

  failure(node: MessageNode): Failure | undefined {
    return node.ref === undefined
      ? this.connections.find(node.connection)?.failure
      : this.#source.findVm(node.ref)?.failure;
  }

  /** Texts by which two states of a VM's own row and of what stands under it are told apart, but for its tree. */
  lookOf(view: VmView, reading: RowContext): string {
    const { id } = this.rows.vm(view.ref);
    return JSON.stringify([
      id,
      this.#vmRow(view, reading),
      this.#opensByFilter(view.ref),
      view.failure?.kind,
      view.failure?.message,
      view.auto,
      view.kept,
      view.favourite,
      [view.trash, view.keptUntil, reading.bisect?.(view.ref)?.marks],
      view.layers?.snapshots,
    ]);
  }

  #top(): readonly Node[] {
    if (welcomeOf(this.#source.connections).state !== 'none') {
      return [];
    }
    // Above the connections: the members of one may be on several.
    return [
      ...this.systems.top(this.#arrangement.filter),
      ...this.#source.connections.map((connection) => this.rows.connection(connection.uri)),
    ];
  }

  #vmRow(view: VmView, reading: RowContext): Row {
    const beside = this.#beside(view.ref);
    const place = { ...this.#reach(view.ref), clones: this.rows.clonesUnder(view, beside).length };
    const row = disambiguate(vmRow(view, place, reading), beside, (vms) => vms.map(({ vm }) => vm.name));
    return this.systems.vmRow(view, row);
  }

  /** As a person left it, where a filter does not open it. */
  #standing(node: Node, row: Row): Row {
    const hasHits =
      node.kind === 'system'
        ? this.#arrangement.filter !== '' && this.systems.hasHits(node.system, this.#arrangement.filter)
        : node.kind === 'vm' && this.#opensByFilter(node.ref);
    const isOpen = hasHits || this.#opened.isRowOpen(node);
    return isOpen === undefined || row.opens === 'never' ? row : { ...row, opens: isOpen ? 'open' : 'closed' };
  }

  /** There is something in it that the filter finds. */
  #opensByFilter(ref: VmRef): boolean {
    const view = this.#arrangement.filter === '' ? undefined : this.#source.findVm(ref);
    return view !== undefined && this.rows.hasHits(view, this.#arrangement, this.#beside(ref));
  }

  #snapshotRow(node: SnapshotNode, reading: RowContext): Row | undefined {
    const arranged = this.arrangedVm(node.ref);
    const snapshot = this.#snapshot(node);
    if (arranged === undefined || snapshot === undefined) {
      return undefined;
    }
    const hasRows = arranged.below.has(node.snapshot);
    const place = {
      isCurrent: arranged.tree.current === node.snapshot,
      ...this.#reach(node.ref),
      ...this.#marks(node, reading),
      opens: !hasRows
        ? ('never' as const)
        : arranged.opensByItself(node.snapshot)
          ? ('open' as const)
          : ('closed' as const),
    };
    return this.#standing(node, snapshotRow(snapshot, place, reading, sizeOf(this.#source.findVm(node.ref), node)));
  }

  #hereRow(node: HereNode, reading: RowContext): Row | undefined {
    const view = this.#source.findVm(node.ref);
    if (view === undefined) {
      return undefined;
    }
    const apart = this.#arrangement.layout === 'list' && view.tree !== undefined;
    const current = apart ? currentOf(view.tree)?.title : undefined;
    return hereRow(view, current, this.#reach(node.ref), reading);
  }

  #automaticRow(node: AutomaticNode, reading: RowContext): Row | undefined {
    const arranged = this.arrangedVm(node.ref);
    const [newest] = (arranged?.automatic?.rows ?? []).flatMap((row) => this.#snapshot(row) ?? []);
    if (arranged?.automatic === undefined || newest === undefined) {
      return undefined;
    }
    const row = automaticRow(arranged.automatic.rows.length, newest.createdAt, this.#reach(node.ref), reading);
    return this.#standing(node, row);
  }

  #marks(node: SnapshotNode, reading: RowContext): SnapshotMarks {
    return markedAs(this.#source.findVm(node.ref), node, reading);
  }

  #snapshot(node: SnapshotNode): ReturnType<typeof findSnapshot> {
    const tree = this.#source.findVm(node.ref)?.tree;
    return tree && findSnapshot(tree, node.snapshot);
  }

  #beside(ref: VmRef): readonly VmView[] {
    return this.connections.find(ref.connection)?.vms ?? [];
  }

  #reach(ref: VmRef): ConnectionReach {
    return reachOf(this.connections.find(ref.connection));
  }
}
