// What a person wants of single snapshots: to keep some, to go back to one. Refuses to know what follows from it.
import type { SnapshotTree } from '../domain/snapshot.js';
import type { VmRef } from '../domain/vm.js';
import { favouriteIn, keepingMarks, keptSnapshots, marksOn } from './keptSnapshots.js';
import type { Persistence } from './persistence.js';

export class SnapshotWishes {
  readonly #persistence: Pick<Persistence, 'marks' | 'favourites'>;
  readonly #readTree: (ref: VmRef) => Promise<SnapshotTree>;

  constructor(persistence: Pick<Persistence, 'marks' | 'favourites'>, readTree: (ref: VmRef) => Promise<SnapshotTree>) {
    this.#persistence = persistence;
    this.#readTree = readTree;
  }

  async kept(ref: VmRef): Promise<readonly string[]> {
    const marks = await keepingMarks(this.#persistence, ref);
    return marks.length === 0 ? [] : keptSnapshots(await this.#readTree(ref), marks).map(({ name }) => name);
  }

  async setKept(ref: VmRef, snapshots: readonly string[], kept: 'kept' | 'free'): Promise<void> {
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
  async setFavourite(ref: VmRef, snapshot: string | undefined): Promise<void> {
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
