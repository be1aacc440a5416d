// Entries of version 1 (releases 0.1) say what kind a thing is under several names; later ones say `kind` everywhere. What a
// recovery reads stood among the losses and warnings, which were kept for people: here it is taken out of them.
import { isObject, type JsonObject } from './json.js';

/**
 * | in version 1                    | since        |
 * |---------------------------------|--------------|
 * | `type` of a request, of a plan  | `kind`       |
 * | `kind` of a request to create   | `snapshotKind` |
 * | `what` of a repair, of a loss   | `kind`       |
 * | `do` of a step                  | `kind`       |
 * | `kind` of a step that takes a snapshot | `snapshotKind` |
 * | `leaves`, `changes`, `fits` of a plan, `before` beside it | `before` of the plan |
 * | losses, warnings                | no more kept; see `planOf` |
 *
 * What is no such thing stays as it is, and is judged like anything else.
 */
export function fromVersion1(head: JsonObject): JsonObject {
  const { request, plan, before, ...rest } = head;
  return { ...rest, version: 2, request: requestOf(request), plan: isObject(plan) ? planOf(plan, before) : plan };
}

/**
 * | in the plan                                          | is                                        |
 * |------------------------------------------------------|-------------------------------------------|
 * | a loss of restore points                             | the snapshots that go                     |
 * | a loss of files                                      | the files that go with all that is in them |
 * | the snapshot since which changes are lost, or there are none | the current one, where it is not told beside the plan |
 * | a loss of RAM                                        | a VM that ran, where it is not told beside the plan |
 */
function planOf(plan: JsonObject, told: unknown): JsonObject {
  const { type, request, steps, losses, warnings, leaves = [], changes = [], fits = [], ...rest } = plan;
  const [lost, warned] = [objectsOf(losses), objectsOf(warnings)];
  const deletes = lost?.flatMap(({ what, names }) => (what === 'restorePoints' ? listOf(names) : []));
  const removes = lost?.flatMap(({ what, files }) => (what === 'files' ? listOf(files) : []));
  const since = [...(lost ?? []), ...(warned ?? [])].find(({ since: name }) => name !== undefined)?.['since'];
  const guessed = {
    power: lost?.some(({ what }) => what === 'ram') === true ? 'running' : 'unknown',
    powerReason: 'other',
    managedSave: false,
    disks: leaves,
    ...(since === undefined ? {} : { current: since }),
  };
  const writes = [changes, fits].flat();
  return {
    kind: type,
    request: requestOf(request),
    steps: each(steps, stepOf),
    ...(deletes === undefined || deletes.length === 0 ? {} : { deletes }),
    ...(removes === undefined || removes.length === 0 ? {} : { removes }),
    ...rest,
    // Without one that is sound, the whole entry is damaged.
    ...(lost === undefined || warned === undefined || !(told === undefined || isObject(told))
      ? {}
      : { before: { ...(told ?? guessed), ...(writes.length === 0 ? {} : { lastWrites: writes }) } }),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectsOf(list: unknown): readonly JsonObject[] | undefined {
  return Array.isArray(list) && list.every(isObject) ? list : undefined;
}

function requestOf(value: unknown): unknown {
  if (!isObject(value)) {
    return value;
  }
  const { type, kind, repair, ...rest } = value;
  return {
    kind: type,
    ...(kind === undefined ? {} : { snapshotKind: kind }),
    ...(isObject(repair) ? { repair: repairOf(repair) } : repair === undefined ? {} : { repair }),
    ...rest,
  };
}

function repairOf({ what, ...rest }: JsonObject): JsonObject {
  return { kind: what, ...rest };
}

function stepOf({ do: what, kind, made, ...rest }: JsonObject): JsonObject {
  return {
    kind: what,
    ...(kind === undefined ? {} : { snapshotKind: kind }),
    ...(isObject(made) ? { made: stepOf(made) } : made === undefined ? {} : { made }),
    ...rest,
  };
}

function each(list: unknown, change: (item: JsonObject) => JsonObject): unknown {
  return Array.isArray(list) ? list.map((item: unknown) => (isObject(item) ? change(item) : item)) : list;
}
