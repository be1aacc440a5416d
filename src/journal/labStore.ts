// The labs that were made from lab files: written down before anything of one is made, forgotten when all of it is
// gone. A folder for each, held by who works on it.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { MadeFile } from '../domain/hostFiles.js';
import type { LabVm } from '../domain/labVm.js';
import { type FileSystem, idPattern, journalFailure, namesIn } from './durable.js';
import type { DiskLock } from './diskLock.js';
import { count, writeJson } from './json.js';
import {
  beginRecord,
  type OpenRecord,
  openRecord,
  readRecord,
  type RecordPlace,
  recordWith,
  takeUpRecord,
} from './recordFolder.js';
import { thisWriter } from './writer.js';

const version = 1;
const maxBytes = 256 * 1024;
const maxLabs = 200;
const labFile = 'lab.json';

/** A VM of a lab, by its name in the file. */
export interface RecordedVm extends LabVm {
  readonly key: string;
  /** What it was made of, as a digest; absent: it was there before, and stays. */
  readonly parts?: string;
  /** Its folder and its files, as they were made; absent: nothing is made yet, or a version before this made it. */
  readonly made?: readonly MadeFile[];
  /** See `VmAsMade.definition`. */
  readonly definition?: string;
  /** The files that it was copied from, as they were then. */
  readonly sources?: readonly { readonly path: string; readonly bytes: number; readonly modifiedAt: number }[];
  /** The image below the overlay, as it was then, in a record of a version that copied none. */
  readonly image?: { readonly path: string; readonly bytes: number; readonly modifiedAt: number };
}

/** A restore point of a lab, by what was done before it. */
interface RecordedLayer {
  readonly point: string;
  readonly digest: string;
  /** Milliseconds since 1970, since when its file says otherwise; absent while that names it. */
  readonly leftAt?: number;
}

export interface LabRecord {
  readonly id: string;
  /** Absolute. */
  readonly file: string;
  readonly name: string;
  readonly isProtected: boolean;
  /** Any other than `ready` broke off, unless somebody holds it. */
  readonly phase: 'making' | 'ready' | 'removing';
  readonly vms: readonly RecordedVm[];
  /** The id of its system of VMs, once that is made. */
  readonly system?: string;
  /** The ids of the restore points that the lab made or began to make: no other one is the lab's. */
  readonly points?: readonly string[];
  /** The content of each layer; absent in a lab of a version that did not record it. */
  readonly layers?: readonly RecordedLayer[];
}

export type OpenLab = OpenRecord<LabRecord>;

const id = v.pipe(v.string(), v.regex(idPattern));
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(5000));

const source = v.object({ path: text, bytes: count, modifiedAt: v.number() });

const shape = v.object({
  version: v.literal(version),
  id,
  file: text,
  name: text,
  isProtected: v.boolean(),
  phase: v.picklist(['making', 'ready', 'removing']),
  vms: v.pipe(
    v.array(
      v.object({
        connection: text,
        uuid: text,
        name: text,
        folder: v.string(),
        key: text,
        parts: v.exactOptional(text),
        made: v.exactOptional(v.array(v.object({ path: text, identity: v.exactOptional(text) }))),
        definition: v.exactOptional(text),
        sources: v.exactOptional(v.pipe(v.array(source), v.maxLength(1000))),
        image: v.exactOptional(source),
      }),
    ),
    v.maxLength(64),
  ),
  system: v.exactOptional(id),
  points: v.exactOptional(v.array(id)),
  layers: v.exactOptional(v.array(v.object({ point: id, digest: text, leftAt: v.exactOptional(count) }))),
});

/** Whatever cannot be written becomes a Failure of kind `journal`. */
/** Where VMs are written down that `new` made, beside the labs. @param folder of the session */
export function newVmsIn(folder: string): string {
  return join(folder, 'new-vms');
}

export class LabStore {
  readonly #root: string;

  constructor(
    readonly folder: string,
    readonly log: Log,
    readonly shell?: string,
    readonly fs: FileSystem = promises,
  ) {
    this.#root = join(folder, 'labs');
  }

  /** What cannot be believed is left alone, and said in the log. */
  async list(): Promise<readonly LabRecord[]> {
    const ids = (await namesIn(this.fs, this.#root)).filter((name) => idPattern.test(name)).slice(0, maxLabs);
    const read = await Promise.all(ids.map((each) => this.#read(each)));
    return read.filter((one) => one !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Resolves when it is on the disk: only then may anything be made. */
  async begin(record: LabRecord): Promise<OpenLab> {
    const writer = await thisWriter(this.shell);
    const text = writeJson({ version, ...record });
    try {
      return this.#open(record, await beginRecord(this.#place, { id: record.id, file: labFile, text, writer }));
    } catch (error) {
      throw journalFailure(error, this.#root, { doing: 'write down what a lab is to be made of' });
    }
  }

  /** `busy`: somebody works on it, in this process or another. */
  async lock(which: string): Promise<OpenLab | 'busy' | 'gone'> {
    const folder = join(this.#root, which);
    try {
      const of = { id: which, file: labFile, writer: await thisWriter(this.shell) };
      const taken = await takeUpRecord(this.#place, of, (id) => this.#read(id));
      return typeof taken === 'string' ? taken : this.#open(taken.record, taken.hold);
    } catch (error) {
      throw journalFailure(error, folder, { doing: 'take up a lab' });
    }
  }

  #open(record: LabRecord, hold: DiskLock): OpenLab {
    return openRecord(this.#place, { file: labFile, version, maxBytes, of: 'lab' }, { record, hold });
  }

  async #read(which: string): Promise<LabRecord | undefined> {
    const read = await readRecord(this, join(this.#root, which, labFile), {
      maxBytes,
      parse: recordWith(shape, which),
    });
    return typeof read === 'string' ? undefined : read;
  }

  get #place(): RecordPlace {
    return { folder: this.folder, root: this.#root, fs: this.fs, log: this.log };
  }
}
