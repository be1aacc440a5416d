// What outlives this process of what the engine does: the journal, the audit, the records, the marks. Refuses to
// know when it is written.
import { join } from 'node:path';
import type { Audit } from './audit.js';
import type { BegunMoves } from './begunMoves.js';
import { DemoRecords } from './demoRecords.js';
import { Journal } from './journal.js';
import { type Marks, marksIn } from './marks.js';
import { GroupJournal } from './groupJournal.js';
import { FrozenRecords } from './frozenRecords.js';
import { MadeFiles } from './madeFiles.js';
import { OperationLog } from './operationLog.js';
import { type LocalOrigin, thisPlace } from './place.js';
import { Thumbnails } from './thumbnails.js';
import type { Log } from '../base/log.js';
import { Failure } from '../domain/failure.js';
import type { VmRef } from '../domain/vm.js';
import * as v from 'valibot';
import { NotesFile } from './notesFile.js';

// What daemons that are kept as read-only said of themselves, by the URI that led there: none is asked again.

const shape = v.pipe(
  v.array(
    v.tuple([
      v.string(),
      v.object({
        driver: v.picklist(['qemu', 'test', 'other']),
        hostname: v.string(),
        hostUuid: v.exactOptional(v.string()),
        serves: v.exactOptional(v.string()),
      }),
    ]),
  ),
  v.maxLength(1_000),
);

type DaemonNote = v.InferOutput<typeof shape>[number];

class DaemonNotes {
  readonly #file: NotesFile;
  #writing: Promise<void> = Promise.resolve();

  constructor(...file: ConstructorParameters<typeof NotesFile>) {
    this.#file = new NotesFile(...file);
  }

  /** None where there are none, or none that could be ours: the hosts are asked then. */
  async read(): Promise<readonly DaemonNote[]> {
    const { success, output } = v.safeParse(shape, await this.#file.read());
    return success ? output : [];
  }

  /** Never rejects. */
  write(notes: readonly DaemonNote[]): Promise<void> {
    return (this.#writing = this.#writing.then(() => this.#file.write(notes)));
  }
}

export interface Persistence {
  /** What this editor is called beside those that keep things in the same place. */
  readonly editor?: string | undefined;
  /** Which computer this is: others may have the same journal. */
  readonly place: () => Promise<LocalOrigin>;
  readonly journal: Pick<Journal, 'begin' | 'readInterrupted' | 'lock' | 'isLocked'>;
  /** The journal of operations on several VMs as one. */
  readonly groups: Pick<GroupJournal, 'begin' | 'readInterrupted' | 'lock'>;
  /** Reads the moves to other hosts. Absent: there are none. */
  readonly moves?: (vm?: string) => Promise<BegunMoves>;
  /** See `readHolderOf`. Absent: nobody writes anything down beside the journal. */
  readonly holderOf?: (vm: string) => Promise<string | undefined>;
  readonly audit: Pick<Audit, 'note'>;
  readonly operations: Pick<OperationLog, 'add' | 'of'>;
  readonly marks: Marks;
  /** What displays showed. Rejects never. */
  readonly thumbnails: Pick<Thumbnails, 'keep' | 'of' | 'keepOnly'>;
  /** What the layers of snapshots were. */
  readonly frozen: Pick<FrozenRecords, 'of' | 'keep' | 'forget'>;
  /** The record of the files of clones. Nothing is created without an entry. */
  readonly made: Pick<MadeFiles, 'add' | 'of' | 'forget'>;
  readonly demos: Pick<DemoRecords, 'add' | 'readLeftDemoVms' | 'forget'>;
  /** Absent: each daemon is asked anew. */
  readonly daemons?: Pick<DaemonNotes, 'read' | 'write'>;
}

/** In one folder, which need not be there yet, and is that of other editors too. */
export function keepIn(folder: string, log: Log, editor?: string): Persistence {
  const journal = new Journal(folder, log, undefined, editor);
  return {
    editor,
    place: thisPlace,
    journal,
    groups: new GroupJournal(folder, log, undefined, editor),
    moves: async (vm) => (await import('./begunMoves.js')).readBegunMoves(folder, log, vm),
    holderOf: async (vm) => (await import('./heldRecords.js')).readHolderOf(folder, log, vm),
    audit: journal.audit,
    operations: new OperationLog(folder, log),
    marks: marksIn(folder, log),
    thumbnails: new Thumbnails(folder, log),
    frozen: new FrozenRecords(folder, log),
    made: new MadeFiles(folder, log),
    demos: new DemoRecords(folder, log),
    daemons: new DaemonNotes(join(folder, 'daemons.json'), 1024 * 1024, log),
  };
}

const noMarks = {
  add: ({ connection }: VmRef) => Promise.reject(new Failure('journal', { doing: 'look for the marks', connection })),
  of: () => Promise.resolve([]),
  vms: () => Promise.resolve([]),
  forget: () => Promise.resolve(),
};

/** Keeps nothing, and so carries out nothing that could be left half done. */
export const keepNothing: Persistence = {
  place: thisPlace,
  journal: {
    begin: ({ request }) => Promise.reject(new Failure('journal', { doing: 'look for a journal', request })),
    readInterrupted: () => Promise.resolve({ entries: [], unreadable: [] }),
    lock: () => Promise.resolve('gone'),
    isLocked: () => Promise.resolve(false),
  },
  groups: {
    begin: () => Promise.reject(new Failure('journal', { doing: 'look for the journal of groups' })),
    readInterrupted: () => Promise.resolve({ entries: [], unreadable: [] }),
    lock: () => Promise.resolve('gone'),
  },
  audit: { note: () => Promise.resolve(false) },
  operations: { add: () => Promise.resolve(), of: () => Promise.resolve([]) },
  marks: { auto: noMarks, kept: noMarks, favourite: noMarks, trash: noMarks, late: noMarks },
  thumbnails: {
    keep: () => Promise.resolve(),
    of: () => Promise.resolve(undefined),
    keepOnly: () => Promise.resolve(),
  },
  frozen: { of: () => Promise.resolve([]), keep: () => Promise.resolve(), forget: () => Promise.resolve() },
  made: {
    add: (_, { path }) => Promise.reject(new Failure('journal', { doing: 'look for the records', path })),
    of: () => Promise.resolve([]),
    forget: () => Promise.resolve(),
  },
  demos: {
    add: ({ connection }) => Promise.reject(new Failure('journal', { doing: 'look for the records', connection })),
    readLeftDemoVms: () => Promise.resolve([]),
    forget: () => Promise.resolve(),
  },
};
