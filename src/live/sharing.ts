// Keeps the old object wherever a new one says the same, so that "changed" can be asked with `!==`.
import { Failure } from '../domain/failure.js';

/** `now`, with every part of it that equals the same part of `before` replaced by that part. */
export function share<T>(before: T | undefined, now: T): T {
  // The result has the shape of `now` in every case: each part is taken from it, or equals what it has there.
  return shareAny(before, now) as T;
}

function shareAny(before: unknown, now: unknown): unknown {
  if (Object.is(before, now)) {
    return before;
  }
  if (Array.isArray(before) && Array.isArray(now)) {
    return shareList(before, now);
  }
  if (before instanceof Failure && now instanceof Failure) {
    return before.kind === now.kind && share(before.details, now.details) === before.details ? before : now;
  }
  if (isRecord(before) && isRecord(now)) {
    return shareRecord(before, now);
  }
  return now;
}

/** Members with a name are matched by it, so that one new snapshot at the front does not replace all others. */
function shareList(before: readonly unknown[], now: readonly unknown[]): readonly unknown[] {
  const named = new Map<string, unknown>();
  for (const member of before) {
    const name = nameOf(member);
    if (name !== undefined) {
      named.set(name, member);
    }
  }
  const shared = now.map((member, index) => {
    const name = nameOf(member);
    return shareAny(name === undefined ? before[index] : named.get(name), member);
  });
  return shared.length === before.length && shared.every((member, index) => member === before[index]) ? before : shared;
}

function shareRecord(before: Record<string, unknown>, now: Record<string, unknown>): Record<string, unknown> {
  const shared: Record<string, unknown> = {};
  let same = Object.keys(before).length === Object.keys(now).length;
  for (const key of Object.keys(now)) {
    shared[key] = shareAny(before[key], now[key]);
    same &&= key in before && shared[key] === before[key];
  }
  return same ? before : shared;
}

function nameOf(member: unknown): string | undefined {
  if (!isRecord(member)) {
    return undefined;
  }
  const name = member['name'] ?? member['target'];
  return typeof name === 'string' ? name : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
