// The health checks on the chains of a VM's disks: how deep, how old, how large, and whether all of it is there. Pure.
import { formatVersion, versionOf } from '../domain/capabilities.js';
import type { Layer } from '../domain/layers.js';
import { doubtfulTimes, timeOf } from '../domain/snapshotTime.js';
import { activePath } from '../domain/snapshotTree.js';
import { chains, depths } from './deltas.js';
import type { HealthFacts } from './healthFacts.js';
import type { Problem } from './problem.js';
import { shareFloorBytes } from './thresholds.js';

/** libvirt's limit there is 32 levels of JSON, of which a disk itself takes some: "more than ~25" (news 12.0.0). */
const deepestToStart = 25;
const jsonLimitFrom = versionOf(10, 8);
const jsonLimitBefore = versionOf(12, 0);

const hourMs = 60 * 60 * 1000;

export function chainsTooDeep(facts: HealthFacts): readonly Problem[] {
  const { layers: limit } = facts.thresholds;
  return depths(facts)
    .filter(({ deltas }) => limit > 0 && deltas > limit)
    .map(({ target, deltas }) => ({ kind: 'chainTooDeep', disk: target, deltas, limit }));
}

export function chainsTooDeepToStart(facts: HealthFacts): readonly Problem[] {
  const libvirt = facts.capabilities?.libvirt ?? 0;
  if (libvirt < jsonLimitFrom || libvirt >= jsonLimitBefore) {
    return [];
  }
  return depths(facts)
    .filter(({ deltas }) => deltas + 1 > deepestToStart)
    .map(({ target, deltas }) => ({
      kind: 'chainTooDeepToStart',
      disk: target,
      files: deltas + 1,
      version: formatVersion(libvirt),
    }));
}

interface Oldest {
  readonly snapshot?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/**
 * A delta is as old as the snapshot that it came after. Those after a snapshot that somebody keeps are meant to be old.
 * The age of a snapshot whose time cannot be right is unknown.
 *
 * | tree  | sizes           | known by                                    |
 * |-------|-----------------|---------------------------------------------|
 * | read  | any             | the external snapshots that the VM stands on, and whose times can be right |
 * | not   | with times      | when each layer began, where that can be right |
 * | not   | no delta at all | nothing is old                              |
 */
export function oldest(facts: HealthFacts): Oldest | 'none' | 'unknown' {
  const { tree, layers, now, kept = [] } = facts;
  if (tree !== undefined) {
    const doubtful = doubtfulTimes(tree, now);
    const deltas = activePath(tree).filter(({ name, style }) => style === 'external' && !kept.includes(name));
    const [first] = deltas.filter(({ name }) => !doubtful.has(name)).toSorted((a, b) => a.createdAt - b.createdAt);
    if (first === undefined) {
      return deltas.length === 0 ? 'none' : 'unknown';
    }
    return { snapshot: first.name, since: first.createdAt };
  }
  const deltas = chains(facts).flatMap((chain) => chain.deltas);
  if (layers !== undefined && deltas.length === 0) {
    return 'none';
  }
  const times = deltas.flatMap(({ since }) => (since !== undefined && timeOf(since, now) === 'plausible' ? since : []));
  return times.length === 0 ? 'unknown' : { since: Math.min(...times) };
}

export function deltasTooOld(facts: HealthFacts): readonly Problem[] {
  const { ageHours: limitHours } = facts.thresholds;
  const first = oldest(facts);
  return typeof first === 'object' && limitHours > 0 && facts.now - first.since > limitHours * hourMs
    ? [{ kind: 'deltaTooOld', ...first, limitHours }]
    : [];
}

export function areSizesKnown({ layers }: HealthFacts): boolean {
  return (
    layers?.disks.some(({ layers: all }) => all.some(({ allocatedBytes }) => allocatedBytes !== 'unknown')) === true
  );
}

/** Reports the largest delta of each disk. */
export function deltasTooLarge(facts: HealthFacts): readonly Problem[] {
  const { deltaBytes, deltaPercent } = facts.thresholds;
  return chains(facts).flatMap(({ target, deltas, base }): readonly Problem[] => {
    const largest = deltas.reduce<Layer | undefined>(
      (most, one) => (bytesOf(one) > (most === undefined ? 0 : bytesOf(most)) ? one : most),
      undefined,
    );
    if (largest === undefined) {
      return [];
    }
    const bytes = bytesOf(largest);
    const baseBytes = base?.allocatedBytes ?? 'unknown';
    const share = baseBytes === 'unknown' ? 0 : (100 * bytes) / Math.max(1, baseBytes);
    const of = { kind: 'deltaTooLarge', disk: target, file: largest.file, bytes, baseBytes } as const;
    if (deltaBytes > 0 && bytes > deltaBytes) {
      return [{ ...of, limit: { bytes: deltaBytes } }];
    }
    return deltaPercent > 0 && bytes >= shareFloorBytes && share > deltaPercent
      ? [{ ...of, limit: { percent: deltaPercent } }]
      : [];
  });
}

export function deltasTooLargeTogether(facts: HealthFacts): readonly Problem[] {
  const { allDeltasBytes: limitBytes } = facts.thresholds;
  const bytes = chains(facts)
    .flatMap(({ deltas }) => deltas)
    .reduce((sum, one) => sum + bytesOf(one), 0);
  return limitBytes > 0 && bytes > limitBytes ? [{ kind: 'deltasTooLarge', bytes, limitBytes }] : [];
}

/** What is unknown is not counted: a sum is at least what is said. */
function bytesOf({ allocatedBytes }: Layer): number {
  return allocatedBytes === 'unknown' ? 0 : allocatedBytes;
}

export function isPresenceKnown({ layers }: HealthFacts): boolean {
  return layers?.disks.some(({ layers: all }) => all.some(({ seen }) => seen !== 'unknown')) === true;
}

/** Where the doctor looked too, it says the same with a repair. */
export function missingLayers({ layers, examined = [] }: HealthFacts): readonly Problem[] {
  const told = new Set(examined.flatMap((one) => (one.kind === 'overlayMissing' ? one.file : [])));
  return (layers?.disks ?? []).flatMap(({ target, layers: all }) =>
    all
      .filter(({ seen, file }) => seen === 'missing' && !told.has(file))
      .map(({ file }): Problem => ({ kind: 'backingMissing', disk: target, file })),
  );
}
