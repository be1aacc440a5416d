// The moves of VMs that are under way or broke off: written down before anything is made, forgotten when all is done. A
// folder for each, held by who works on it.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../../../base/log.js';
import { Failure } from '../../../domain/failure.js';
import { maxMoveBytes, moveFile as file, moveHeadShape, moveIds, movesIn } from '../../../journal/begunMoves.js';
import type { DiskLock } from '../../../journal/diskLock.js';
import { idPattern, journalFailure, syncFolder } from '../../../journal/durable.js';
import { count, parseAs, writeJson } from '../../../journal/json.js';
import { LabStore, newVmsIn } from '../../../journal/labStore.js';
import {
  beginRecord,
  type OpenRecord,
  openRecord,
  readRecord,
  type RecordPlace,
  recordWith,
  takeUpRecord,
} from '../../../journal/recordFolder.js';
import { thisWriter } from '../../../journal/writer.js';

const version = 1;

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(5_000));
const path = v.pipe(text, v.regex(/^\//u));
const id = v.pipe(v.string(), v.regex(idPattern));

const movedFile = v.object({
  /** The same on both hosts. */
  path,
  role: v.picklist(['disk', 'memory', 'uefiVariables', 'savedState', 'tpmState']),
  bytes: count,
  allocatedBytes: count,
  /** Seconds, as `stat` tells it. */
  modified: text,
  /** What tells it from others of its name, here; and there, when it is whole. */
  identity: text,
  identityThere: v.exactOptional(text),
  /** The VM writes to it while it moves, so its size and its time tell nothing. */
  written: v.exactOptional(v.literal(true)),
  /** Where it becomes whole: in one of the `stages`. */
  stage: path,
  /** Folders of the VM alone, which it needs there, the outer one first. */
  folders: v.array(path),
});

const documents = v.object({
  definition: v.string(),
  snapshots: v.array(v.object({ name: text, parent: v.exactOptional(text), xml: v.string() })),
  current: v.exactOptional(text),
});

const shape = v.object({
  version: v.literal(version),
  id,
  vm: v.object({ uuid: text, name: text }),
  from: text,
  to: text,
  startedAt: count,
  /**
   * | phase     | what we asked for                                                              |
   * |-----------|--------------------------------------------------------------------------------|
   * | sending   | files there; libvirt there knows nothing of it                                 |
   * | defining  | libvirt there may know it                                                      |
   * | there     | it has all, and its own host too                                               |
   * | leaving   | its own host forgets it                                                        |
   * | moving    | its own host forgets its snapshots, and the guest may be on either             |
   * | undoing   | the other host forgets it                                                      |
   * | moved     | all is done, but for the marks                                                 |
   * | undone    | the same                                                                       |
   */
  phase: v.picklist(['sending', 'defining', 'there', 'leaving', 'moving', 'undoing', 'moved', 'undone']),
  /** Whether the other host was asked to let the guest run, and what it answered. Absent: not asked, or not noted. */
  letRun: v.exactOptional(v.picklist(['asked', 'refused', 'done'])),
  /** What the VM writes to, sent or common, as the other host saw it just before it was asked to let the guest run. */
  tops: v.exactOptional(
    v.array(v.object({ source: text, identity: v.exactOptional(text), modified: v.exactOptional(text) })),
  ),
  /** On its own host. Absent: a version before this did not look. */
  was: v.exactOptional(v.object({ autostart: v.boolean(), isPersistent: v.boolean() })),
  /** Folders of ours, on both hosts. */
  stages: v.array(path),
  /** Those that are sent; the rest is on both hosts. */
  files: v.array(movedFile),
  documents,
  /** As libvirt there has it. */
  there: v.exactOptional(documents),
});

/** It stays where it is. */
export interface UnreadMove {
  readonly path: string;
  readonly why: 'newer' | 'damaged';
  /** Absent: it may be of any. */
  readonly vm?: MoveRecord['vm'];
}

type MoveDocument = v.InferOutput<typeof shape>;
export type MoveRecord = Omit<MoveDocument, 'version'>;
export type MovedFile = MoveDocument['files'][number];

export interface OpenMove extends OpenRecord<MoveRecord> {
  /**
   * It is no VM of `new` here any more, which would remove files that the other host may use by now. Rejects with a
   * Failure where that is busy, or cannot be written.
   */
  readonly forgetMade: () => Promise<void>;
}

/** Whatever cannot be written becomes a Failure of kind `journal`. */
export class MoveStore {
  readonly #place: RecordPlace;

  constructor(folder: string, log: Log) {
    this.#place = { folder, root: movesIn(folder), fs: promises, log };
  }

  /** Those of a VM, by its name or UUID, and those of which nobody here can tell that they are not. */
  async of(vm: string): Promise<{ readonly moves: readonly MoveRecord[]; readonly unread: readonly UnreadMove[] }> {
    const ids = await moveIds(this.#place.root);
    const read = (await Promise.all(ids.map((each) => this.#read(each)))).filter((one) => one !== 'gone');
    const own = read.filter((one) => one.vm === undefined || [one.vm.name, one.vm.uuid].includes(vm));
    return {
      moves: own.flatMap((one) => ('why' in one ? [] : [one])),
      unread: own.flatMap((one) => ('why' in one ? [one] : [])),
    };
  }

  async begin(record: MoveRecord): Promise<OpenMove> {
    try {
      const written = { id: record.id, file, text: writeJson({ version, ...record }), writer: await thisWriter() };
      return this.#open(record, await beginRecord(this.#place, written));
    } catch (error) {
      throw journalFailure(error, this.#place.root, { doing: 'write down what is to be moved' });
    }
  }

  async lock(which: string): Promise<OpenMove | 'busy' | 'gone'> {
    const of = { id: which, file, writer: await thisWriter() };
    const taken = await takeUpRecord(this.#place, of, async (id) => {
      const read = await this.#read(id);
      return read === 'gone' || 'why' in read ? undefined : read;
    });
    return typeof taken === 'string' ? taken : this.#open(taken.record, taken.hold);
  }

  /** Nobody looks at it any more, but it stays: of snapshots it may be all that is left. @returns where */
  async putAside(which: string): Promise<string> {
    const { root } = this.#place;
    const aside = join(root, `resolved-${which}`);
    try {
      await promises.rename(join(root, which), aside);
      await syncFolder(promises, root);
    } catch (error) {
      throw journalFailure(error, root, { doing: 'put a move aside' });
    }
    return aside;
  }

  #open(record: MoveRecord, hold: DiskLock): OpenMove {
    const open = openRecord(this.#place, { file, version, maxBytes: maxMoveBytes, of: 'move' }, { record, hold });
    return Object.assign(open, { forgetMade: () => this.#forgetMade(record.vm.uuid) });
  }

  async #forgetMade(uuid: string): Promise<void> {
    const { folder, log } = this.#place;
    const store = new LabStore(newVmsIn(folder), log);
    for (const { id, name } of (await store.list()).filter(({ vms }) => vms.some((vm) => vm.uuid === uuid))) {
      const busy = (): Failure => new Failure('busy', { vm: name, doing: 'write down that it was moved' });
      await store.withHeld(id, busy, (open) => open.forget());
    }
  }

  async #read(which: string): Promise<MoveRecord | UnreadMove | 'gone'> {
    const own = join(this.#place.root, which);
    const parse = (value: unknown): MoveRecord | UnreadMove | undefined => {
      const head = parseAs(moveHeadShape, value);
      return (
        recordWith<MoveRecord>(shape, which)(value) ??
        (head && { path: own, why: head.version > version ? 'newer' : 'damaged', vm: head.vm })
      );
    };
    const read = await readRecord(this.#place, join(own, file), { maxBytes: maxMoveBytes, parse });
    return read === 'unreadable' ? { path: own, why: 'damaged' } : read;
  }
}
