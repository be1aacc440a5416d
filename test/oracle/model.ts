// The simplest true account of a VM with snapshots: values, and what each operation makes of them. It says what must
// be; OracleVm compares. Knows no libvirt, no files, no names but those that people give.
import type { Content } from './blocks.js';
import type { Power, SnapshotKind, SnapshotStyle } from './seen.js';

export type { Power, SnapshotKind, SnapshotStyle };

/** Each disk's content, by the guest's number of the disk. */
export type Disks = readonly Content[];

/** By how many bytes each disk is larger than it was at first. */
export type Sizes = readonly number[];

/** RAM that the guest can tell of; a guest that has just booted has a counter of 0 and nothing filled. */
export interface Ram {
  readonly counter: number;
  readonly kib: number;
  readonly seed: number;
}

export const bootedRam: Ram = { counter: 0, kib: 0, seed: 0 };

export interface ModelSnapshot {
  /** libvirt's name. */
  readonly name: string;
  readonly title: string;
  readonly parent: string | undefined;
  readonly kind: SnapshotKind;
  readonly style: SnapshotStyle;
  readonly disks: Disks;
  readonly sizes: Sizes;
  /** What the VM was when it was taken. */
  readonly power: Power;
  /** The RAM of a memory snapshot. */
  readonly ram: Ram | undefined;
}

export type PowerAction = 'start' | 'shutDown' | 'save' | 'forceOff' | 'pause' | 'resume' | 'restart';
export type DeleteScope = 'one' | 'withDescendants' | 'descendants';

export interface ModelState {
  readonly power: Power;
  readonly disks: Disks;
  readonly sizes: Sizes;
  /** Absent while it is off. */
  readonly ram: Ram | undefined;
  /** A managed save: the RAM with which it will start. */
  readonly saved: Ram | undefined;
  /** By name, parents before their children. */
  readonly snapshots: ReadonlyMap<string, ModelSnapshot>;
  readonly current: string | undefined;
}

/** A value: every operation returns the model of the VM after it. */
export class Model implements ModelState {
  readonly power: Power;
  readonly disks: Disks;
  readonly sizes: Sizes;
  readonly ram: Ram | undefined;
  readonly saved: Ram | undefined;
  readonly snapshots: ReadonlyMap<string, ModelSnapshot>;
  readonly current: string | undefined;

  private constructor(state: ModelState) {
    this.power = state.power;
    this.disks = state.disks;
    this.sizes = state.sizes;
    this.ram = state.ram;
    this.saved = state.saved;
    this.snapshots = state.snapshots;
    this.current = state.current;
  }

  /** A VM that is off, with empty disks and no snapshot. */
  static fresh(diskCount: number): Model {
    const disks = Array.from({ length: diskCount }, (): Content => new Map());
    return new Model({
      power: 'off',
      disks,
      sizes: disks.map(() => 0),
      ram: undefined,
      saved: undefined,
      snapshots: new Map(),
      current: undefined,
    });
  }

  /** What was written down of one. */
  static of(state: ModelState): Model {
    return new Model(state);
  }

  wrote(disk: number, blocks: Iterable<readonly [block: number, seed: number]>): Model {
    return this.#with({ disks: this.disks.with(disk, new Map([...this.disks[disk]!, ...blocks])) });
  }

  /** What the guest wrote before stands where it was. */
  grown(disk: number, bytes: number): Model {
    return this.#with({ sizes: this.sizes.with(disk, this.sizes[disk]! + bytes) });
  }

  /** Somebody has defined the VM, which is off, anew, without its snapshots: on disks that hold this. */
  definedAnew({ disks, sizes }: Pick<ModelState, 'disks' | 'sizes'>): Model {
    return this.#with({ disks, sizes, snapshots: new Map(), current: undefined });
  }

  setRam(change: Partial<Ram>): Model {
    return this.#with({ ram: { ...this.ram!, ...change } });
  }

  /** The new snapshot is a child of the current one and becomes current; the VM goes on as it was. */
  created({ name, title, kind, style }: Pick<ModelSnapshot, 'name' | 'title' | 'kind' | 'style'>): Model {
    const snapshot: ModelSnapshot = {
      name,
      title,
      kind,
      style,
      parent: this.current,
      disks: this.disks,
      sizes: this.sizes,
      power: this.power,
      ram: kind === 'memory' ? this.ram : undefined,
    };
    return this.#with({ snapshots: new Map([...this.snapshots, [name, snapshot]]), current: name });
  }

  /**
   * What nobody kept is gone, a managed save too. RAM comes back with a memory snapshot; any other is booted, if it is
   * to run.
   * @param after absent: as it was when the snapshot was taken, and off where that had no RAM
   */
  reverted(name: string, after?: Power): Model {
    const snapshot = this.snapshots.get(name)!;
    const power = after ?? naturalPower(snapshot);
    return this.#with({
      power,
      disks: snapshot.disks,
      sizes: snapshot.sizes,
      ram: power === 'off' ? undefined : (snapshot.ram ?? bootedRam),
      saved: undefined,
      current: name,
    });
  }

  /** Somebody gave the VM, which is off, the very files that a snapshot froze. */
  standingOn(name: string): Model {
    const { disks, sizes } = this.snapshots.get(name)!;
    return this.#with({ disks, sizes });
  }

  /** libvirt has forgotten, or been told, which snapshot is the current one. */
  marked(current: string | undefined): Model {
    return this.#with({ current });
  }

  /** Nothing but restore points goes. Children go to the parent, and so does the mark of the current one. */
  deleted(name: string, scope: DeleteScope): Model {
    const below = this.descendants(name);
    const going = new Set([...(scope === 'descendants' ? [] : [name]), ...(scope === 'one' ? [] : below)]);
    const staying = (from: string | undefined): string | undefined => {
      let at = from;
      while (at !== undefined && going.has(at)) {
        at = this.snapshots.get(at)?.parent;
      }
      return at;
    };
    const left = [...this.snapshots.values()]
      .filter((snapshot) => !going.has(snapshot.name))
      .map((snapshot) => [snapshot.name, { ...snapshot, parent: staying(snapshot.parent) }] as const);
    return this.#with({ snapshots: new Map(left), current: staying(this.current) });
  }

  /** The VM is as it was, and no snapshot is the one that it goes on from. */
  withoutCurrent(): Model {
    return this.#with({ current: undefined });
  }

  /** Another title, and perhaps another name. */
  renamed(name: string, title: string, newName = name): Model {
    const moved = (other: string | undefined): string | undefined => (other === name ? newName : other);
    const snapshots = [...this.snapshots.values()].map((snapshot) => {
      const { parent } = snapshot;
      return snapshot.name === name
        ? ([newName, { ...snapshot, name: newName, title }] as const)
        : ([snapshot.name, { ...snapshot, parent: moved(parent) }] as const);
    });
    return this.#with({ snapshots: new Map(snapshots), current: moved(this.current) });
  }

  /** A memory snapshot lost its RAM and is one of the disks alone, of another name and the same title. */
  withoutRam(name: string, newName: string): Model {
    const { title } = this.snapshots.get(name)!;
    const { snapshots, ...others } = this.renamed(name, title, newName);
    const lost = { ...snapshots.get(newName)!, kind: 'disk', ram: undefined } as const;
    return new Model({ ...others, snapshots: new Map([...snapshots, [newName, lost]]) });
  }

  /** `save` is of a VM that runs, for it starts as it was. */
  powered(action: PowerAction): Model {
    switch (action) {
      case 'start':
        return this.#with({ power: 'running', ram: this.saved ?? bootedRam, saved: undefined });
      case 'save':
        return this.#with({ power: 'off', ram: undefined, saved: this.ram });
      case 'restart':
        return this.#with({ ram: bootedRam });
      case 'shutDown':
      case 'forceOff':
        return this.#with({ power: 'off', ram: undefined });
      case 'pause':
        return this.#with({ power: 'paused' });
      case 'resume':
        return this.#with({ power: 'running' });
    }
  }

  children(name: string): readonly ModelSnapshot[] {
    return [...this.snapshots.values()].filter(({ parent }) => parent === name);
  }

  descendants(name: string): readonly string[] {
    return this.children(name).flatMap((child) => [child.name, ...this.descendants(child.name)]);
  }

  /** The current snapshot and those that it comes from: the VM's disks rest on them. */
  activePath(): ReadonlySet<string> {
    const path = new Set<string>();
    for (let at = this.current; at !== undefined; at = this.snapshots.get(at)?.parent) {
      path.add(at);
    }
    return path;
  }

  #with(change: Partial<ModelState>): Model {
    return new Model({ ...(this as ModelState), ...change });
  }
}

/** What a VM is after a revert that asks for nothing: only RAM of an active VM brings it back so. */
export function naturalPower({ kind, power }: Pick<ModelSnapshot, 'kind' | 'power'>): Power {
  return kind === 'memory' ? power : 'off';
}
