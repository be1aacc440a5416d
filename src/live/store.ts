// Holds the views of all connections and says what changed. It refuses to know where the values come from.
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import { identityOf, type Snapshot, type SnapshotTree } from '../domain/snapshot.js';
import { activePath } from '../domain/snapshotTree.js';
import type { VmRef } from '../domain/vm.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import { share } from './sharing.js';
import type { ConnectionView, StoreChange, VmView } from './views.js';

/** Fields to replace; an explicit `undefined` takes an optional field away. */
type Patch<T> = { readonly [K in keyof T]?: T[K] | undefined };
type VmPatch = Patch<Omit<VmView, 'ref'>>;
type ConnectionPatch = Patch<Omit<ConnectionView, 'uri' | 'vms'>>;

/**
 * Made when there is something to sort: the first one of a process takes some milliseconds, which the editor's start
 * need not.
 */
let byName: Intl.Collator | undefined;

/** Every change is announced once, with the smallest scope, and only if a value differs from the one before. */
export class Store {
  readonly #changed = new Emitter<StoreChange>();
  readonly onDidChange = this.#changed.event;
  readonly #log: Log;
  /** Where each is in the list, and its VMs by their UUIDs: there may be a thousand of both. */
  readonly #places = new Map<string, number>();
  readonly #vms = new Map<string, Map<string, VmView>>();
  #connections: readonly ConnectionView[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  get connections(): readonly ConnectionView[] {
    return this.#connections;
  }

  connection(uri: string): ConnectionView | undefined {
    return this.#connections[this.#places.get(uri) ?? -1];
  }

  vm(ref: VmRef): VmView | undefined {
    return this.#vms.get(ref.connection)?.get(ref.uuid);
  }

  setWanted(wanted: readonly WantedConnection[]): void {
    const next = wanted.map((one): ConnectionView => {
      const before = this.connection(one.uri);
      const wish = { name: undefined, readOnly: undefined, onDemand: undefined, ...one };
      return before === undefined
        ? { ...one, state: 'idle', vms: [], loaded: false }
        : share(before, applyPatch<ConnectionView>(before, wish));
    });
    if (next.length === this.#connections.length && next.every((view, index) => view === this.#connections[index])) {
      return;
    }
    this.#connections = next;
    this.#places.clear();
    next.forEach(({ uri }, place) => this.#places.set(uri, place));
    for (const uri of this.#vms.keys()) {
      if (!this.#places.has(uri)) {
        this.#vms.delete(uri);
      }
    }
    this.#fire({});
  }

  patchConnection(uri: string, patch: ConnectionPatch): void {
    const before = this.connection(uri);
    const after = before && share(before, applyPatch<ConnectionView>(before, patch));
    if (before !== undefined && after !== undefined && after !== before) {
      this.#replace(before, after);
      this.#fire({ connection: uri });
    }
  }

  /**
   * Changes a VM, or adds it when the patch holds a `vm`. Until the connection is loaded nothing is announced: the
   * first list appears as a whole.
   */
  putVm(ref: VmRef, patch: VmPatch): void {
    const connection = this.connection(ref.connection);
    const before = this.vm(ref);
    if (connection === undefined || (before === undefined && patch.vm === undefined)) {
      return;
    }
    const base = before ?? (patch.vm === undefined ? undefined : { ref, vm: patch.vm });
    if (base === undefined) {
      return;
    }
    const after = share(
      before,
      applyPatch<VmView>(base, { ...patch, ...withOlder(base, patch), ...standsSince(base, patch) }),
    );
    if (after === before) {
      return;
    }
    const moved = before?.vm.name !== after.vm.name;
    const place = before === undefined ? connection.vms.length : connection.vms.indexOf(before);
    const vms = moved ? insertInOrder(connection.vms.toSpliced(place, 1), after) : connection.vms.with(place, after);
    this.#vms.set(ref.connection, (this.#vms.get(ref.connection) ?? new Map<string, VmView>()).set(ref.uuid, after));
    this.#replace(connection, { ...connection, vms });
    if (connection.loaded) {
      this.#fire(moved ? { connection: ref.connection } : { connection: ref.connection, vm: ref });
    }
  }

  removeVm(ref: VmRef): void {
    const connection = this.connection(ref.connection);
    if (connection !== undefined && this.#vms.get(ref.connection)?.delete(ref.uuid) === true) {
      const vms = connection.vms.filter((view) => view.ref.uuid !== ref.uuid);
      this.#replace(connection, { ...connection, vms });
      this.#fire({ connection: ref.connection });
    }
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #replace(before: ConnectionView, after: ConnectionView): void {
    this.#connections = this.#connections.with(this.#connections.indexOf(before), after);
  }

  #fire(change: StoreChange): void {
    try {
      this.#changed.fire(change);
    } catch (error) {
      // A reader that fails must not stop what the others see, nor the poll that called.
      this.#log.error(`a reader of the store failed: ${String(error)}`);
    }
  }
}

/** A snapshot that was known before the VM was read, and found running, is older than its run. */
function withOlder({ tree, olderThanLastRun: known }: VmView, { vm }: VmPatch): Pick<VmView, 'olderThanLastRun'> {
  if (vm?.power !== 'running' || tree === undefined) {
    return {};
  }
  const paused = tree.snapshots.filter(({ state, memory }) => state === 'paused' && memory.location === 'external');
  // None is no news where none was known.
  return paused.length === 0 && known === undefined ? {} : { olderThanLastRun: paused.map(identityOf) };
}

/**
 * QEMU writes the RAM of a VM that stands still to a file but once. The snapshot that it was written for may go, which
 * changes nothing of that: only a VM that runs, or begins anew, can have its RAM written again.
 *
 * | the VM                      | on its branch, a snapshot with RAM in files, of the VM while it stood still | → |
 * |-----------------------------|-----------------------------------------------------------------------------|---|
 * | does not stand still        | any                                                                         | nothing |
 * | stands still                | one, and it was not seen running since                                      | that one |
 * | stands still since a revert | one that was not there before                                               | that one |
 * | was just reverted           | none of these                                                               | nothing |
 * | stands still otherwise      | none of these                                                               | what was known |
 */
function standsSince(before: VmView, { vm = before.vm, tree = before.tree }: VmPatch): Pick<VmPatch, 'standsSince'> {
  if (vm.power !== 'paused' || tree === undefined) {
    return { standsSince: undefined };
  }
  const { olderThanLastRun = [], standsSince: known } = before;
  const cameBack = vm.powerReason === 'fromSnapshot';
  const isNew = (one: Snapshot): boolean =>
    before.tree?.snapshots.every((other) => identityOf(other) !== identityOf(one)) === true;
  const last = activePath(tree).findLast(
    (one) =>
      one.state === 'paused' &&
      one.memory.location === 'external' &&
      !olderThanLastRun.includes(identityOf(one)) &&
      (!cameBack || isNew(one)),
  );
  return { standsSince: last?.title ?? (cameBack && wasReverted(before, tree) ? undefined : known) };
}

/**
 * The VM stands on another snapshot, and the one that it stood on was not deleted; or it did not stand still so before.
 */
function wasReverted({ vm, tree: before }: VmView, tree: SnapshotTree): boolean {
  const isMoved =
    before?.current !== undefined &&
    before.current !== tree.current &&
    tree.snapshots.some(({ name }) => name === before.current) &&
    before.snapshots.some(({ name }) => name === tree.current);
  return isMoved || vm.power !== 'paused' || vm.powerReason !== 'fromSnapshot';
}

/** Into a list in order, found by halves. */
function insertInOrder(vms: readonly VmView[], view: VmView): readonly VmView[] {
  let [from, to] = [0, vms.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = vms[middle];
    if (other !== undefined && inOrder(other, view) < 0) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return vms.toSpliced(from, 0, view);
}

function inOrder(a: VmView, b: VmView): number {
  byName ??= new Intl.Collator(undefined, { numeric: true });
  return byName.compare(a.vm.name, b.vm.name) || (a.ref.uuid < b.ref.uuid ? -1 : 1);
}

function applyPatch<T extends object>(before: T, patch: Patch<T>): T {
  const entries = Object.entries({ ...before, ...patch }).filter(([, value]) => value !== undefined);
  // Only optional fields can be undefined in a patch that the callers' types let through.
  return Object.fromEntries(entries) as T;
}

/** @throws Failure `notFound` where it, or its snapshots, were not read */
export function requireVm(store: Store, ref: VmRef): VmView & { readonly tree: SnapshotTree } {
  const view = store.vm(ref);
  if (view?.tree === undefined) {
    throw new Failure('notFound', { connection: ref.connection, vm: ref.uuid });
  }
  return { ...view, tree: view.tree };
}
