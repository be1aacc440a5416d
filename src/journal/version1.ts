// Entries of version 1 (releases 0.1) say what kind a thing is under several names; later ones say `kind` everywhere.
import { isObject, type JsonObject } from './json.js';

/**
 * | in version 1                    | since        |
 * |---------------------------------|--------------|
 * | `type` of a request, of a plan  | `kind`       |
 * | `kind` of a request to create   | `snapshotKind` |
 * | `what` of a repair, of a loss   | `kind`       |
 * | `do` of a step                  | `kind`       |
 * | `kind` of a step that takes a snapshot | `snapshotKind` |
 * | `about` of a warning            | `kind`       |
 *
 * What is no such thing stays as it is, and is judged like anything else.
 */
export function fromVersion1(head: JsonObject): JsonObject {
  const { request, plan } = head;
  return { ...head, version: 2, request: requestOf(request), plan: isObject(plan) ? planOf(plan) : plan };
}

function planOf({ type, request, steps, losses, warnings, ...rest }: JsonObject): JsonObject {
  return {
    kind: type,
    request: requestOf(request),
    steps: each(steps, stepOf),
    losses: each(losses, ({ what, ...loss }) => ({ kind: what, ...loss })),
    warnings: each(warnings, ({ about, ...warning }) => ({ kind: about, ...warning })),
    ...rest,
  };
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
