// An entry as lines of JSON: first what is known before anything is done, then what happened, a line each.
// Whatever is read may be torn, cut or made up.
import * as v from 'valibot';
import { actsAloneForMs } from '../operations/interrupted.js';
import type { JournalEntry, StepRecord, UnreadableEntry } from './entry.js';
import {
  count,
  isObject,
  type JsonObject,
  parseAs,
  parseSoundJson,
  secondsOf,
  snapshotTime,
  writeJson,
} from './json.js';
import { beforeShape, originShape } from './originText.js';
import { writerShape } from './writer.js';

const version = 2;
const lineEnd = 0x0a;

const stepShape = v.object({
  index: count,
  state: v.picklist(['begun', 'done']),
  at: count,
  outcome: v.exactOptional(v.unknown()),
}) satisfies v.GenericSchema<unknown, StepRecord>;

/** Somebody takes the entry up after its writer. */
const recoveryShape = v.object({ recovery: writerShape, at: count });
export type RecoveryRecord = Readonly<v.InferOutput<typeof recoveryShape>>;

/** The last recovery did nothing, for this reason, and left it to a person. */
const explainedShape = v.object({ explained: v.string(), at: count });
export type ExplainedRecord = Readonly<v.InferOutput<typeof explainedShape>>;

/** In the place that it has in all versions. */
const vmShape = v.object({ vm: v.object({ uuid: v.string(), name: v.exactOptional(v.string()) }) });

/** As far as everybody relies on it. */
const requestShape = v.looseObject({
  kind: v.string(),
  vm: v.looseObject({ connection: v.string(), uuid: v.string() }),
});
const names = v.exactOptional(v.array(v.string()));

const headShape = v.object({
  version: v.literal(version),
  id: v.string(),
  connection: v.string(),
  vm: v.object({ uuid: v.string(), name: v.string() }),
  request: requestShape,
  plan: v.looseObject({
    kind: v.literal('plan'),
    request: requestShape,
    before: beforeShape,
    steps: v.array(v.looseObject({ kind: v.string(), createdAt: v.exactOptional(snapshotTime) })),
    deletes: names,
    removes: names,
    merges: v.exactOptional(v.array(v.custom(isObject))),
  }),
  protectedIn: v.exactOptional(v.string()),
  startedAt: count,
  origin: v.exactOptional(originShape),
  writer: writerShape,
});

export type EntryRead =
  { readonly entry: JournalEntry; readonly bytes: number } | Pick<UnreadableEntry, 'why' | 'detail' | 'vm'>;

export type EntryHead = Omit<JournalEntry, 'steps' | 'recoveries' | 'takenUpAt' | 'lastActedAt'>;

export function writeHead(head: EntryHead): string {
  const { before, steps } = head.plan;
  const snapshots = before.snapshots?.map((one) => ({ ...one, createdAt: secondsOf(one.createdAt) }));
  const plan = {
    ...head.plan,
    before: { ...before, ...(snapshots === undefined ? {} : { snapshots }) },
    steps: steps.map((step) => ('createdAt' in step ? { ...step, createdAt: secondsOf(step.createdAt) } : step)),
  };
  return `${writeJson({ ...head, plan })}\n`;
}

export function writeRecord(record: StepRecord | RecoveryRecord | ExplainedRecord): string {
  return `${writeJson(record)}\n`;
}

export function entryOf(head: EntryHead): JournalEntry {
  return { ...head, steps: [], recoveries: 0, lastActedAt: head.startedAt };
}

/**
 * `lastActedAt` tells how old it is. A recovery may do steps that the entry does not have, without a record; but one
 * that comes when it was too old makes it no younger.
 *
 * | record                             | lastActedAt |
 * |------------------------------------|-------------|
 * | a step                             | then |
 * | taken up                           | as before; the time that the one before took it up, if that was no hour later |
 * | explained                          | as before: nothing was done |
 */
export function withRecord(entry: JournalEntry, record: StepRecord | RecoveryRecord | ExplainedRecord): JournalEntry {
  const { takenUpAt, ...rest } = entry;
  if ('explained' in record) {
    return { ...rest, recoveries: Math.max(0, entry.recoveries - 1) };
  }
  if ('recovery' in record) {
    const later = takenUpAt === undefined ? 0 : takenUpAt - entry.lastActedAt;
    const acted = later > 0 && later <= actsAloneForMs;
    return {
      ...entry,
      writer: record.recovery,
      recoveries: entry.recoveries + 1,
      takenUpAt: record.at,
      ...(acted ? { lastActedAt: entry.lastActedAt + later } : {}),
    };
  }
  return { ...entry, steps: [...entry.steps, record], lastActedAt: Math.max(entry.lastActedAt, record.at) };
}

/**
 * `bytes`: as far as it is whole and says something: what is written next goes there. A last line that is torn says
 * nothing: nobody has been told that it is on the disk. Nor do two lines that somebody took it up and left it as it
 * was. An entry that is left to a person may be taken up at each operation of its VM: it would grow until no line fits.
 *
 * | head          | records                  | last line       | read as                   |
 * |---------------|--------------------------|-----------------|---------------------------|
 * | sound         | sound                    | sound           | all of it                 |
 * | sound         | sound                    | cut, or unsound | all before it             |
 * | sound         | one unsound before it    | any             | damaged                   |
 * | later version | any                      | any             | newer                     |
 * | else          | any                      | any             | damaged                   |
 */
export function parseEntry(content: Buffer, id: string): EntryRead {
  const headEnd = content.indexOf(lineEnd);
  if (headEnd < 0) {
    return asDamaged('no line is whole');
  }
  const head = parseLine(content.subarray(0, headEnd), (value) => parseHead(value, id));
  if (head === undefined || 'why' in head) {
    const vm = parseLine(content.subarray(0, headEnd), (value) => parseAs(vmShape, value)?.vm);
    return { ...(head ?? asDamaged('the first line is no plan')), ...(vm === undefined ? {} : { vm }) };
  }
  let entry = entryOf(head);
  // Not one at a time into a list that is copied each time: an entry may have thousands.
  const steps: StepRecord[] = [];
  let bytes = headEnd + 1;
  let start = bytes;
  /** As it was when it was taken up, while nothing is done since. */
  let before: { readonly entry: JournalEntry; readonly bytes: number } | undefined;
  for (;;) {
    const end = content.indexOf(lineEnd, start);
    if (end < 0) {
      break;
    }
    const record = parseLine(content.subarray(start, end), (value) => parseRecord(value, head.plan.steps.length));
    if (record === undefined) {
      if (end + 1 < content.length) {
        return { ...asDamaged(`the line at byte ${start} is no record`), vm: head.vm };
      }
      break;
    }
    start = end + 1;
    if ('explained' in record && before !== undefined) {
      ({ entry, bytes } = before);
      before = undefined;
      continue;
    }
    before = 'recovery' in record ? { entry, bytes } : undefined;
    if ('index' in record) {
      steps.push(record);
    }
    entry = { ...withRecord(entry, record), steps: [] };
    bytes = start;
  }
  return { entry: { ...entry, steps }, bytes };
}

function parseLine<T>(line: Buffer, parse: (value: JsonObject) => T | undefined): T | undefined {
  const value = parseSoundJson(line.toString('utf8'));
  return isObject(value) ? parse(value) : undefined;
}

function parseHead(value: JsonObject, id: string): EntryHead | Pick<UnreadableEntry, 'why' | 'detail'> | undefined {
  const written = parseAs(count, value['version']);
  if (written !== undefined && written > version) {
    return { why: 'newer', detail: `version ${written}` };
  }
  const head = parseAs(headShape, value);
  if (head?.id !== id || ![head.request, head.plan.request].every((one) => isOf(one, head))) {
    return undefined;
  }
  // Before it was kept, the writer told of the computer, and nobody of the daemon.
  const { origin = { host: head.writer.host, boot: head.writer.boot } } = head;
  // The code that would run a request, a plan or a step judges its other parts.
  return { ...head, origin } as unknown as EntryHead;
}

function isOf({ vm }: v.InferOutput<typeof requestShape>, head: v.InferOutput<typeof headShape>): boolean {
  return vm.connection === head.connection && vm.uuid === head.vm.uuid;
}

function parseRecord(value: JsonObject, steps: number): StepRecord | RecoveryRecord | ExplainedRecord | undefined {
  const shape = 'recovery' in value ? recoveryShape : 'explained' in value ? explainedShape : stepShape;
  const record = parseAs<StepRecord | RecoveryRecord | ExplainedRecord>(shape, value);
  return record !== undefined && 'index' in record && record.index >= steps ? undefined : record;
}

function asDamaged(detail: string): Pick<UnreadableEntry, 'why' | 'detail'> {
  return { why: 'damaged', detail };
}
