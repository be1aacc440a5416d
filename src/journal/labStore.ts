// The labs that were made from lab files: written down before anything of one is made, forgotten when all of it is
// gone. A folder for each, held by who works on it.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../base/log.js';
import type { MadeFile } from '../domain/hostFiles.js';
import type { LabNetwork, LabVm } from '../domain/labVm.js';
import { type FileSystem, idPattern } from './durable.js';
import type { Writer } from './entry.js';
import { heldKinds } from './heldRecords.js';
import { count } from './json.js';
import { type OpenRecord, type RecordKind, RecordStore } from './recordFolder.js';
import { writerShape } from './writer.js';

const version = 1;

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

/** The network that the VMs of a lab have alone, and its proxy. */
export interface RecordedNetwork extends LabNetwork {
  /** With the configuration and the log of the proxy. */
  readonly folder: string;
  /** As the proxy was told: `HOST:PORT`. */
  readonly allow: readonly string[];
  readonly log: boolean;
  /** The process, when it was started. */
  readonly proxy?: Writer;
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
  /** Absent: its VMs have networks that were there, or none. */
  readonly network?: RecordedNetwork;
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
  network: v.exactOptional(
    v.object({
      connection: text,
      name: text,
      uuid: text,
      filterUuid: text,
      bridge: text,
      address: text,
      port: count,
      folder: text,
      allow: v.pipe(v.array(text), v.maxLength(100)),
      log: v.boolean(),
      proxy: v.exactOptional(writerShape),
    }),
  ),
  system: v.exactOptional(id),
  points: v.exactOptional(v.array(id)),
  layers: v.exactOptional(v.array(v.object({ point: id, digest: text, leftAt: v.exactOptional(count) }))),
});

/** Where VMs are written down that `new` made, beside the labs. @param folder of the session */
export function newVmsIn(folder: string): string {
  return join(folder, 'new-vms');
}

export const labKind: RecordKind<LabRecord> = {
  ...{ file: heldKinds.labs.file, version, maxBytes: 256 * 1024, most: 2_000, of: 'lab', shape },
};

export class LabStore extends RecordStore<LabRecord> {
  constructor(folder: string, log: Log, shell?: string, fs: FileSystem = promises) {
    super({ folder, root: join(folder, heldKinds.labs.folder), fs, log }, labKind, shell);
  }

  override async list(): Promise<readonly LabRecord[]> {
    return (await super.list()).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}
