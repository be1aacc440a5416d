// What is under way on several VMs as one: written down before anything is touched, kept until it has ended. What is
// done on each VM stands in the journal besides.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { DaemonIdentity } from '../domain/origin.js';
import { type MemberState, memberStates } from '../domain/system.js';
import type { VmRef } from '../domain/vm.js';
import { type FileSystem, idPattern, journalFailure, namesIn } from './durable.js';
import type { Writer } from './entry.js';
import { type DiskLock, takeLock } from './diskLock.js';
import { count, writeJson } from './json.js';
import { placeShape } from './originText.js';
import { type LocalOrigin, thisPlace } from './place.js';
import { beginRecord, openRecord, readRecord, type RecordPlace, recordWith } from './recordFolder.js';
import { thisWriter, writerShape } from './writer.js';

const version = 1;
const maxBytes = 256 * 1024;
const maxEntries = 100;
const entryFile = 'group.json';

/** What is done with one member, and what it was decided on. */
export interface GroupMember extends VmRef {
  readonly name: string;
  /** Before anything was touched. */
  readonly state: MemberState;
  /** The current snapshot then. */
  readonly current?: string;
  /**
   * By name, of the snapshots here that were there then: when each was taken. Another one of its name is somebody
   * else's.
   */
  readonly times?: Readonly<Record<string, number>>;
  /** That is made, reverted to or deleted. */
  readonly snapshot: string;
  /** The checkpoint that a revert takes of the state that it leaves. */
  readonly checkpoint?: string;
  /** The snapshot that already has the state before a revert. */
  readonly spared?: string;
  /** The state of the member at the end of a revert. */
  readonly end?: MemberState;
  /** The revert restored RAM, so the VM is resumed and not started. */
  readonly withRam?: boolean;
  readonly protected: boolean;
  /** Absent: it was not known. */
  readonly daemon?: DaemonIdentity;
}

export interface GroupHead {
  readonly id: string;
  readonly kind: 'checkpoint' | 'revert' | 'delete';
  readonly system: { readonly id: string; readonly name: string };
  /** The restore point that is made, gone back to or deleted. */
  readonly point: {
    readonly id: string;
    readonly title: string;
    readonly auto?: 'work' | 'layer';
    readonly by?: string;
    readonly git?: string;
  };
  /** The restore point of the state that a revert leaves. */
  readonly kept?: string;
  readonly members: readonly GroupMember[];
}

export interface GroupEntry extends GroupHead {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly place: LocalOrigin;
  readonly writer: Writer;
  /** When all members stood still, and how far apart at most. */
  readonly moment?: { readonly at: number; readonly spreadMs?: number };
  /** `uuid`s of members whose own part is done. */
  readonly done: readonly string[];
  /** By their `uuid`: when the snapshot was taken that was made for it. */
  readonly made?: Readonly<Record<string, number>>;
  /** All of it is done but what follows: the members are let go on. */
  readonly decided?: 'after' | 'before';
}

export interface OpenGroup {
  readonly entry: GroupEntry;
  /** Resolves when it is on the disk. */
  put(news: Pick<Partial<GroupEntry>, 'moment' | 'done' | 'made' | 'decided'>): Promise<void>;
  /** Never rejects: it is over, whatever the disk says. */
  end(): Promise<void>;
  /** Keeps it for a recovery. Never rejects. */
  leave(): Promise<void>;
}

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const id = v.pipe(v.string(), v.regex(idPattern));
const state = v.picklist(memberStates);

const shape = v.object({
  version: v.literal(version),
  id,
  kind: v.picklist(['checkpoint', 'revert', 'delete']),
  system: v.object({ id, name: text }),
  point: v.object({
    id,
    title: text,
    auto: v.exactOptional(v.picklist(['work', 'layer'])),
    by: v.exactOptional(text),
    git: v.exactOptional(text),
  }),
  kept: v.exactOptional(id),
  members: v.pipe(
    v.array(
      v.object({
        connection: text,
        uuid: text,
        name: text,
        state,
        current: v.exactOptional(text),
        times: v.exactOptional(v.record(text, count)),
        snapshot: text,
        checkpoint: v.exactOptional(text),
        spared: v.exactOptional(text),
        end: v.exactOptional(state),
        withRam: v.exactOptional(v.boolean()),
        protected: v.boolean(),
        daemon: v.exactOptional(v.object({ hostname: v.string(), hostUuid: v.exactOptional(v.string()) })),
      }),
    ),
    v.minLength(1),
    v.maxLength(64),
  ),
  startedAt: count,
  place: placeShape,
  writer: writerShape,
  moment: v.exactOptional(v.object({ at: count, spreadMs: v.exactOptional(v.pipe(v.number(), v.minValue(0))) })),
  done: v.pipe(v.array(text), v.maxLength(64)),
  made: v.exactOptional(v.record(text, count)),
  decided: v.exactOptional(v.picklist(['after', 'before'])),
}) satisfies v.GenericSchema<unknown, GroupEntry>;

interface InterruptedGroups {
  /** Oldest first; those that somebody carries out just now are among them, and cannot be claimed. */
  readonly entries: readonly GroupEntry[];
  /** What is there and cannot be read. It stays. */
  readonly unreadable: readonly string[];
}

/** Whatever cannot be written becomes a Failure of kind `journal`. */
export class GroupJournal {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly fs: FileSystem = promises,
    readonly editor?: string,
  ) {
    this.#root = join(folder, 'groups');
  }

  /** Resolves when it is on the disk: only then may anything be touched. */
  async begin(head: GroupHead): Promise<OpenGroup> {
    const [writer, place] = await Promise.all([thisWriter(this.editor), thisPlace()]);
    const entry: GroupEntry = { ...head, startedAt: Date.now(), place, writer, done: [] };
    try {
      const record = { id: head.id, file: entryFile, text: textOf(entry), writer };
      return this.#open(entry, await beginRecord(this.#place, record));
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: 'write down what is to be done with the system' });
    }
  }

  async readInterrupted(): Promise<InterruptedGroups> {
    const entries: GroupEntry[] = [];
    const unreadable: string[] = [];
    let ids: readonly string[] = [];
    try {
      ids = (await namesIn(this.fs, this.#root)).filter((name) => idPattern.test(name)).slice(0, maxEntries);
    } catch (error) {
      this.log.error(`${this.#root} cannot be read: ${String(error)}`);
      unreadable.push(this.#root);
    }
    for (const each of ids) {
      const read = await this.#read(each);
      if (read === 'unreadable') {
        unreadable.push(join(this.#root, each));
      } else if (read !== 'gone') {
        entries.push(read);
      }
    }
    return { entries: entries.sort((a, b) => a.startedAt - b.startedAt), unreadable };
  }

  /** `busy`: its writer lives, in this process or another. `gone`: it has ended. */
  async lock(which: string): Promise<OpenGroup | 'busy' | 'gone'> {
    const folder = join(this.#root, which);
    let hold: DiskLock | undefined;
    try {
      const taken = await takeLock(this.fs, folder, await thisWriter(this.editor), entryFile);
      if (typeof taken === 'string') {
        return taken;
      }
      hold = taken;
      // Not earlier: until now somebody else may have written to it.
      const read = await this.#read(which);
      if (typeof read === 'string') {
        await hold.release();
        return read === 'gone' ? 'gone' : 'busy';
      }
      return this.#open(read, hold);
    } catch (error) {
      await hold?.release().catch(() => undefined);
      throw journalFailure(error, folder, { doing: 'take up what was interrupted on a system', begun: true });
    }
  }

  #open(record: GroupEntry, hold: DiskLock): OpenGroup {
    const open = openRecord(this.#place, { file: entryFile, version, maxBytes, of: 'group' }, { record, hold });
    return {
      get entry() {
        return open.record;
      },
      put: open.put,
      end: async () => {
        try {
          await open.forget();
        } catch (error) {
          this.log.error(`${record.id} has ended and cannot be removed: ${String(error)}`);
          await open.leave();
        }
      },
      leave: open.leave,
    };
  }

  #read(which: string): Promise<GroupEntry | 'gone' | 'unreadable'> {
    return readRecord(this, join(this.#root, which, entryFile), {
      maxBytes,
      parse: recordWith(shape, which),
    });
  }

  get #place(): RecordPlace {
    return { folder: this.folder, root: this.#root, fs: this.fs, log: this.log };
  }
}

function textOf(entry: GroupEntry): string {
  const written = writeJson({ version, ...entry });
  if (Buffer.byteLength(written) > maxBytes) {
    throw new RangeError(`What is done on ${entry.members.length} VMs takes ${written.length} characters`);
  }
  return written;
}
