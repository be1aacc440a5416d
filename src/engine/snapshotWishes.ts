// What a person wants of single snapshots: to keep some, to go back to one.
import { Failure } from '../domain/failure.js';
import { type MarkRequest, logAsUnchanged, loggedSnapshotsOf, type LoggedState } from '../domain/loggedOperation.js';
import type { Snapshot } from '../domain/snapshot.js';
import { clockRefusal } from '../domain/untilDate.js';
import type { VmRef } from '../domain/vm.js';
import {
  datedIn,
  type DatedSnapshot,
  favouriteIn,
  findKeptSnapshots,
  inTrash,
  keepingMarks,
  marksOn,
} from './look/keptSnapshots.js';
import { newOperationId } from '../journal/operationLog.js';
import { overInTrash } from './after/trash.js';
import type { EnginePort } from './enginePort.js';
import type { OneSnapshot } from '../journal/snapshotRecords.js';
import type { TrashMark } from '../journal/marks.js';
import type { Persistence } from '../journal/persistence.js';

/** In the trash, or kept again, at least. */
const leastMs = 24 * 3_600_000;

/** A mark is on no VM, and on no disk. */
const nothingSeen: LoggedState = { power: 'unknown', disks: [] };

type KeepRequest = Extract<MarkRequest, { kind: 'keep' }>;

type WishPersistence = Pick<Persistence, 'marks' | 'operations' | 'audit'>;

export class SnapshotWishes {
  readonly #persistence: WishPersistence;
  readonly #seen: Pick<EnginePort, 'readTree' | 'findVm'>;

  constructor(persistence: WishPersistence, seen: Pick<EnginePort, 'readTree' | 'findVm'>) {
    this.#persistence = persistence;
    this.#seen = seen;
  }

  async readKept(ref: VmRef): Promise<readonly string[]> {
    const marks = await keepingMarks(this.#persistence, ref);
    return marks.length === 0 ? [] : findKeptSnapshots(await this.#seen.readTree(ref), marks).map(({ name }) => name);
  }

  async readDated(ref: VmRef): Promise<readonly DatedSnapshot[]> {
    const marks = (await this.#persistence.marks.kept.of(ref)).filter(({ until }) => until !== undefined);
    return marks.length === 0 ? [] : datedIn(await this.#seen.readTree(ref), marks);
  }

  async readTrash(ref: VmRef): Promise<readonly TrashMark[]> {
    const marks = await this.#persistence.marks.trash.of(ref);
    return marks.length === 0 ? [] : inTrash(await this.#seen.readTree(ref), marks);
  }

  overInTrash(ref: VmRef, now: number): Promise<readonly TrashMark[]> {
    return overInTrash(this.#persistence.marks, ref, now);
  }

  async vmsWithExpired(now: number): Promise<readonly VmRef[]> {
    const { kept, trash } = this.#persistence.marks;
    const dated = await kept.vms(({ until }) => until !== undefined && until <= now);
    return [...dated, ...(await trash.vms(({ until, whole }) => whole === true && until <= now))];
  }

  /**
   * Puts a mark, or takes it off, and keeps that in the log and the history, unless it changes nothing: then nothing is
   * to be undone.
   */
  async mark(request: MarkRequest, undoes?: string, asked?: 'unasked'): Promise<void> {
    await (request.kind === 'keep' && undoes === undefined ? this.#requireClock(request) : undefined);
    for (const one of request.kind === 'keep' ? await this.#groups(request, undoes) : [request]) {
      await this.#mark(one, undoes, asked);
    }
  }

  /** @throws Failure `refused` */
  async #requireClock({ vm: ref, until }: KeepRequest): Promise<void> {
    const vm = this.#seen.findVm(ref)?.vm;
    const refused =
      vm === undefined || until === undefined
        ? undefined
        : clockRefusal(vm, await this.#seen.readTree(ref), Date.now());
    if (refused !== undefined) {
      throw new Failure('refused', { refusal: refused.refusal });
    }
  }

  /** Of snapshots that were kept in several ways, each way by itself: no one undo would put all back. */
  async #groups(request: KeepRequest, undoes: string | undefined): Promise<readonly KeepRequest[]> {
    const seen = await this.#howKept(request.vm);
    const wanted = request.kept === 'free' ? undefined : (request.until ?? 0);
    const ways = [...new Set(request.snapshots.map((name) => seen.get(name)))].filter((way) => way !== wanted);
    // What is put back a long time later does not go at once.
    const least = undoes === undefined ? 0 : Date.now() + leastMs;
    const dated = request.until === undefined ? {} : { until: Math.max(request.until, least) };
    const groups = ways.map((way) => request.snapshots.filter((name) => seen.get(name) === way));
    return (groups.length === 0 ? [[]] : groups).map((snapshots) => ({ ...request, ...dated, snapshots }));
  }

  async #mark(request: MarkRequest, undoes?: string, asked?: 'unasked'): Promise<void> {
    const began = Date.now();
    const told =
      request.kind === 'keep'
        ? await this.#keep(request)
        : request.kind === 'trash'
          ? await this.#throwAway(request)
          : await this.#prefer(request);
    const isSame = told.kind === 'favourite' ? told.snapshot === told.instead : told.snapshots.length === 0;
    if (isSame && undoes === undefined) {
      return;
    }
    const names = told.kind === 'favourite' ? [told.snapshot, told.instead] : told.snapshots;
    const { operations, audit } = this.#persistence;
    const { connection, uuid } = request.vm;
    const entry = newOperationId();
    await operations.add({
      id: entry,
      vm: { connection, uuid },
      request: told,
      before: nothingSeen,
      after: nothingSeen,
      changes: logAsUnchanged(loggedSnapshotsOf(await this.#seen.readTree(request.vm)), names),
      ...(undoes === undefined ? {} : { undoes }),
      ...(asked === undefined ? {} : { unasked: true }),
    });
    const vm = { uuid, name: this.#seen.findVm(request.vm)?.vm.name ?? uuid };
    const durationMs = Math.max(0, Date.now() - began);
    await audit.note({ connection, vm, request: isSame ? request : told, outcome: 'done', durationMs, entry });
  }

  async #keep({ instead: _, ...request }: KeepRequest): Promise<MarkRequest> {
    const { vm, snapshots, kept, until } = request;
    const seen = await this.#howKept(vm);
    const changed = snapshots.filter((name) => seen.get(name) !== (kept === 'free' ? undefined : (until ?? 0)));
    if (kept === 'kept' && (until !== undefined || changed.some((name) => seen.has(name)))) {
      const { snapshots: there } = await this.#seen.readTree(vm);
      for (const { name, createdAt } of there.filter((one) => changed.includes(one.name))) {
        await this.#persistence.marks.kept.add(vm, { name, createdAt, ...(until !== undefined && { until }) });
      }
    }
    await this.#setKept(vm, snapshots, kept);
    // What was so before stays so when it is undone.
    const was = seen.get(changed[0] ?? '');
    return kept === 'free'
      ? { kind: 'keep', vm, kept, snapshots: changed, ...(was !== undefined && was !== 0 && { until: was }) }
      : { ...request, snapshots: changed, ...(was !== undefined && { instead: was }) };
  }

  /** By name: until when, 0 for good; absent: not kept. */
  async #howKept(vm: VmRef): Promise<ReadonlyMap<string, number>> {
    const tree = await this.#seen.readTree(vm);
    const marks = await this.#persistence.marks.kept.of(vm);
    const dates = new Map(datedIn(tree, marks).map((one) => [one.name, one.until]));
    return new Map(findKeptSnapshots(tree, marks).map(({ name }) => [name, dates.get(name) ?? 0]));
  }

  /** What was put in first is told as put in until then: taking it out and putting it back changes nothing. */
  async #throwAway(request: Extract<MarkRequest, { kind: 'trash' }>): Promise<MarkRequest> {
    const { vm, snapshots, put, whole } = request;
    const { trash } = this.#persistence.marks;
    const tree = await this.#seen.readTree(vm);
    const there = inTrash(tree, await trash.of(vm));
    const wanted = tree.snapshots.filter(({ name }) => snapshots.includes(name));
    const changed = wanted.filter(({ name }) => there.some((one) => one.name === name) !== (put === 'in'));
    // What is put back a long time later does not go at once.
    const until = put === 'in' ? Math.max(request.until, Date.now() + leastMs) : request.until;
    for (const { name, createdAt } of changed) {
      const mark = { name, createdAt, until, ...(whole && { whole }) };
      await (put === 'in' ? trash.add(vm, mark) : trash.forget(vm, { name, createdAt }));
    }
    const was = Math.max(
      0,
      ...there.filter((one) => changed.some(({ name }) => name === one.name)).map((one) => one.until),
    );
    return { ...request, snapshots: changed.map(({ name }) => name), until: put === 'in' ? until : was };
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
    const tree = await this.#seen.readTree(ref);
    const { marks } = this.#persistence;
    const known = await marks.kept.of(ref);
    const chosen = tree.snapshots.filter(({ name }) => snapshots.includes(name));
    const on = new Set(chosen.flatMap((snapshot) => marksOn(snapshot, tree, known)));
    const isMarked = (those: readonly OneSnapshot[], { name }: Snapshot): boolean =>
      findKeptSnapshots(tree, those).some((one) => one.name === name);
    // A mark whose name is gone is on all of its second: what nobody frees gets one of its own, before that goes.
    const left = known.filter((mark) => !on.has(mark));
    const unmarked =
      kept === 'kept'
        ? chosen.filter((one) => !isMarked(known, one))
        : tree.snapshots.filter((one) => !chosen.includes(one) && isMarked(known, one) && !isMarked(left, one));
    for (const { name, createdAt } of unmarked) {
      await marks.kept.add(ref, { name, createdAt });
    }
    await Promise.all(kept === 'kept' ? [] : [...on].map((mark) => marks.kept.forget(ref, mark)));
  }

  async favourite(ref: VmRef): Promise<string | undefined> {
    const marks = await this.#persistence.marks.favourite.of(ref);
    return marks.length === 0 ? undefined : favouriteIn(await this.#seen.readTree(ref), marks)?.name;
  }

  /** In place of the one before; undefined: none from now on. */
  async #setFavourite(ref: VmRef, snapshot: string | undefined): Promise<void> {
    const { favourite } = this.#persistence.marks;
    if (snapshot === undefined) {
      await Promise.all((await favourite.of(ref)).map((mark) => favourite.forget(ref, mark)));
      return;
    }
    const chosen = (await this.#seen.readTree(ref)).snapshots.find(({ name }) => name === snapshot);
    if (chosen !== undefined) {
      await favourite.add(ref, { name: chosen.name, createdAt: chosen.createdAt });
    }
  }
}
