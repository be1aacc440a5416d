// VMs that are being given to a cluster or taken from it: written down before anything is done, forgotten when all is.
// What is found here later broke off.
import * as promises from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Log } from '../../../base/log.js';
import type { DiskLock } from '../../../journal/diskLock.js';
import { idPattern, journalFailure, namesIn, newId } from '../../../journal/durable.js';
import { writeJson } from '../../../journal/json.js';
import {
  beginRecord,
  forgetRecord,
  readRecord,
  type RecordPlace,
  recordWith,
  takeUpRecord,
} from '../../../journal/recordFolder.js';
import { thisWriter } from '../../../journal/writer.js';
import { Failure } from '../../../domain/failure.js';

const version = 1;
const file = 'cluster.json';
const maxBytes = 1024 * 1024;
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(5_000));

const shape = v.object({
  version: v.literal(version),
  id: v.pipe(v.string(), v.regex(idPattern)),
  connection: text,
  vms: v.array(v.object({ uuid: text, name: text, resource: text, config: text, autostart: v.boolean() })),
});

export type GivenRecord = Omit<v.InferOutput<typeof shape>, 'version'>;

function placeIn(folder: string, log: Log): RecordPlace {
  return { folder, root: join(folder, 'clusters'), fs: promises, log };
}

/** Forgotten when `work` resolves, and where it says so. Whatever cannot be written becomes a Failure `journal`. */
export async function withRecord<T>(
  { folder, log }: { readonly folder: string; readonly log: Log },
  made: Omit<GivenRecord, 'id'>,
  work: () => Promise<T>,
): Promise<T> {
  const place = placeIn(folder, log);
  const id = newId();
  const record = writeJson({ version, id, ...made });
  const hold = await beginRecord(place, { id, file, text: record, writer: await thisWriter() }).catch(
    (error: unknown) => {
      throw journalFailure(error, place.root, { doing: 'write down what is to be done' });
    },
  );
  try {
    const result = await work();
    await forgetRecord(place, id);
    return result;
  } finally {
    await leave(hold, id, log);
  }
}

/** Each that broke off with this VM in it, forgotten when `end` resolves. @throws Failure `busy` */
export async function endRecords<T>(
  { folder, log }: { readonly folder: string; readonly log: Log },
  vm: string,
  end: (record: GivenRecord) => Promise<T>,
): Promise<readonly T[]> {
  const place = placeIn(folder, log);
  const ended: T[] = [];
  for (const id of (await namesIn(promises, place.root)).filter((name) => idPattern.test(name)).slice(0, 100)) {
    const isOfVm = (await readGiven(place, id))?.vms.some(({ name, uuid }) => name === vm || uuid === vm);
    if (isOfVm !== true) {
      continue;
    }
    const taken = await takeUpRecord(place, { id, file, writer: await thisWriter() }, () => readGiven(place, id));
    if (taken === 'busy') {
      throw new Failure('busy', { vm });
    }
    if (taken !== 'gone') {
      try {
        ended.push(await end(taken.record));
        await forgetRecord(place, id);
      } finally {
        await leave(taken.hold, id, log);
      }
    }
  }
  return ended;
}

async function readGiven(place: RecordPlace, id: string): Promise<GivenRecord | undefined> {
  const parse = recordWith<GivenRecord>(shape, id);
  const read = await readRecord(place, join(place.root, id, file), { maxBytes, parse });
  return typeof read === 'string' ? undefined : read;
}

function leave(hold: DiskLock, id: string, log: Log): Promise<void> {
  return hold.release().catch((error: unknown) => log.debug(`${id} is held no more: ${String(error)}`));
}
