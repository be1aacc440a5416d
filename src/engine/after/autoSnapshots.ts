// Which snapshots we took unasked, as far as our own records vouch for them, what they are good for, and which are to
// be kept.
import { type Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import type { AutoSnapshot } from '../../domain/facts.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { descendantsOf } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Persistence } from '../../journal/persistence.js';
import { datedIn, favouriteIn, inTrash, findKeptSnapshots, stillKeeping } from '../look/keptSnapshots.js';
import type { Store } from '../../live/store.js';

/** Oldest first: those that are there, say of themselves what the record says, and are of that very second. */
export function trustedRecords(tree: SnapshotTree, records: readonly AutoSnapshot[]): readonly AutoSnapshot[] {
  const byName = new Map(tree.snapshots.map((snapshot) => [snapshot.name, snapshot]));
  return records.filter(({ name, why, createdAt }) => {
    const snapshot = byName.get(name);
    return snapshot?.createdAt === createdAt && snapshot.trailers.auto === why;
  });
}

/**
 * What the last revert left.
 *
 * | newest checkpoint    | the VM stands on, by its current snapshot      | → |
 * |----------------------|------------------------------------------------|---|
 * | there, believed      | the snapshot reverted to, or something above it | it |
 * | there, believed      | the checkpoint itself                          | none: it has been gone back to |
 * | there, believed      | anything else: another revert came after it    | none |
 * | none, or gone        | any                                            | none |
 */
export function undoOf(tree: SnapshotTree, records: readonly AutoSnapshot[]): AutoSnapshot | undefined {
  const last = records.filter(({ why }) => why === 'revert').at(-1);
  const { current } = tree;
  if (last?.target === undefined || current === undefined || current === last.name) {
    return undefined;
  }
  const standsOnTarget =
    current === last.target || descendantsOf(tree, last.target).some((snapshot) => snapshot.name === current);
  return standsOnTarget ? trustedRecords(tree, [last])[0] : undefined;
}

type OwnNotes = Pick<Persistence, 'marks' | 'thumbnails' | 'frozen'>;

/**
 * Keeps in the picture, for each VM whose snapshots are known, which of them are ours, what a revert can go back to,
 * and which are to be kept. What was noted of the layers of a VM goes with the VM.
 */
export class SnapshotMarks implements Disposable {
  readonly #store: Store;
  readonly #persistence: OwnNotes;
  readonly #log: Log;
  readonly #seen = new WeakSet<SnapshotTree>();
  /** The VMs of each connection that was listed as a whole. */
  readonly #listed = new Map<string, ReadonlyMap<string, VmRef>>();
  readonly #listening: Disposable;

  constructor(store: Store, persistence: OwnNotes, log: Log) {
    this.#store = store;
    this.#persistence = persistence;
    this.#log = log;
    this.#listening = store.onDidChange(({ connection, vm }) => {
      if (vm === undefined) {
        this.#forgetGone(connection);
      }
      const changed = vm === undefined ? (store.connection(connection ?? '')?.vms ?? []) : [store.vm(vm) ?? []].flat();
      for (const { ref, tree } of changed) {
        if (tree !== undefined && !this.#seen.has(tree)) {
          this.#seen.add(tree);
          void this.#mark(ref, tree);
          void this.#persistence.thumbnails.keepOnly(ref, tree.snapshots);
        }
      }
    });
  }

  /** Somebody put a mark on one of its snapshots, or took it off. */
  async renew(ref: VmRef): Promise<void> {
    const tree = this.#store.vm(ref)?.tree;
    if (tree !== undefined) {
      await this.#mark(ref, tree);
    }
  }

  dispose(): void {
    this.#listening.dispose();
  }

  /** Only what was seen to go: others may share our folder, and call another daemon by the same name. */
  #forgetGone(changed: string | undefined): void {
    const known = changed === undefined ? new Set([...this.#listed.keys(), ...this.#uris()]) : [changed];
    for (const uri of known) {
      const { loaded = false, vms = [] } = this.#store.connection(uri) ?? {};
      if (!loaded) {
        this.#listed.delete(uri);
        continue;
      }
      const present = new Map(vms.map(({ ref }) => [ref.uuid, ref]));
      for (const [uuid, ref] of this.#listed.get(uri) ?? []) {
        if (!present.has(uuid)) {
          void this.#persistence.frozen.forget(ref);
        }
      }
      this.#listed.set(uri, present);
    }
  }

  #uris(): readonly string[] {
    return this.#store.connections.map(({ uri }) => uri);
  }

  async #mark(ref: VmRef, tree: SnapshotTree): Promise<void> {
    const mayBeOurs = tree.snapshots.some(({ trailers }) => trailers.auto !== undefined);
    const { marks } = this.#persistence;
    const isEmpty = tree.snapshots.length === 0;
    const [ours, kept, favourite, thrown] = await Promise.allSettled([
      mayBeOurs ? marks.auto.of(ref) : Promise.resolve([]),
      isEmpty ? Promise.resolve([]) : marks.kept.of(ref),
      isEmpty ? Promise.resolve([]) : marks.favourite.of(ref),
      isEmpty ? Promise.resolve([]) : marks.trash.of(ref),
    ]);
    if (this.#store.vm(ref)?.tree !== tree) {
      return;
    }
    if (ours.status === 'fulfilled') {
      const auto = names(trustedRecords(tree, ours.value));
      this.#store.putVm(ref, { undo: undoOf(tree, ours.value), auto });
    } else {
      this.#log.warn(`it is not known which snapshots were taken unasked: ${asFailure(ours.reason).message}`);
    }
    if (thrown.status === 'fulfilled') {
      const there = inTrash(tree, thrown.value).map(({ name, until }) => ({ name, until }));
      this.#store.putVm(ref, { trash: there.length === 0 ? undefined : there });
    }
    if (kept.status === 'fulfilled' && favourite.status === 'fulfilled') {
      const dated = datedIn(tree, kept.value);
      this.#store.putVm(ref, {
        kept: names(findKeptSnapshots(tree, [...stillKeeping(kept.value, Date.now()), ...favourite.value])),
        keptUntil: dated.length === 0 ? undefined : dated,
        favourite: favouriteIn(tree, favourite.value)?.name,
      });
      return;
    }
    for (const one of [kept, favourite]) {
      if (one.status === 'rejected') {
        this.#log.warn(`it is not known which snapshots are to be kept: ${asFailure(one.reason).message}`);
      }
    }
  }
}

function names(snapshots: readonly { readonly name: string }[]): readonly string[] | undefined {
  return snapshots.length === 0 ? undefined : snapshots.map(({ name }) => name);
}
