// A journal, an audit and records that live in memory, and tell in which order they were written.
import type { AuditNote } from '../../../src/journal/audit.js';
import type { BegunMove } from '../../../src/journal/begunMoves.js';
import {
  type JournalEntry,
  type OperationEnd,
  type StepRecord,
  stuck,
  type UnreadableEntry,
} from '../../../src/journal/entry.js';
import type { KeptMark } from '../../../src/journal/marks.js';
import type { OneSnapshot } from '../../../src/journal/snapshotRecords.js';
import type { LateMark, TrashMark } from '../../../src/journal/marks.js';
import type { OpenEntry } from '../../../src/journal/journal.js';
import { keepNothing, type Persistence } from '../../../src/journal/persistence.js';
import type { DemoVm } from '../../../src/domain/demoVm.js';
import { Failure } from '../../../src/domain/failure.js';
import type { FrozenRecord } from '../../../src/domain/frozenRecord.js';
import type { MadeFile } from '../../../src/domain/hostFiles.js';
import type { LoggedOperation } from '../../../src/domain/loggedOperation.js';
import type { AutoSnapshot } from '../../../src/domain/facts.js';
import { vmKey } from '../../../src/live/views.js';

interface Kept {
  entry: JournalEntry;
  held: boolean;
}

const writer = { pid: 1, boot: 'boot', host: 'here', session: 'session' };
/** When the clock of the rig begins. */
const begin = 1_800_000_000_000;

export class FakeKeeping implements Persistence {
  editor = 'Code';
  unreadable: UnreadableEntry[] = [];
  /** `begin`, `markBegun 0`, `markDone 0`, `end done`, `leave`, in their order. */
  readonly written: string[] = [];
  readonly entries = new Map<string, Kept>();
  readonly notes: AuditNote[] = [];
  readonly recorded = new Map<string, AutoSnapshot[]>();
  /** Writings that fail, as they stand in `written`. */
  readonly broken = new Set<string>();

  here = { host: 'here', machine: 'machine', boot: 'boot' };
  readonly place: Persistence['place'] = () => Promise.resolve(this.here);

  readonly journal: Persistence['journal'] = {
    begin: async (head) => {
      const { daemon, ...rest } = structuredClone(head);
      await this.#write('begin');
      const id = String(this.entries.size + 1).padStart(32, '0');
      const kept: Kept = {
        entry: {
          ...rest,
          version: 2,
          id,
          startedAt: begin,
          origin: { ...this.here, ...(daemon === undefined ? {} : { daemon }) },
          writer,
          steps: [],
          recoveries: 0,
          lastActedAt: begin,
        },
        held: true,
      };
      this.entries.set(id, kept);
      return this.#open(kept);
    },
    readInterrupted: (connection) =>
      Promise.resolve({
        entries: [...this.entries.values()]
          .map(({ entry }) => entry)
          .filter((entry) => connection === undefined || entry.connection === connection),
        unreadable: this.unreadable,
      }),
    isLocked: (id) => Promise.resolve(this.entries.get(id)?.held === true),
    lock: (id) => {
      const kept = this.entries.get(id);
      if (kept === undefined || kept.held) {
        return Promise.resolve(kept === undefined ? 'gone' : 'busy');
      }
      kept.held = true;
      kept.entry = { ...kept.entry, recoveries: kept.entry.recoveries + 1 };
      return Promise.resolve(this.#open(kept));
    },
  };

  groups: Persistence['groups'] = keepNothing.groups;

  readonly begunMoves: BegunMove[] = [];
  readonly moves: NonNullable<Persistence['moves']> = (uuid) =>
    Promise.resolve({
      entries: this.begunMoves.filter(({ vm }) => uuid === undefined || vm.uuid === uuid),
      unreadable: [],
    });

  readonly demoVms = new Map<string, DemoVm>();
  readonly demos: Persistence['demos'] = {
    add: async (vm) => {
      await this.#write(`demo ${vm.name}`);
      this.demoVms.set(vm.uuid, vm);
    },
    readLeftDemoVms: () => Promise.resolve([...this.demoVms.values()]),
    forget: ({ uuid }) => {
      this.demoVms.delete(uuid);
      return Promise.resolve();
    },
  };

  readonly madeFiles = new Map<string, readonly MadeFile[]>();
  readonly made: Persistence['made'] = {
    add: (uuid, file) => {
      this.madeFiles.set(uuid, [...(this.madeFiles.get(uuid) ?? []), file]);
      return Promise.resolve();
    },
    of: (uuid) => Promise.resolve(this.madeFiles.get(uuid) ?? []),
    forget: (uuid) => {
      this.madeFiles.delete(uuid);
      return Promise.resolve();
    },
  };

  readonly audit: Persistence['audit'] = {
    note: (note) => {
      this.notes.push(note);
      return Promise.resolve(true);
    },
  };

  readonly logged: LoggedOperation[] = [];
  readonly operations: Persistence['operations'] = {
    add: (operation) => {
      this.logged.push({ ...operation, at: begin + this.logged.length });
      return Promise.resolve();
    },
    of: (vm) => Promise.resolve(this.logged.filter((one) => vmKey(one.vm) === vmKey(vm))),
  };

  readonly #auto: Persistence['marks']['auto'] = {
    add: (vm, snapshot) => {
      const others = (this.recorded.get(vmKey(vm)) ?? []).filter(({ name }) => name !== snapshot.name);
      this.recorded.set(vmKey(vm), [...others, snapshot]);
      return Promise.resolve();
    },
    of: (vm) => Promise.resolve(this.recorded.get(vmKey(vm)) ?? []),
    forget: (vm, { name }) => {
      const left = (this.recorded.get(vmKey(vm)) ?? []).filter((snapshot) => snapshot.name !== name);
      this.recorded.set(vmKey(vm), left);
      return Promise.resolve();
    },
  };

  readonly marked = new Map<string, KeptMark[]>();
  readonly #kept: Persistence['marks']['kept'] = {
    vms: () => Promise.resolve([]),
    add: (vm, mark) => {
      const others = (this.marked.get(vmKey(vm)) ?? []).filter(({ name }) => name !== mark.name);
      this.marked.set(vmKey(vm), [...others, mark]);
      return Promise.resolve();
    },
    of: (vm) =>
      this.broken.has('kept')
        ? Promise.reject(new Failure('journal', { path: '/kept' }))
        : Promise.resolve(this.marked.get(vmKey(vm)) ?? []),
    forget: (vm, { name, createdAt }) => {
      const left = (this.marked.get(vmKey(vm)) ?? []).filter((one) => one.name !== name || one.createdAt !== createdAt);
      this.marked.set(vmKey(vm), left);
      return Promise.resolve();
    },
  };

  readonly favoured = new Map<string, OneSnapshot>();
  readonly #favourite: Persistence['marks']['favourite'] = {
    add: (vm, { name, createdAt }) => {
      this.favoured.set(vmKey(vm), { name, createdAt });
      return Promise.resolve();
    },
    of: (vm) =>
      this.broken.has('favourite')
        ? Promise.reject(new Failure('journal', { path: '/favourite' }))
        : Promise.resolve([this.favoured.get(vmKey(vm)) ?? []].flat()),
    forget: (vm, { name }) => {
      if (this.favoured.get(vmKey(vm))?.name === name) {
        this.favoured.delete(vmKey(vm));
      }
      return Promise.resolve();
    },
  };

  readonly late: LateMark[] = [];
  readonly thrown = new Map<string, TrashMark[]>();
  readonly #trash: Persistence['marks']['trash'] = {
    vms: () => Promise.resolve([]),
    add: (vm, mark) => {
      this.thrown.set(vmKey(vm), [...(this.thrown.get(vmKey(vm)) ?? []), mark]);
      return Promise.resolve();
    },
    of: (vm) => Promise.resolve(this.thrown.get(vmKey(vm)) ?? []),
    forget: (vm, { name, createdAt }) => {
      const left = (this.thrown.get(vmKey(vm)) ?? []).filter((one) => one.name !== name || one.createdAt !== createdAt);
      this.thrown.set(vmKey(vm), left);
      return Promise.resolve();
    },
  };

  readonly marks: Persistence['marks'] = {
    auto: this.#auto,
    kept: this.#kept,
    favourite: this.#favourite,
    trash: this.#trash,
    late: {
      add: (_, mark) => Promise.resolve(void this.late.push(mark)),
      of: () => Promise.resolve(this.late),
      forget: () => Promise.resolve(),
    },
  };

  readonly layers = new Map<string, readonly FrozenRecord[]>();
  readonly frozen: Persistence['frozen'] = {
    of: (vm) => Promise.resolve(this.layers.get(vmKey(vm)) ?? []),
    keep: (vm, records) => {
      this.layers.set(vmKey(vm), records);
      return Promise.resolve();
    },
    forget: (vm) => {
      this.layers.delete(vmKey(vm));
      return Promise.resolve();
    },
  };

  readonly pictured = new Map<string, Uint8Array>();
  readonly thumbnails: Persistence['thumbnails'] = {
    keep: (vm, createdAt, png) => {
      this.pictured.set(`${vmKey(vm)} ${createdAt}`, png);
      return Promise.resolve();
    },
    of: (vm, createdAt) => Promise.resolve(this.pictured.get(`${vmKey(vm)} ${createdAt}`)),
    keepOnly: () => Promise.resolve(),
  };

  /** As if the process that wrote them had died: whatever was open can be claimed. */
  writerDies(): void {
    for (const kept of this.entries.values()) {
      kept.held = false;
    }
  }

  #write(what: string): Promise<void> {
    if (this.broken.has(what)) {
      return Promise.reject(new Failure('journal', { path: '/journal' }));
    }
    this.written.push(what);
    return Promise.resolve();
  }

  #open(kept: Kept): OpenEntry {
    const step = async (index: number, state: StepRecord['state'], outcome?: unknown): Promise<void> => {
      await this.#write(`${state} ${String(index)}`);
      kept.entry = { ...kept.entry, steps: [...kept.entry.steps, { index, state, at: begin, outcome }] };
    };
    return {
      get entry() {
        return kept.entry;
      },
      markBegun: (index) => step(index, 'begun'),
      markStuck: () => step(kept.entry.steps.at(-1)?.index ?? 0, 'begun', stuck),
      markDone: (index) => step(index, 'done'),
      end: async (result: OperationEnd) => {
        await this.#write(`end ${result.outcome}`);
        const { connection, vm, request } = kept.entry;
        this.notes.push({ connection, vm, request, durationMs: 0, ...result });
        this.entries.delete(kept.entry.id);
      },
      leave: async (explained) => {
        await this.#write(explained === undefined ? 'leave' : `leave ${explained}`);
        if (explained !== undefined) {
          kept.entry = { ...kept.entry, recoveries: kept.entry.recoveries - 1 };
        }
        kept.held = false;
      },
    };
  }
}
