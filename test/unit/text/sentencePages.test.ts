// What people read of each problem, loss and warning, on pages that a person and a translator can read as a whole:
// golden/.
import type { Loss, Warning } from '../../../src/domain/consequences.js';
import { refuse } from '../../../src/domain/refusal.js';
import type { Problem } from '../../../src/diagnosis/problem.js';
import type { Plan } from '../../../src/operations/plan.js';
import { lossText } from '../../../src/text/questions/lossText.js';
import { problemText } from '../../../src/text/problems/problemText.js';
import { warningText } from '../../../src/text/questions/warningText.js';
import { before } from '../domain/someFacts.js';
import { Golden, type GoldenCase } from '../operations/golden.js';
import { branched, now, ref, vmView } from '../ui/samples.js';

const hour = 3_600_000;
const gib = 1024 ** 3;
const [disk, file, overlay, snapshot, version] = ['vda', '/images/web.qcow2', '/images/web.s1.qcow2', 'first', '9.0'];
const { refusal: why } = refuse('rawDisk', { vm: 'web-test', disk, format: 'raw' });

/** A member of T whose kind may be K, without its kind. */
type WayOf<T, K> = T extends { readonly kind: infer I } ? (K extends I ? Omit<T, 'kind'> : never) : never;
/** Each kind once, or in each of its ways. */
type Samples<T extends { readonly kind: string }> = { readonly [K in T['kind']]: readonly WayOf<T, K>[] };

const trash = { snapshots: 2, bytes: gib };
const frozen = { file, writer: 'web-copy', owner: 'web-test', title: 'First' };

const problems: Samples<Problem> = {
  chainTooDeep: [{ disk, deltas: 12, limit: 8 }],
  chainTooDeepToStart: [{ disk, files: 201, version }],
  deltaTooOld: [
    { since: now - 900 * hour, limitHours: 720 },
    { snapshot, since: now - 900 * hour, limitHours: 720 },
  ],
  deltaTooLarge: [
    { disk, file, bytes: 9 * gib, baseBytes: 10 * gib, limit: { percent: 50 } },
    { disk, file, bytes: 9 * gib, baseBytes: 'unknown', limit: { bytes: 8 * gib } },
  ],
  deltasTooLarge: [{ bytes: 9 * gib, limitBytes: 8 * gib }],
  freeSpaceLow: [
    { folder: '/images', freeBytes: gib, totalBytes: 100 * gib, limitPercent: 10 },
    { folder: '/images', freeBytes: gib, totalBytes: 100 * gib, limitPercent: 10, trash },
  ],
  freeSpaceRunsOut: [{ folder: '/images', freeBytes: gib, bytesPerDay: gib / 2, days: 2, limitDays: 7 }],
  backingMissing: [{ disk, file }],
  mixedUndeletable: [{ snapshots: ['first', 'second'] }],
  notQuiesced: [{ snapshot }],
  inTrash: [{ ...trash, until: now + 108 * hour }],
  orphanTag: [{ file, tag: 'clean' }],
  tagMissing: [
    { snapshot, file },
    { snapshot, file, other: true },
  ],
  tagWithoutRam: [{ snapshot }],
  nameIsTagId: [{ snapshot, file, other: 'second' }],
  tagTwice: [{ snapshot, file }],
  memoryFileMissing: [{ snapshot, file: '/images/web.s1.ram' }],
  memoryFileBroken: [{ snapshot, file: '/images/web.s1.ram' }],
  overlayMissing: [{ file }, { snapshot, file }],
  fileMoved: [true, false].map((isSame) => ({
    file,
    found: '/new/web.qcow2',
    overlays: [{ file: overlay, backingFormat: 'qcow2' }],
    snapshots: [snapshot],
    isSame,
  })),
  orphanFile: [{ file: overlay, bytes: gib }],
  unusedOverlay: [
    { disk, file, overlay, isNewer: true },
    { disk, file, overlay, isNewer: false },
  ],
  unfinishedDelete: [{ snapshot, disk }],
  noCurrent: [{}, { on: snapshot }],
  mixedStyles: [{}],
  onFrozenFiles: [{ snapshot, disk, file }],
  namesOtherOverlay: [{ snapshot, disk, file }],
  staleMetadata: [
    { snapshot, disk, canForget: false },
    { snapshot, disk, canForget: true },
  ],
  vanishes: [{ snapshots: 1 }, { snapshots: 2 }],
  startsElsewhere: [
    { disk, file: overlay, configured: file, isSameDisk: true },
    { disk, file: overlay, configured: file, isSameDisk: false },
  ],
  unreadableEntry: [{ refusal: why }],
  unfinishedOperation: [{ refusal: why }],
  pausedSaving: [{}],
  runsUnseen: [{ file }],
  mergeLost: [{ disk, file, said: 'job vanished' }],
  guestFrozen: [{}],
  managedSave: [{}],
  temporaryClone: [{}],
  savedBelow: [{ disk, file, overlay }],
  corruptImage: [{ file }, { file, empty: 'yes' }],
  imageUnclosed: [{ file }, { file, isTop: true }],
  usedByHost: (['loop', 'mounted', 'swap'] as const).map((how) => ({ file, how, where: '/dev/loop0' })),
  baseOfOtherVm: [{ file, vm: 'db', owner: 'web' }],
  volumeNotThere: (['notStarted', 'noPool', 'noVolume'] as const).map((why) => ({
    disk,
    pool: 'default',
    volume: 'web.qcow2',
    why,
  })),
  lostRam: [
    { file, bytes: gib, cure: 'nextSnapshot' },
    { file, bytes: gib, cure: 'none' },
    { file, bytes: gib, cure: 'nextSnapshot', why },
  ],
  backingChanged: [{ file, overlay }],
  contentChanged: [
    { disk, was: '2026-01-01T00:00:00.000Z' },
    { disk, was: '' },
    { disk: 'memory', was: '2026-01-01T00:00:00.000Z' },
    { disk: 'memory', was: '2026-01-01T00:00:00.000Z', other: overlay },
    { disk: 'memory', was: '', by: 'Second' },
    { disk, was: '2026-01-01T00:00:00.000Z', time: 'old' as const },
  ].map((more) => ({
    snapshot,
    disk: more.disk,
    file,
    why: refuse('contentChanged', { snapshot, file, ...more }).refusal,
  })),
  frozenFileShared: [frozen, { ...frozen, snapshot }],
  nvramNotHeld: [{ snapshot }],
  writtenByOtherVm: [{ file, vm: 'web-copy', owner: 'web-test' }],
  usedByOtherVm: [{ file, vm: 'web-copy' }],
  knownBadVersion: (
    ['offlineRevert', 'daemonCrash', 'longChain', 'internalSnapshots', 'memoryRevert', 'readableOverlay'] as const
  ).map((why) => ({ version, why, source: 'https://libvirt.org/' })),
  denied: [{ file }],
  notSeen: [{ files: [file] }],
};

const losses: Samples<Loss> = {
  diskChanges: [{}, { since: snapshot }, { since: snapshot, disks: [{ target: disk, bytes: gib }] }],
  managedSave: [{}],
  files: [{ files: [file] }],
  ram: [{}],
  tpm: [{}],
  configuration: [{}],
  restorePoints: [{ names: [snapshot] }],
  unsavedWork: [{}],
  unusedOverlays: [{ files: [overlay] }],
};

const warnings: Samples<Warning> = {
  guestStandsStill: [{}, { estimateMs: 2_000 }],
  mayBeStopped: [{ estimateMs: 2_000, bytes: gib }],
  keptWhileRunning: [{}],
  mayBeKeptWhileRunning: [{ estimateMs: 20 }, { estimateMs: 20, only: 'thenRam' }],
  notKeptWhileRunning: [{ why }],
  crashConsistent: [{}],
  leftByCluster: [
    { resource: 'web', then: 'starts' },
    { resource: 'web', then: 'stops' },
    { resource: 'web', then: 'nothing' },
  ],
  clusterUnseen: [{}],
  merges: [{}, { into: file }, { into: file, bytes: gib }],
  startsQemu: [{}],
  knownBadVersion: (
    ['offlineRevert', 'daemonCrash', 'longChain', 'internalSnapshots', 'memoryRevert', 'readableOverlay'] as const
  ).map((why) => ({ version, why })),
  agentMissing: [{}],
  cannotRevertHere: [{ version, needed: '9.9' }],
  cannotBeDeleted: [{ disk: 'vda' }],
  nvramNotCaptured: [{}, { file }],
  vanishesWhenStopped: [{}],
  leavesFile: [{ file }],
  filesStay: [{ files: [file] }],
  cloneGoes: [{}],
  goesToTrash: [{ files: [file], folders: ['/images/trash'] }],
  doneByUs: [{ why }],
  makesLeaf: [{ title: 'Layout' }],
  noCheckpointNeeded: [{ since: snapshot }],
  checkpointWithoutRam: [{ why }],
  runsOnAfterCheckpoint: [{}],
  needsSpace: [
    { bytes: gib, folder: '/images' },
    { bytes: gib, folder: '/images', free: 2 * gib },
  ],
  notChecked: [{ files: [file] }],
  tagsNotSeen: [{ files: [file] }],
  unaskedConnections: [{ connections: ['qemu:///session'] }],
  unreadVms: [{ vms: ['web-copy'] }],
  otherHostsUnseen: [{}],
  tpmNotCaptured: [{}, { file }],
  mediaChanged: [{ files: ['/img/tools.iso'] }],
  titleOnly: (['internal', 'current', 'files'] as const).map((why) => ({ why })),
  frees: (['exact', 'estimate', 'atLeast', 'atMost'] as const).map((how) => ({ bytes: gib, how })),
  skipped: [{ snapshot, why }],
  changesBase: [{ file }],
  ownerLeftOut: [{ disks: [disk] }],
  notInSnapshot: (['virtiofs', '9p', 'nvdimm', 'shmem', 'drive', 'hostDevice'] as const).map((one) => ({
    devices: [one],
  })),
  repairsImages: [{ files: [file] }],
  bitmapsStayBehind: [{ files: [file] }],
  bitmapsStopRevert: [{ files: [file] }],
  freezesForClone: [{ snapshot }],
  cloneWithoutRam: [{}],
  cloneWithoutDisks: [{ disks: [disk] }],
  imageDamaged: [{ file }],
  cloneWithoutTpm: [{}],
  cloneKeepsTpm: [{}],
  cloneKeepsIdentity: [{}],
  configuredAsNow: [{ memory: true }, { memory: false }],
  hardwareChanges: (['added', 'removed', 'changed'] as const).map((how) => ({
    what: [{ part: 'disk', id: 'vdb', how, facts: [] }],
  })),
};

const view = vmView({ tree: branched });
const plan: Plan = {
  kind: 'plan',
  request: { kind: 'revert', vm: ref, snapshot, after: 'asSnapshot' },
  before,
  steps: [{ kind: 'revert', snapshot, to: 'running' }],
  losses: [],
  warnings: [],
  progress: 'timeOnly',
  snapshot,
};

function pageOf(
  samples: Readonly<Record<string, readonly object[]>>,
  say: (sample: never) => readonly string[],
): readonly GoldenCase[] {
  return Object.entries(samples).flatMap(([kind, ways]) =>
    ways.map((way, at): GoldenCase => {
      const what = at === 0 ? kind : `${kind} ${String(at + 1)}`;
      return [what, () => say({ kind, ...way } as never).filter((line) => line !== '')];
    }),
  );
}

const page = new Golden('sentences', 'text');
page.section(
  'problems: what it is, what it means, what to do',
  pageOf(problems, (problem: Problem) => {
    const { what, means, todo } = problemText(problem, view, now);
    return [what, means, todo];
  }),
);
page.section(
  'losses of a revert',
  pageOf(losses, (loss: Loss) => [lossText(loss, plan, view, now)]),
);
page.section(
  'warnings of a revert',
  pageOf(warnings, (warning: Warning) => [warningText(warning, plan, view)]),
);
page.end();
