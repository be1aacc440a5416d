// What the tree shows: children, parents, words and facts of every row, asked of the inventory each time. Owns no
// state but the arrangement and the nodes themselves. Knows nothing of the editor.
import type { InventoryPort } from '../../engine/inventory.js';
import { type ConnectionView, type VmView, vmKey } from '../../inventory/views.js';
import { snapshotOf } from '../../diagnosis/problemTable.js';
import type { SnapshotSize } from '../../domain/layers.js';
import type { Failure } from '../../domain/failure.js';
import { childrenOf, currentOf, findSnapshot, parentOf } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import type { ArrangedVm, Arrangement } from './arrangedVm.js';
import { type FactList } from '../../text/factList.js';
import { connectionFacts, snapshotFacts, vmFacts } from '../../text/facts.js';
import { type MessageRow, messageFacts, messageRow } from './messageRows.js';
import type { HereNode, MessageNode, Node, SnapshotNode } from './nodes.js';
import {
  type Reading,
  type Row,
  type SnapshotPlace,
  connectionRow,
  hereRow,
  snapshotRow,
  vmRow,
} from '../../text/rows.js';
import { TreeRows } from './treeRows.js';
import { welcomeOf } from './welcome.js';

/** What is looked for in the inventory while rows are made. */
type Source = Pick<InventoryPort, 'connections' | 'findVm'>;

/** Rows above a row that may be revealed. */
const deepest = 100;

export class TreeContent {
  readonly rows = new TreeRows();
  readonly #source: Source;
  #arrangement: Arrangement;

  constructor(source: Source, arrangement: Arrangement) {
    this.#source = source;
    this.#arrangement = arrangement;
  }

  get arrangement(): Arrangement {
    return this.#arrangement;
  }

  /** True if it differs from the one before. */
  arrange(wanted: Partial<Arrangement>): boolean {
    const { sort, layout, filter } = { ...this.#arrangement, ...wanted };
    const before = this.#arrangement;
    if (before.sort === sort && before.layout === layout && before.filter === filter) {
      return false;
    }
    this.#arrangement = { sort, layout, filter };
    return true;
  }

  /** The rows under a node, or the top ones; those of a VM whose snapshots are not read yet are none. */
  children(node?: Node): readonly Node[] {
    switch (node?.kind) {
      case undefined:
        return this.#top();
      case 'connection': {
        const view = this.connection(node.connection);
        return view === undefined ? [] : this.rows.underConnection(view, this.#arrangement);
      }
      case 'vm': {
        const view = this.#source.findVm(node.ref);
        return view === undefined ? [] : this.rows.underVm(view, this.#arrangement);
      }
      case 'snapshot':
        return this.arranged(node.ref)?.below.get(node.snapshot) ?? [];
      case 'here':
      case 'message':
        return [];
    }
  }

  parent(node: Node): Node | undefined {
    switch (node.kind) {
      case 'connection':
        return undefined;
      case 'vm':
        return this.rows.connection(node.ref.connection);
      case 'snapshot':
      case 'here': {
        const arranged = this.arranged(node.ref);
        const above = arranged?.parentOf(node);
        return (above === undefined ? undefined : arranged?.nodes.get(above)) ?? this.rows.vm(node.ref);
      }
      case 'message':
        return node.ref === undefined ? this.rows.connection(node.connection) : this.rows.vm(node.ref);
    }
  }

  /** Undefined: what the row stood for is gone, and the row will be too. */
  row(node: Node, reading: Reading): Row | MessageRow | undefined {
    switch (node.kind) {
      case 'connection': {
        const view = this.connection(node.connection);
        return view && connectionRow(view);
      }
      case 'vm': {
        const view = this.#source.findVm(node.ref);
        return view && this.#vmRow(view, reading);
      }
      case 'snapshot':
        return this.#snapshotRow(node, reading);
      case 'here':
        return this.#hereRow(node, reading);
      case 'message':
        return messageRow(node, this.failure(node));
    }
  }

  facts(node: Node, reading: Reading): FactList | undefined {
    switch (node.kind) {
      case 'connection': {
        const view = this.connection(node.connection);
        return view && connectionFacts(view);
      }
      case 'vm':
      case 'here': {
        const view = this.#source.findVm(node.ref);
        return view && vmFacts(view, reading);
      }
      case 'snapshot': {
        const tree = this.#source.findVm(node.ref)?.tree;
        const snapshot = this.#snapshot(node);
        const parent = tree && parentOf(tree, node.snapshot)?.title;
        const context = { parent, size: this.#size(node), ...this.#marks(node, reading), ...this.#viewOf(node) };
        return snapshot && snapshotFacts(snapshot, context, reading);
      }
      case 'message':
        return messageFacts(this.failure(node));
    }
  }

  /** The row of a VM or a snapshot, if it is shown. */
  find(ref: VmRef, snapshot?: string): Node | undefined {
    const view = this.#source.findVm(ref);
    if (view === undefined) {
      return undefined;
    }
    return snapshot === undefined ? this.rows.vm(ref) : this.arranged(ref)?.nodes.get(snapshot);
  }

  /** The editor opens the rows above a revealed one, one after the other; not more than a person would. */
  isNearTop(node: Node): boolean {
    let above: Node | undefined = node;
    for (let depth = 0; depth <= deepest; depth++) {
      above = this.parent(above);
      if (above === undefined) {
        return true;
      }
    }
    return false;
  }

  arranged(ref: VmRef): ArrangedVm | undefined {
    const view = this.#source.findVm(ref);
    return view && this.rows.arranged(view, this.#arrangement);
  }

  /** While a filter hides a VM's name but not a snapshot in it, the VM stands open, as a row of its own identity. */
  isOpenedByFilter(node: Node): boolean {
    if (node.kind !== 'vm' || this.#arrangement.filter === '') {
      return false;
    }
    return (this.arranged(node.ref)?.nodes.size ?? 0) > 0;
  }

  connection(uri: string): ConnectionView | undefined {
    return this.#source.connections.find((connection) => connection.uri === uri);
  }

  failure(node: MessageNode): Failure | undefined {
    return node.ref === undefined ? this.connection(node.connection)?.failure : this.#source.findVm(node.ref)?.failure;
  }

  /** Texts by which two states of a VM's own row and of what stands under it are told apart, but for its tree. */
  lookOf(view: VmView, reading: Reading): string {
    const { id } = this.rows.vm(view.ref);
    return JSON.stringify([
      id,
      this.#vmRow(view, reading),
      view.failure?.kind,
      view.failure?.message,
      view.auto,
      view.kept,
      view.layers?.snapshots,
    ]);
  }

  #top(): readonly Node[] {
    if (welcomeOf(this.#source.connections).state !== 'none') {
      return [];
    }
    return this.#source.connections.map((connection) => this.rows.connection(connection.uri));
  }

  #vmRow(view: VmView, reading: Reading): Row {
    const row = vmRow(view, this.#isReadOnly(view.ref), reading);
    return this.isOpenedByFilter(this.rows.vm(view.ref)) ? { ...row, opens: 'open' } : row;
  }

  #snapshotRow(node: SnapshotNode, reading: Reading): Row | undefined {
    const arranged = this.arranged(node.ref);
    const snapshot = this.#snapshot(node);
    if (arranged === undefined || snapshot === undefined) {
      return undefined;
    }
    const hasRows = arranged.below.has(node.snapshot);
    const place = {
      isCurrent: arranged.tree.current === node.snapshot,
      hasChildren: childrenOf(arranged.tree, node.snapshot).length > 0,
      readOnly: this.#isReadOnly(node.ref),
      ...this.#marks(node, reading),
      opens: !hasRows
        ? ('never' as const)
        : arranged.opensByItself(node.snapshot)
          ? ('open' as const)
          : ('closed' as const),
    };
    return snapshotRow(snapshot, place, reading, this.#size(node));
  }

  #hereRow(node: HereNode, reading: Reading): Row | undefined {
    const view = this.#source.findVm(node.ref);
    if (view === undefined) {
      return undefined;
    }
    const apart = this.#arrangement.layout === 'list' && view.tree !== undefined;
    const current = apart ? currentOf(view.tree)?.title : undefined;
    return hereRow(view, current, this.#isReadOnly(node.ref), reading);
  }

  #size({ ref, snapshot }: SnapshotNode): SnapshotSize | undefined {
    return this.#source.findVm(ref)?.layers?.snapshots.find((size) => size.snapshot === snapshot);
  }

  #marks({ ref, snapshot }: SnapshotNode, reading: Reading): Pick<SnapshotPlace, 'automatic' | 'kept' | 'found'> {
    const view = this.#source.findVm(ref);
    const found = (reading.health?.(ref) ?? []).filter((problem) => snapshotOf(problem) === snapshot);
    return {
      automatic: view?.auto?.includes(snapshot) === true,
      kept: view?.kept?.includes(snapshot) === true,
      ...(found.length === 0 ? {} : { found }),
    };
  }

  #viewOf({ ref }: SnapshotNode): { readonly view?: VmView } {
    const view = this.#source.findVm(ref);
    return view === undefined ? {} : { view };
  }

  #snapshot(node: SnapshotNode): ReturnType<typeof findSnapshot> {
    const tree = this.#source.findVm(node.ref)?.tree;
    return tree && findSnapshot(tree, node.snapshot);
  }

  #isReadOnly(ref: VmRef): boolean {
    return this.connection(ref.connection)?.capabilities?.readOnly === true;
  }
}

/** All VMs that are known, with their keys. */
export function vmsOf(connections: readonly ConnectionView[]): readonly (readonly [key: string, view: VmView])[] {
  return connections.flatMap((connection) => connection.vms.map((vm) => [vmKey(vm.ref), vm] as const));
}
