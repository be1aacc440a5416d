// What an entry says of where it was begun and of what it was decided on, read as what it claims to be. Refuses to believe anything
// that was not written by us.
import type { Before, DaemonIdentity, Origin, SnapshotBefore } from '../domain/origin.js';
import type { LastWrite } from '../domain/plannedMerge.js';
import type { PowerReason, PowerState } from '../domain/vm.js';
import { isCount, isObject } from './json.js';

const powers: Readonly<Record<PowerState, true>> = {
  running: true,
  paused: true,
  off: true,
  shuttingDown: true,
  crashed: true,
  asleep: true,
  unknown: true,
};
const reasons: Readonly<Record<PowerReason, true>> = {
  fromSnapshot: true,
  ioError: true,
  saving: true,
  snapshotting: true,
  crashed: true,
  failed: true,
  saved: true,
  shutDown: true,
  destroyed: true,
  migrated: true,
  other: true,
};

export function parseOrigin(value: unknown): Origin | 'unsound' {
  if (!isObject(value)) {
    return 'unsound';
  }
  const { host, machine, boot } = value;
  const daemon = value['daemon'] === undefined ? undefined : parseDaemon(value['daemon']);
  if (typeof host !== 'string' || !isTextOrNone(machine) || !isTextOrNone(boot) || daemon === 'unsound') {
    return 'unsound';
  }
  return {
    host,
    ...(machine === undefined ? {} : { machine }),
    ...(boot === undefined ? {} : { boot }),
    ...(daemon === undefined ? {} : { daemon }),
  };
}

function parseDaemon(value: unknown): DaemonIdentity | 'unsound' {
  if (!isObject(value)) {
    return 'unsound';
  }
  const { hostname, hostUuid } = value;
  return typeof hostname === 'string' && isTextOrNone(hostUuid)
    ? { hostname, ...(hostUuid === undefined ? {} : { hostUuid }) }
    : 'unsound';
}

export function parseBefore(value: unknown): Before | 'unsound' {
  if (!isObject(value)) {
    return 'unsound';
  }
  const { power, powerReason, managedSave, current } = value;
  const disks = listOf(value['disks'], parseDisk);
  const snapshots = value['snapshots'] === undefined ? 'none' : listOf(value['snapshots'], parseSnapshot);
  const lastWrites = value['lastWrites'] === undefined ? 'none' : listOf(value['lastWrites'], parseLastWrite);
  if (
    !isKeyOf(powers, power) ||
    !isKeyOf(reasons, powerReason) ||
    typeof managedSave !== 'boolean' ||
    !isTextOrNone(current) ||
    disks === undefined ||
    snapshots === undefined ||
    lastWrites === undefined
  ) {
    return 'unsound';
  }
  return {
    power,
    powerReason,
    managedSave,
    disks,
    ...(current === undefined ? {} : { current }),
    ...(snapshots === 'none' ? {} : { snapshots }),
    ...(lastWrites === 'none' ? {} : { lastWrites }),
  };
}

function parseDisk(value: unknown): Before['disks'][number] | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const { target, file } = value;
  return typeof target === 'string' && isTextOrNone(file)
    ? { target, ...(file === undefined ? {} : { file }) }
    : undefined;
}

function parseSnapshot(value: unknown): SnapshotBefore | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const { name, createdAt, parent } = value;
  return typeof name === 'string' && isCount(createdAt) && isTextOrNone(parent)
    ? { name, createdAt, ...(parent === undefined ? {} : { parent }) }
    : undefined;
}

function parseLastWrite(value: unknown): LastWrite | undefined {
  if (!isObject(value)) {
    return undefined;
  }
  const { file, modifiedAt } = value;
  return typeof file === 'string' && (modifiedAt === undefined || typeof modifiedAt === 'number')
    ? { file, ...(modifiedAt === undefined ? {} : { modifiedAt }) }
    : undefined;
}

/** Undefined where one of them is unsound. */
function listOf<T>(value: unknown, parse: (one: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value)) {
    return undefined;
  }
  const parsed = value.flatMap((one) => parse(one) ?? []);
  return parsed.length === value.length ? parsed : undefined;
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isKeyOf<T extends string>(known: Readonly<Record<T, true>>, value: unknown): value is T {
  return typeof value === 'string' && Object.hasOwn(known, value);
}
