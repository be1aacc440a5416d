// An entry as lines of JSON: first what is known before anything is done, then what happened, a line each.
// Whatever is read may be torn, cut or made up.
import type { OperationRequest } from '../domain/operation.js';
import type { PlannedWork } from '../operations/plan.js';
import { actsAloneForMs } from '../operations/interrupted.js';
import type { JournalEntry, StepRecord, UnreadableEntry, Writer } from './entry.js';
import { isCount, isObject, type JsonObject, parseJson, writeJson } from './json.js';
import { parseBefore, parseOrigin } from './originText.js';
import { fromVersion1 } from './version1.js';
import { parseWriter } from './writer.js';

const version = 2;
const lineEnd = 0x0a;

/** Somebody takes the entry up after its writer. */
export interface RecoveryRecord {
  readonly recovery: Writer;
  readonly at: number;
}

/** Whoever took it up last did nothing, for this reason, and left it to a person. */
export interface ExplainedRecord {
  readonly explained: string;
  readonly at: number;
}

export type EntryRead =
  { readonly entry: JournalEntry; readonly bytes: number } | Pick<UnreadableEntry, 'why' | 'detail' | 'vm'>;

export type EntryHead = Omit<JournalEntry, 'steps' | 'recoveries' | 'takenUpAt' | 'lastActedAt'>;

export function writeHead(head: EntryHead): string {
  return `${writeJson(head)}\n`;
}

export function writeRecord(record: StepRecord | RecoveryRecord | ExplainedRecord): string {
  return `${writeJson(record)}\n`;
}

export function entryOf(head: EntryHead): JournalEntry {
  return { ...head, steps: [], recoveries: 0, lastActedAt: head.startedAt };
}

/**
 * `lastActedAt` tells how old it is. Whoever takes it up may do steps that it does not have, and write none of them down; but
 * one who comes when it was too old for that makes it no younger.
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
 * `bytes`: as far as it is whole. A last line that is torn says nothing: nobody has been told that it is on the disk.
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
    return damaged('no line is whole');
  }
  const head = parseLine(content.subarray(0, headEnd), (value) => parseHead(value, id));
  if (head === undefined || 'why' in head) {
    const vm = parseLine(content.subarray(0, headEnd), uuidOf);
    return { ...(head ?? damaged('the first line is no plan')), ...(vm === undefined ? {} : { vm }) };
  }
  let entry = entryOf(head);
  // Not one at a time into a list that is copied each time: an entry may have thousands.
  const steps: StepRecord[] = [];
  let bytes = headEnd + 1;
  for (;;) {
    const end = content.indexOf(lineEnd, bytes);
    if (end < 0) {
      break;
    }
    const record = parseLine(content.subarray(bytes, end), (value) => parseRecord(value, head.plan.steps.length));
    if (record === undefined) {
      if (end + 1 < content.length) {
        return damaged(`the line at byte ${bytes} is no record`);
      }
      break;
    }
    if ('index' in record) {
      steps.push(record);
    }
    entry = { ...withRecord(entry, record), steps: [] };
    bytes = end + 1;
  }
  return { entry: { ...entry, steps }, bytes };
}

function parseLine<T>(line: Buffer, parse: (value: JsonObject) => T | undefined): T | undefined {
  let value: unknown;
  try {
    value = parseJson(line.toString('utf8'));
  } catch (error) {
    // The second: nested too deep.
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
  return isObject(value) ? parse(value) : undefined;
}

function parseHead(given: JsonObject, id: string): EntryHead | Pick<UnreadableEntry, 'why' | 'detail'> | undefined {
  const value = given['version'] === 1 ? fromVersion1(given) : given;
  if (isCount(value['version']) && value['version'] > version) {
    return { why: 'newer', detail: `version ${value['version']}` };
  }
  const { connection, vm, request, startedAt, protectedIn } = value;
  const writer = parseWriter(value['writer']);
  const origin = value['origin'] === undefined ? undefined : parseOrigin(value['origin']);
  if (
    value['version'] !== version ||
    value['id'] !== id ||
    typeof connection !== 'string' ||
    !isObject(vm) ||
    typeof vm['uuid'] !== 'string' ||
    typeof vm['name'] !== 'string' ||
    !isRequest(request, connection, vm['uuid']) ||
    !isCount(startedAt) ||
    !(protectedIn === undefined || typeof protectedIn === 'string') ||
    writer === undefined ||
    origin === 'unsound'
  ) {
    return undefined;
  }
  const plan = parsePlan(value['plan'], connection, vm['uuid']);
  return (
    plan && {
      version,
      id,
      connection,
      vm: { uuid: vm['uuid'], name: vm['name'] },
      request,
      plan,
      ...(protectedIn === undefined ? {} : { protectedIn }),
      startedAt,
      // Before it was kept, the writer told of the computer, and nobody of the daemon.
      origin: origin ?? { host: writer.host, boot: writer.boot },
      writer,
    }
  );
}

/** In the place that it has in all versions. */
function uuidOf({ vm }: JsonObject): string | undefined {
  return isObject(vm) && typeof vm['uuid'] === 'string' ? vm['uuid'] : undefined;
}

function parseRecord(value: JsonObject, steps: number): StepRecord | RecoveryRecord | ExplainedRecord | undefined {
  const { index, state, at, outcome } = value;
  if (!isCount(at)) {
    return undefined;
  }
  if ('recovery' in value) {
    const recovery = parseWriter(value['recovery']);
    return recovery === undefined ? undefined : { recovery, at };
  }
  if ('explained' in value) {
    const { explained } = value;
    return typeof explained === 'string' ? { explained, at } : undefined;
  }
  if (!isCount(index) || index >= steps || (state !== 'begun' && state !== 'done')) {
    return undefined;
  }
  return { index, state, at, ...(outcome === undefined ? {} : { outcome }) };
}

/** As far as everybody relies on it; each step is judged by whoever would carry it out. */
function isRequest(value: unknown, connection: string, uuid: string): value is OperationRequest {
  return (
    isObject(value) &&
    typeof value['kind'] === 'string' &&
    isObject(value['vm']) &&
    value['vm']['connection'] === connection &&
    value['vm']['uuid'] === uuid
  );
}

function parsePlan(value: unknown, connection: string, uuid: string): PlannedWork | undefined {
  if (!isPlan(value, connection, uuid)) {
    return undefined;
  }
  const before = parseBefore(value.before);
  return before === 'unsound' ? undefined : { ...value, before };
}

function isPlan(value: unknown, connection: string, uuid: string): value is PlannedWork {
  return (
    isObject(value) &&
    value['kind'] === 'plan' &&
    isRequest(value['request'], connection, uuid) &&
    Array.isArray(value['steps']) &&
    value['steps'].every((step) => isObject(step) && typeof step['kind'] === 'string') &&
    [value['deletes'], value['removes']].every((names) => isListOrNone(names, (one) => typeof one === 'string')) &&
    isListOrNone(value['merges'], isObject)
  );
}

function isListOrNone(value: unknown, isSound: (one: unknown) => boolean): boolean {
  return value === undefined || (Array.isArray(value) && value.every(isSound));
}

function damaged(detail: string): Pick<UnreadableEntry, 'why' | 'detail'> {
  return { why: 'damaged', detail };
}
