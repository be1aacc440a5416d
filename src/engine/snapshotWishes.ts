// What a person wants of single snapshots: to keep some, to go back to one. Refuses to know what follows from it.
import type { MarkRequest, StateSeen } from '../domain/loggedOperation.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import { favouriteIn, keepingMarks, keptSnapshots, marksOn } from './keptSnapshots.js';
import { newOperationId } from '../journal/operationLog.js';
import type { Persistence } from './persistence.js';

/** A mark is on no VM, and on no disk. */
const nothingSeen: StateSeen = { power: 'unknown', disks: [] };

export class SnapshotWishes {
  readonly #persistence: Pick<Persistence, 'marks' | 'favourites' | 'operations'>;
  readonly #readTree: (ref: VmRef) => Promise<SnapshotTree>;

  constructor(
    persistence: Pick<Persistence, 'marks' | 'favourites' | 'operations'>,
    readTree: (ref: VmRef) => Promise<SnapshotTree>,
  ) {
    this.#persistence = persistence;
    this.#readTree = readTree;
  }

  async kept(ref: VmRef): Promise<readonly string[]> {
    const marks = await keepingMarks(this.#persistence, ref);
    return marks.length === 0 ? [] : keptSnapshots(await this.#readTree(ref), marks).map(({ name }) => name);
  }

  /** Puts a mark, or takes it off, and keeps that in the log of operations. */
  async mark(request: MarkRequest, undoes?: string): Promise<void> {
    const told = request.kind === 'keep' ? await this.#keep(request) : await this.#prefer(request);
    await this.#persistence.operations.add({
      id: newOperationId(),
      vm: { connection: request.vm.connection, uuid: request.vm.uuid },
      request: told,
      before: nothingSeen,
      after: nothingSeen,
      changes: [],
      ...(undoes === undefined ? {} : { undoes }),
    });
  }

  async #keep(request: Extract<MarkRequest, { kind: 'keep' }>): Promise<MarkRequest> {
    const { vm, snapshots, kept } = request;
    const marks = await this.#persistence.marks.of(vm);
    const before = new Set(keptSnapshots(await this.#readTree(vm), marks).map(({ name }) => name));
    await this.#setKept(vm, snapshots, kept);
    // What was so before stays so when it is undone.
    return { ...request, snapshots: snapshots.filter((name) => before.has(name) === (kept === 'free')) };
  }

  async #prefer(request: Extract<MarkRequest, { kind: 'favourite' }>): Promise<MarkRequest> {
    const { vm, snapshot } = request;
    const before = await this.favourite(vm);
    await this.#setFavourite(vm, snapshot);
    return {
      kind: 'favourite',
      vm,
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(before === undefined ? {} : { instead: before }),
    };
  }

  async #setKept(ref: VmRef, snapshots: readonly string[], kept: 'kept' | 'free'): Promise<void> {
    const tree = await this.#readTree(ref);
    const { marks } = this.#persistence;
    const known = await marks.of(ref);
    for (const snapshot of tree.snapshots.filter(({ name }) => snapshots.includes(name))) {
      const on = marksOn(snapshot, tree, known);
      if (kept === 'free') {
        await Promise.all(on.map((mark) => marks.forget(ref, mark)));
      } else if (on.length === 0) {
        await marks.add(ref, { name: snapshot.name, createdAt: snapshot.createdAt });
      }
    }
  }

  async favourite(ref: VmRef): Promise<string | undefined> {
    const marks = await this.#persistence.favourites.of(ref);
    return marks.length === 0 ? undefined : favouriteIn(await this.#readTree(ref), marks)?.name;
  }

  /** In place of the one before; undefined: none from now on. */
  async #setFavourite(ref: VmRef, snapshot: string | undefined): Promise<void> {
    const { favourites } = this.#persistence;
    if (snapshot === undefined) {
      await Promise.all((await favourites.of(ref)).map((mark) => favourites.forget(ref, mark)));
      return;
    }
    const chosen = (await this.#readTree(ref)).snapshots.find(({ name }) => name === snapshot);
    if (chosen !== undefined) {
      await favourites.add(ref, { name: chosen.name, createdAt: chosen.createdAt });
    }
  }
}
