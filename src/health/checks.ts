// The table of health checks: what is known of a VM → what is wrong with it, with the values. Pure; no sentence, and no
// reading of anything. What the doctor has a rule for is asked of the doctor.
import { findingsWithoutFiles } from '../doctor/findings.js';
import { type Capabilities, formatVersion, versionOf } from '../model/capabilities.js';
import type { Diagnosis, Finding } from '../model/examination.js';
import type { DiskChain, Layer, VmLayers } from '../model/layers.js';
import type { SnapshotTree } from '../model/snapshot.js';
import { activePath, styleOfVm } from '../model/snapshotTree.js';
import { type Vm, snapshotableDisks } from '../model/vm.js';
import { planDelete } from '../plans/planDelete.js';
import { type Forecast } from './growth.js';
import type { CheckId, DiagnosedCheck, Found, HealthFinding, Severity } from './healthFinding.js';
import { shareFloorBytes, type Thresholds } from './thresholds.js';

/** What is undefined is not known, and what needs it is not judged. */
export interface HealthFacts {
  readonly vm: Vm;
  readonly capabilities?: Capabilities | undefined;
  readonly tree?: SnapshotTree | undefined;
  readonly layers?: VmLayers | undefined;
  /** Names of snapshots that somebody wants to keep: their age is no warning. */
  readonly kept?: readonly string[] | undefined;
  /** Of an examination that still fits the VM. */
  readonly diagnoses?: readonly Pick<Diagnosis, 'finding' | 'severity'>[] | undefined;
  /** By folder. */
  readonly forecasts?: ReadonlyMap<string, Forecast> | undefined;
  readonly thresholds: Thresholds;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Check {
  readonly id: CheckId;
  readonly severity: Severity;
  /** False: what it rests on is not known. */
  readonly knows: (facts: HealthFacts) => boolean;
  readonly test: (facts: HealthFacts) => readonly HealthFinding[];
}

/** libvirt's limit there is 32 levels of JSON, of which a disk itself takes some: "more than ~25" (news 12.0.0). */
const deepestToStart = 25;
const jsonLimitFrom = versionOf(10, 8);
const jsonLimitBefore = versionOf(12, 0);

const hourMs = 60 * 60 * 1000;

/**
 * | check               | severity | is found when                                                                   | by          |
 * |---------------------|----------|---------------------------------------------------------------------------------|-------------|
 * | chainTooDeep        | warning  | a disk has more deltas over its base than the limit                              | sweep       |
 * | chainTooDeepToStart | error    | libvirt 10.8 to 11.10 and a disk of more than 25 files                           | sweep       |
 * | deltaTooOld         | warning  | the oldest delta in use is older than the limit, those after a kept snapshot not counted | sweep, tree |
 * | deltaTooLarge       | warning  | a delta takes more than the limit, or than the share of the base where it takes 1 GB at all | sweep |
 * | deltasTooLarge      | warning  | all deltas of the VM together take more than the limit                           | sweep       |
 * | freeSpaceLow        | error    | of a file system or pool less than the share is free                             | sweep       |
 * | freeSpaceRunsOut    | warning  | at the growth measured it is full within the days                                | sweeps      |
 * | backingMissing      | error    | a file of a disk is certainly not there                                          | sweep       |
 * | mixedUndeletable    | warning  | the VM has both styles, and the planner refuses to delete some snapshot          | tree        |
 * | notQuiesced         | note     | we noted that the guest ran and was not frozen; whether it wrote then nobody knows | tree      |
 * | the rest            | doctor's | the doctor finds it                                                              | tree, or an examination |
 */
const checks: readonly Check[] = [
  { id: 'chainTooDeep', severity: 'warning', knows: depthKnown, test: tooDeep },
  { id: 'chainTooDeepToStart', severity: 'error', knows: depthKnown, test: tooDeepToStart },
  { id: 'deltaTooOld', severity: 'warning', knows: (facts) => oldest(facts) !== 'unknown', test: tooOld },
  { id: 'deltaTooLarge', severity: 'warning', knows: sizesKnown, test: tooLarge },
  { id: 'deltasTooLarge', severity: 'warning', knows: sizesKnown, test: allTooLarge },
  { id: 'freeSpaceLow', severity: 'error', knows: roomKnown, test: spaceLow },
  { id: 'freeSpaceRunsOut', severity: 'warning', knows: growthKnown, test: spaceRunsOut },
  { id: 'backingMissing', severity: 'error', knows: presenceKnown, test: missing },
  { id: 'mixedUndeletable', severity: 'warning', knows: treeKnown, test: undeletable },
  { id: 'notQuiesced', severity: 'note', knows: treeKnown, test: notQuiesced },
];

/** Which of the doctor's findings are a matter of health, and which of them are seen without an examination. */
const diagnosed: Readonly<
  Partial<Record<Finding['what'], { readonly check: DiagnosedCheck; readonly by: 'tree' | 'examination' }>>
> = {
  overlayMissing: { check: 'backingLost', by: 'examination' },
  tagMissing: { check: 'metadataWithoutFile', by: 'examination' },
  memoryFileMissing: { check: 'metadataWithoutFile', by: 'examination' },
  staleMetadata: { check: 'metadataWithoutFile', by: 'examination' },
  orphanFile: { check: 'orphan', by: 'examination' },
  orphanTag: { check: 'orphan', by: 'examination' },
  onFrozenFiles: { check: 'damaged', by: 'examination' },
  corruptImage: { check: 'damaged', by: 'examination' },
  backingChanged: { check: 'backingChanged', by: 'examination' },
  nvramNotHeld: { check: 'nvramNotHeld', by: 'examination' },
  guestFrozen: { check: 'standsStill', by: 'examination' },
  pausedSaving: { check: 'standsStill', by: 'tree' },
  noCurrent: { check: 'noCurrent', by: 'tree' },
  unfinishedDelete: { check: 'unfinishedDelete', by: 'tree' },
  knownBadVersion: { check: 'knownBadLibvirt', by: 'tree' },
};

const diagnosedChecks: readonly CheckId[] = [...new Set(Object.values(diagnosed).map(({ check }) => check))];

export const checkIds: readonly CheckId[] = [...checks.map(({ id }) => id), ...diagnosedChecks];

/** Only an examination tells of these. */
export const examinedChecks: readonly CheckId[] = [
  ...new Set(
    Object.values(diagnosed)
      .filter(({ by }) => by === 'examination')
      .map(({ check }) => check),
  ),
];

export interface Health {
  /** The worst first. */
  readonly found: readonly Found[];
  /** What could not be judged, because what it rests on is not known. */
  readonly unjudged: readonly CheckId[];
}

const severities: readonly Severity[] = ['error', 'warning', 'note'];

export function healthOf(facts: HealthFacts): Health {
  if (facts.capabilities !== undefined && facts.capabilities.driver !== 'qemu') {
    return { found: [], unjudged: [] };
  }
  const judged = checks.filter(({ knows }) => knows(facts));
  const found = [
    ...judged.flatMap(({ severity, test }) => test(facts).map((finding): Found => ({ finding, severity }))),
    ...fromDoctor(facts),
  ];
  return {
    found: severities.flatMap((severity) => found.filter((one) => one.severity === severity)),
    unjudged: [
      ...checks.filter((check) => !judged.includes(check)).map(({ id }) => id),
      ...(facts.diagnoses !== undefined ? [] : treeKnown(facts) ? examinedChecks : diagnosedChecks),
    ],
  };
}

function fromDoctor({ vm, tree, capabilities, diagnoses, now }: HealthFacts): readonly Found[] {
  const seen =
    diagnoses ??
    (tree === undefined || capabilities === undefined
      ? []
      : findingsWithoutFiles({ vm, tree, capabilities, now: now / 1_000 }).filter(
          ({ finding }) => diagnosed[finding.what]?.by === 'tree',
        ));
  return seen.flatMap(({ finding, severity }): readonly Found[] => {
    const check = diagnosed[finding.what]?.check;
    return check === undefined ? [] : [{ finding: { check, finding }, severity }];
  });
}

interface Deltas {
  readonly target: string;
  /** Top first. */
  readonly deltas: readonly Layer[];
  readonly base: Layer | undefined;
}

type Chain = Deltas & Pick<DiskChain, 'whole'>;

/** Most checks ask for them, and layers stay the same value as long as they are the same. */
const chainsOfLayers = new WeakMap<VmLayers, readonly Chain[]>();

function chains({ layers, vm }: HealthFacts): readonly Chain[] {
  if (layers !== undefined && layers.disks.length > 0) {
    const known = chainsOfLayers.get(layers) ?? layers.disks.map(chainOf);
    chainsOfLayers.set(layers, known);
    return known;
  }
  // Of a VM that runs, libvirt's XML tells the chain itself, though nothing of sizes.
  return snapshotableDisks(vm).flatMap(({ target, source, backing }) =>
    source === undefined || backing === undefined
      ? []
      : [
          {
            target,
            deltas: [source, ...backing].slice(0, -1).map(unknownLayer),
            base: unknownLayer(backing.at(-1) ?? source),
            whole: true,
          },
        ],
  );
}

/** The last that was seen of a chain is a delta only where it is known to have begun after a snapshot. */
function chainOf({ target, layers: all, whole }: DiskChain): Chain {
  return {
    target,
    deltas: all.filter(({ since }, at) => at < all.length - 1 || (!whole && since !== undefined)),
    base: whole ? all.at(-1) : undefined,
    whole,
  };
}

function unknownLayer(file: string): Layer {
  return { file, virtualBytes: 'unknown', allocatedBytes: 'unknown', seen: 'unknown', snapshots: [], sharedWith: [] };
}

function depthKnown(facts: HealthFacts): boolean {
  const known = chains(facts);
  return known.length > 0
    ? facts.tree !== undefined || known.every(({ whole }) => whole)
    : snapshotableDisks(facts.vm).length === 0;
}

function tooDeep(facts: HealthFacts): readonly HealthFinding[] {
  const { layers: limit } = facts.thresholds;
  return depths(facts)
    .filter(({ deltas }) => limit > 0 && deltas > limit)
    .map(({ target, deltas }) => ({ check: 'chainTooDeep', disk: target, deltas, limit }));
}

/**
 * Of a VM that is off, libvirt before 10 tells the top file alone. Then each external snapshot that the VM stands on counts: a delta
 * came after it.
 */
function depths(facts: HealthFacts): readonly { readonly target: string; readonly deltas: number }[] {
  const taken = facts.tree === undefined ? [] : activePath(facts.tree).flatMap(({ disks }) => disks);
  return chains(facts).map(({ target, deltas, whole }) => {
    const told = taken.filter((disk) => disk.target === target && disk.location === 'external').length;
    return { target, deltas: whole ? deltas.length : Math.max(deltas.length, told) };
  });
}

function tooDeepToStart(facts: HealthFacts): readonly HealthFinding[] {
  const libvirt = facts.capabilities?.libvirt ?? 0;
  if (libvirt < jsonLimitFrom || libvirt >= jsonLimitBefore) {
    return [];
  }
  return depths(facts)
    .filter(({ deltas }) => deltas + 1 > deepestToStart)
    .map(({ target, deltas }) => ({
      check: 'chainTooDeepToStart',
      disk: target,
      files: deltas + 1,
      version: formatVersion(libvirt),
    }));
}

interface Oldest {
  readonly snapshot?: string;
  /** Seconds since 1970. */
  readonly since: number;
}

/**
 * A delta is as old as the snapshot that it came after. Those after a snapshot that somebody keeps are meant to be old.
 *
 * | tree  | sizes           | known by                                    |
 * |-------|-----------------|---------------------------------------------|
 * | read  | any             | the external snapshots that the VM stands on |
 * | not   | with times      | when each layer began                       |
 * | not   | no delta at all | nothing is old                              |
 */
function oldest(facts: HealthFacts): Oldest | 'none' | 'unknown' {
  const { tree, layers, kept = [] } = facts;
  if (tree !== undefined) {
    const [first] = activePath(tree)
      .filter(({ name, style }) => style === 'external' && !kept.includes(name))
      .toSorted((a, b) => a.createdAt - b.createdAt);
    return first === undefined ? 'none' : { snapshot: first.name, since: first.createdAt };
  }
  const deltas = chains(facts).flatMap((chain) => chain.deltas);
  if (layers !== undefined && deltas.length === 0) {
    return 'none';
  }
  const times = deltas.flatMap(({ since }) => since ?? []);
  return times.length === 0 ? 'unknown' : { since: Math.min(...times) };
}

function tooOld(facts: HealthFacts): readonly HealthFinding[] {
  const { ageHours: limitHours } = facts.thresholds;
  const first = oldest(facts);
  return typeof first === 'object' && limitHours > 0 && facts.now - first.since * 1_000 > limitHours * hourMs
    ? [{ check: 'deltaTooOld', ...first, limitHours }]
    : [];
}

function sizesKnown({ layers }: HealthFacts): boolean {
  return (
    layers?.disks.some(({ layers: all }) => all.some(({ allocatedBytes }) => allocatedBytes !== 'unknown')) === true
  );
}

/** Of each disk the largest. */
function tooLarge(facts: HealthFacts): readonly HealthFinding[] {
  const { deltaBytes, deltaPercent } = facts.thresholds;
  return chains(facts).flatMap(({ target, deltas, base }): readonly HealthFinding[] => {
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
    const of = { check: 'deltaTooLarge', disk: target, file: largest.file, bytes, baseBytes } as const;
    if (deltaBytes > 0 && bytes > deltaBytes) {
      return [{ ...of, limit: { bytes: deltaBytes } }];
    }
    return deltaPercent > 0 && bytes >= shareFloorBytes && share > deltaPercent
      ? [{ ...of, limit: { percent: deltaPercent } }]
      : [];
  });
}

function allTooLarge(facts: HealthFacts): readonly HealthFinding[] {
  const { allDeltasBytes: limitBytes } = facts.thresholds;
  const bytes = chains(facts)
    .flatMap(({ deltas }) => deltas)
    .reduce((sum, one) => sum + bytesOf(one), 0);
  return limitBytes > 0 && bytes > limitBytes ? [{ check: 'deltasTooLarge', bytes, limitBytes }] : [];
}

/** What is unknown is not counted: a sum is at least what is said. */
function bytesOf({ allocatedBytes }: Layer): number {
  return allocatedBytes === 'unknown' ? 0 : allocatedBytes;
}

function roomKnown({ layers }: HealthFacts): boolean {
  return layers?.rooms.some(({ freeBytes }) => freeBytes !== 'unknown') === true;
}

function spaceLow({ layers, thresholds }: HealthFacts): readonly HealthFinding[] {
  const { freePercent: limitPercent } = thresholds;
  return (layers?.rooms ?? []).flatMap(({ folder, freeBytes, totalBytes }): readonly HealthFinding[] =>
    freeBytes !== 'unknown' && totalBytes !== 'unknown' && 100 * freeBytes < limitPercent * totalBytes
      ? [{ check: 'freeSpaceLow', folder, freeBytes, totalBytes, limitPercent }]
      : [],
  );
}

function growthKnown(facts: HealthFacts): boolean {
  return roomKnown(facts) && facts.forecasts !== undefined;
}

function spaceRunsOut({ layers, forecasts, thresholds }: HealthFacts): readonly HealthFinding[] {
  const { fullInDays: limitDays } = thresholds;
  return (layers?.rooms ?? []).flatMap(({ folder, freeBytes }): readonly HealthFinding[] => {
    const seen = forecasts?.get(folder);
    return freeBytes !== 'unknown' && seen !== undefined && seen.days < limitDays
      ? [{ check: 'freeSpaceRunsOut', folder, freeBytes, ...seen, limitDays }]
      : [];
  });
}

function presenceKnown({ layers }: HealthFacts): boolean {
  return layers?.disks.some(({ layers: all }) => all.some(({ seen }) => seen !== 'unknown')) === true;
}

/** Where the doctor looked too, it says the same with a repair. */
function missing({ layers, diagnoses = [] }: HealthFacts): readonly HealthFinding[] {
  const told = new Set(diagnoses.flatMap(({ finding }) => (finding.what === 'overlayMissing' ? finding.file : [])));
  return (layers?.disks ?? []).flatMap(({ target, layers: all }) =>
    all
      .filter(({ seen, file }) => seen === 'missing' && !told.has(file))
      .map(({ file }): HealthFinding => ({ check: 'backingMissing', disk: target, file })),
  );
}

function treeKnown({ tree, capabilities }: HealthFacts): boolean {
  return tree !== undefined && capabilities !== undefined;
}

function undeletable({ vm, tree, capabilities, now }: HealthFacts): readonly HealthFinding[] {
  if (tree === undefined || capabilities === undefined || styleOfVm(tree) !== 'mixed') {
    return [];
  }
  const situation = { vm, tree, capabilities, now: now / 1_000 };
  const ref = { connection: '', uuid: vm.uuid };
  const stuck = tree.snapshots
    .map(({ name }) => name)
    .filter((name) => planDelete({ type: 'delete', vm: ref, snapshot: name, scope: 'one' }, situation).type !== 'plan');
  return stuck.length === 0 ? [] : [{ check: 'mixedUndeletable', snapshots: stuck }];
}

/** Another client's snapshot says nothing of it, so nothing is said. */
function notQuiesced({ tree }: HealthFacts): readonly HealthFinding[] {
  return (tree?.snapshots ?? [])
    .filter(({ kind, trailers }) => kind === 'disk' && trailers.consistency === 'crash-consistent')
    .map(({ name }): HealthFinding => ({ check: 'notQuiesced', snapshot: name }));
}
