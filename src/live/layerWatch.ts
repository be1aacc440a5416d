// Keeps what is known of the layers of one connection's VMs, from the call that tells of all of them at once. Refuses
// to decide whether to look.
import { type BesideStatistics, filesBeside, layersFromStatistics } from '../domain/chains/layersFromStatistics.js';
import type { Hypervisor } from '../driver/hypervisor.js';
import type { Disposable } from '../base/disposable.js';
import type { Log } from '../base/log.js';
import type { VmStatistics } from '../domain/diskStatistics.js';
import { Failure } from '../domain/failure.js';
import type { MergeFrees, Room, VmLayers } from '../domain/layers.js';
import { emptyTree } from '../domain/snapshot.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, within } from '../base/clock.js';
import { mapLimited } from '../base/mapLimited.js';
import type { Store } from './store.js';
import { readGrownMerges } from './layerMerges.js';
import { share } from './sharing.js';
import { chainsOf, foldersOf, hasOverlay, isSameStatistics } from './statisticsFacts.js';
import type { VmView } from './views.js';
import { xmlChain } from '../domain/vm.js';

/** The daemon opens the images of VMs that are off: on a share whose server is gone that takes for ever. */
const patienceMs = 30_000;
const atOnce = 4;
/** From the first VM that is to be looked at to the look: several come together. */
const gatherMs = 100;

/** By file, names of the VMs that rest on it. */
type Users = ReadonlyMap<string, ReadonlySet<string>>;

interface LayerWatchOptions {
  readonly uri: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Reads the configuration and the snapshots of a VM into the picture. */
  readonly readVm: (uuid: string) => Promise<void>;
  /** Reads the list of VMs, and those that are new. */
  readonly readList: () => Promise<void>;
  /** An operation of ours runs on this VM; it reads the VM itself. */
  readonly isHeld: (uuid: string) => boolean;
  /** The connection, while it is open. */
  readonly open: () => Hypervisor | undefined;
  readonly isLookedAt: () => boolean;
}

export class LayerWatch implements Disposable {
  readonly #options: LayerWatchOptions;
  /**
   * By UUID, what was told last: the same object as long as it says the same, so that what is made of it can be kept.
   */
  readonly #told = new Map<string, VmStatistics>();
  /** By UUID, the chains to which the snapshots in the picture belong. */
  readonly #fitting = new Map<string, string>();
  /** By UUID, what the picture was made of last: the same again makes the same. */
  readonly #done = new Map<string, { readonly of: VmStatistics; readonly users: Users; readonly view: VmView }>();
  readonly #wanted = new Set<string>();
  /** VMs of which what is known was true before an operation of ours. */
  readonly #changed = new Set<string>();
  #restedOn:
    { readonly views: readonly VmView[]; readonly told: readonly unknown[]; readonly users: Users } | undefined;
  #reading: Promise<void> | undefined;
  #timer: Disposable | undefined;

  constructor(options: LayerWatchOptions) {
    this.#options = options;
  }

  /** All VMs of the connection, with whatever was never read of them. Rejects with a Failure. */
  sweep(hypervisor: Hypervisor): Promise<void> {
    this.#reading ??= this.#sweep(hypervisor).finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** Sizes and chains of these VMs a moment later, all in one call, if somebody still looks then. */
  soon(uuids: readonly string[]): void {
    uuids.forEach((uuid) => this.#wanted.add(uuid));
    this.#lookSoon();
  }

  /**
   * An operation of ours is over. Corrects what is known of this VM's layers, for all views: nothing else would, for
   * minutes.
   */
  noteChange(uuid: string): void {
    if (this.#options.store.vm({ connection: this.#options.uri, uuid })?.layers !== undefined) {
      this.#changed.add(uuid);
      this.#lookSoon();
    }
  }

  dispose(): void {
    this.#timer?.dispose();
  }

  #lookSoon(): void {
    if (this.#wanted.size + this.#changed.size > 0) {
      this.#timer ??= this.#options.clock.setTimer(gatherMs, () => void this.#look());
    }
  }

  async #look(): Promise<void> {
    this.#timer = undefined;
    const uuids = [...new Set([...this.#changed, ...(this.#options.isLookedAt() ? this.#wanted : [])])];
    this.#changed.clear();
    this.#wanted.clear();
    const hypervisor = this.#options.open();
    if (hypervisor === undefined || uuids.length === 0) {
      return;
    }
    try {
      const told = await this.#ask(hypervisor, uuids);
      this.#put(told, new Map(), await this.#readBeside(hypervisor, told));
    } catch (error) {
      this.#options.log.debug(`sizes could not be read: ${asFailure(error).kind}`);
    }
  }

  async #sweep(hypervisor: Hypervisor): Promise<void> {
    const told = await this.#ask(hypervisor, []);
    const known = new Set(this.#views().map(({ ref }) => ref.uuid));
    if (known.size !== told.size || [...told.keys()].some((uuid) => !known.has(uuid))) {
      await this.#options.readList();
    }
    const unfitting = this.#views().flatMap((view) =>
      this.#isUnfitting(view, told.get(view.ref.uuid)) ? [view.ref.uuid] : [],
    );
    await mapLimited(unfitting, atOnce, (uuid) => this.#fit(uuid, told.get(uuid)));
    this.#put(told, await this.#rooms(hypervisor, told));
  }

  async #ask(hypervisor: Hypervisor, uuids: readonly string[]): Promise<ReadonlyMap<string, VmStatistics>> {
    const told = await within(this.#options.clock, patienceMs, hypervisor.readDiskStatistics(uuids), 'late' as const);
    if (told === 'late') {
      throw new Failure('busy', { connection: this.#options.uri, doing: "reading the disks' statistics" });
    }
    for (const [uuid, statistics] of told) {
      const before = this.#told.get(uuid);
      if (before === undefined || !isSameStatistics(before, statistics)) {
        this.#told.set(uuid, statistics);
      }
    }
    return new Map([...told].map(([uuid, statistics]) => [uuid, this.#told.get(uuid) ?? statistics]));
  }

  #views(): readonly VmView[] {
    const { store, uri } = this.#options;
    return store.connection(uri)?.vms ?? [];
  }

  /** It has snapshots that were never read, or other layers than when they were. */
  #isUnfitting(view: VmView, told: VmStatistics | undefined): boolean {
    const { uuid } = view.ref;
    if (told === undefined || this.#options.isHeld(uuid)) {
      return false;
    }
    const mayHave = (view.snapshotCount ?? 0) > 0 || hasOverlay(told);
    return this.#fitting.get(uuid) === undefined
      ? mayHave && view.tree === undefined
      : this.#fitting.get(uuid) !== chainsOf(told);
  }

  async #fit(uuid: string, told: VmStatistics | undefined): Promise<void> {
    const { readVm, log } = this.#options;
    try {
      // One that a job of another client holds is left for the next time.
      const read = await within(
        this.#options.clock,
        patienceMs,
        readVm(uuid).then(() => true),
        false,
      );
      if (read && told !== undefined) {
        this.#fitting.set(uuid, chainsOf(told));
      }
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind === 'lost' || failure.kind === 'cancelled') {
        throw failure;
      }
      log.debug(`the snapshots of VM ${uuid} could not be read: ${failure.kind}`);
    }
  }

  /** Only where that costs no call. */
  async #rooms(
    { nearbyFiles }: Hypervisor,
    told: ReadonlyMap<string, VmStatistics>,
  ): Promise<ReadonlyMap<string, Room>> {
    if (nearbyFiles === undefined) {
      return new Map();
    }
    const folders = [...new Set([...told.values()].flatMap(foldersOf))];
    const rooms = await mapLimited(folders, atOnce, async (folder): Promise<Room> => {
      const space = await within(this.#options.clock, patienceMs, nearbyFiles.space(folder), undefined);
      return { folder, freeBytes: space?.free ?? 'unknown', totalBytes: space?.total ?? 'unknown' };
    });
    return new Map(rooms.map((room) => [room.folder, room]));
  }

  /** What the statistics do not tell, from files of this computer: of what is shown, and no call on the daemon. */
  async #readBeside(
    { nearbyFiles, nearbyContents }: Hypervisor,
    told: ReadonlyMap<string, VmStatistics>,
  ): Promise<ReadonlyMap<string, BesideStatistics>> {
    const { store, uri, clock } = this.#options;
    if (nearbyFiles === undefined || nearbyContents === undefined) {
      return new Map();
    }
    const all = await mapLimited([...told], atOnce, async ([uuid, statistics]) => {
      const view = store.vm({ connection: uri, uuid });
      const needs = filesBeside(statistics, view?.tree ?? emptyTree);
      const files = await mapLimited(needs.files, atOnce, async (file) => {
        const facts = await within(clock, patienceMs, nearbyFiles.file(file), 'unknown' as const);
        return [file, facts === 'missing' ? 0 : facts === 'unknown' ? facts : facts.allocatedBytes] as const;
      });
      const present = statistics.active ? 'written' : 'still';
      const inside = await mapLimited(needs.images, atOnce, async (file) => {
        const sizes = await within(clock, patienceMs, nearbyContents.internalSizes(file, present), 'failed' as const);
        return typeof sizes === 'string' ? [] : [[file, sizes] as const];
      });
      const reading = readGrownMerges({ files: nearbyFiles, contents: nearbyContents }, statistics, view);
      const merges = await within(clock, patienceMs, reading, new Map<string, MergeFrees>());
      return [uuid, { files: new Map(files), inside: new Map(inside.flat()), merges }] as const;
    });
    return new Map(all);
  }

  #put(
    told: ReadonlyMap<string, VmStatistics>,
    rooms: ReadonlyMap<string, Room>,
    besides: ReadonlyMap<string, BesideStatistics> = new Map(),
  ): void {
    const { store, clock } = this.#options;
    this.#forgetGone();
    const users = this.#users();
    // Each VM is put once: the others' views stay what they are meanwhile.
    for (const view of this.#views()) {
      const { ref } = view;
      const statistics = told.get(ref.uuid);
      if (statistics !== undefined && !isSilent(statistics, view.layers)) {
        const { vm, tree, layers: before } = view;
        const beside = besides.get(ref.uuid);
        const done = this.#done.get(ref.uuid);
        if (
          before !== undefined &&
          beside === undefined &&
          done?.of === statistics &&
          done.users === users &&
          isOf(view, done.view)
        ) {
          const now = withRooms(before.rooms, statistics, rooms);
          if (now !== before.rooms) {
            store.putVm(ref, { layers: { ...before, rooms: now } });
          }
          continue;
        }
        const known = {
          ...(tree === undefined ? {} : { tree }),
          ...(before === undefined ? {} : { before }),
          ...(beside === undefined ? {} : { beside }),
        };
        const layers = layersFromStatistics(statistics, { vm, users, now: clock.now(), ...known });
        const fresh = { ...layers, rooms: withRooms(layers.rooms, statistics, rooms) };
        store.putVm(ref, { layers: isSame(before, fresh) ? before : fresh });
        const after = store.vm(ref);
        if (after !== undefined) {
          this.#done.set(ref.uuid, { of: statistics, users, view: after });
        }
      }
    }
  }

  /** Forks come and go by the hundred; and one that comes again under its UUID was never read. */
  #forgetGone(): void {
    const there = new Set(this.#views().map(({ ref }) => ref.uuid));
    for (const known of [this.#told, this.#fitting, this.#done]) {
      [...known.keys()].filter((uuid) => !there.has(uuid)).forEach((uuid) => known.delete(uuid));
    }
  }

  /** The same object as long as it says the same. */
  #users(): Users {
    const views = this.#views();
    const told = views.map(({ ref }) => this.#told.get(ref.uuid));
    const before = this.#restedOn;
    if (
      before?.views.length === views.length &&
      views.every((view, index) => restsOnSame(view, before.views[index]) && told[index] === before.told[index])
    ) {
      return before.users;
    }
    const now = this.#usersNow();
    const users = before !== undefined && isSameUsers(before.users, now) ? before.users : now;
    this.#restedOn = { views, told, users };
    return users;
  }

  #usersNow(): Users {
    const users = new Map<string, Set<string>>();
    for (const { ref, vm, layers } of this.#views()) {
      const disks = vm.disks.filter(({ device }) => device !== 'cdrom' && device !== 'floppy');
      for (const file of [
        ...(this.#told.get(ref.uuid)?.layers.flatMap(({ file }) => file ?? []) ?? []),
        ...disks.flatMap(xmlChain),
        ...(layers?.disks.flatMap((disk) => disk.layers.map((layer) => layer.file)) ?? []),
      ]) {
        const names = users.get(file) ?? new Set();
        users.set(file, names.add(vm.name));
      }
    }
    return users;
  }
}

/** A job keeps the VM busy: what was known is newer than nothing. */
function isSilent({ layers }: VmStatistics, before: VmLayers | undefined): boolean {
  return (
    before !== undefined && layers.length > 0 && layers.every(({ allocatedBytes }) => allocatedBytes === 'unknown')
  );
}

/** Nothing is announced where only the time differs. */
function isSame(before: VmLayers | undefined, now: VmLayers): before is VmLayers {
  return before !== undefined && share(before, { ...now, readAt: before.readAt }) === before;
}

/** Nothing of it that tells which VM rests on which file is another. */
function restsOnSame(now: VmView, then: VmView | undefined): boolean {
  return (
    now === then || (now.ref.uuid === then?.ref.uuid && now.vm === then.vm && now.layers?.disks === then.layers?.disks)
  );
}

/** Nothing that the layers are made from has become another. */
function isOf(now: VmView, then: VmView): boolean {
  return now.vm === then.vm && now.tree === then.tree && now.layers?.disks === then.layers?.disks;
}

function isSameUsers(one: Users, other: Users): boolean {
  return (
    one.size === other.size &&
    [...one].every(([file, names]) => {
      const others = other.get(file);
      return others?.size === names.size && [...names].every((name) => others.has(name));
    })
  );
}

function withRooms(
  before: readonly Room[],
  statistics: VmStatistics,
  fresh: ReadonlyMap<string, Room>,
): readonly Room[] {
  const known = new Map(before.map((room) => [room.folder, room]));
  const folders = new Set([...foldersOf(statistics), ...known.keys()]);
  return share(
    before,
    [...folders].flatMap((folder) => fresh.get(folder) ?? known.get(folder) ?? []),
  );
}
