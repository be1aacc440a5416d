// The current state as a snapshot, before a revert leaves it: of which kind, and when it can be spared.
import { automaticTitles, isBeforeUndo } from '../../domain/automaticTitles.js';
import { apply } from '../../steps/steps.js';
import { compareHardware } from '../../domain/hardware.js';
import type { ImageFacts } from '../../domain/hostFiles.js';
import { versionOf } from '../../domain/capabilities.js';
import { externalTargets } from '../../domain/chains/deletedFiles.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { isOtherTag } from '../../domain/chains/frozenLayers.js';
import { isAuto } from '../../domain/chains/layoutLeaf.js';
import { unreadableContentRefusal } from '../readableNow.js';
import { managedSaveRefusal, outdatedSaveRefusal } from '../refusals.js';
import type { OperationRequest } from '../../domain/operation.js';
import { withoutUnread } from '../../domain/chains/otherVms.js';
import type { Loss, Warning } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import { planCreate } from './planCreate.js';
import { stateKeepSteps } from '../stateSteps.js';
import type { RefusedDecision } from '../../domain/refusal.js';
import { refuse } from '../../domain/refusal.js';
import type { Snapshot, SnapshotKind } from '../../domain/snapshot.js';
import { freeTitle } from '../../domain/snapshotName.js';
import { currentOf, findSnapshot, parentOf, styleOfVm } from '../../domain/snapshotTree.js';
import { hasTpm, isActive, snapshotableDisks } from '../../domain/vm.js';

type RevertRequest = Extract<OperationRequest, { kind: 'revert' }>;

export interface Checkpoint {
  readonly kind: 'checkpoint';
  readonly name: string;
  readonly steps: readonly Step[];
  readonly losses: readonly Loss[];
  readonly warnings: readonly Warning[];
  readonly estimateMs: number;
  readonly spaceBytes: number;
  /** The facts when it is there. */
  readonly after: Facts;
}

export interface NoCheckpointNeeded {
  readonly kind: 'spared';
  /** Name of the snapshot that holds the current state. */
  readonly since: string;
}

/** The title of the checkpoint of a revert, of its undo, and of the undo of that. */
function titleFor({ title, trailers }: Snapshot, now: number): string {
  const undoes = trailers.auto === 'revert' && !isBeforeUndo(title);
  return automaticTitles[undoes ? 'beforeUndo' : 'beforeRevert'](now);
}

/**
 * In the style that the VM has.
 *
 * | VM                          | RAM can be saved | style    | → |
 * |-----------------------------|------------------|----------|---|
 * | unchanged, see below        | any              | any      | spared |
 * | off                         | any              | any      | offline |
 * | off, with a TPM whose state is not reached, and the target has RAM | yes | any | started paused; memory: it is in RAM alone |
 * | off, with a managed save    | yes              | any      | started paused, so that its RAM comes back; memory |
 * | the same, on QEMU 10.0      | yes              | internal | checkpointImpossible: see `mustRunFirst` |
 * | running, paused             | yes              | any      | memory |
 * | running, paused             | no               | external, none yet | disk, with a warning; the RAM is lost |
 * | running, paused, managed save | no             | internal | checkpointImpossible |
 * | off, with a managed save    | no               | external | checkpointImpossible: the save would be used up |
 * | any where none can be taken | any              | any      | checkpointImpossible, with the reason why |
 */
export function planCheckpoint(
  { vm: ref, snapshot, seamless, begunAt }: RevertRequest,
  target: Snapshot,
  facts: Facts,
): Checkpoint | NoCheckpointNeeded | RefusedDecision {
  const since = findUnchangedSnapshot(facts);
  if (since !== undefined) {
    return { kind: 'spared', since: lastingSnapshot(since, facts) };
  }
  const saved = facts.vm.managedSave && !isActive(facts.vm.power);
  const unsavable = saved
    ? (outdatedSaveRefusal(facts) ?? (mustRunFirst(facts) ? managedSaveRefusal(facts) : undefined))
    : undefined;
  if (unsavable !== undefined) {
    const { refusal } = unsavable;
    return refuse('checkpointImpossible', { vm: facts.vm.name, snapshot, why: refusal.reason }, refusal);
  }
  // What a TPM holds comes out with RAM alone where its file is out of reach; nothing runs.
  const { vm } = facts;
  const isHeld = !hasTpm(vm) || stateKeepSteps('', [vm.tpmState], facts).length > 0;
  const keepsTpm = !saved && vm.power === 'off' && !isHeld && target.kind === 'memory';
  const from = saved || keepsTpm ? apply({ kind: 'startPaused' }, facts) : facts;
  const title = freeTitle(titleFor(target, begunAt ?? facts.now), facts.tree.snapshots);
  const quiesces = from.vm.power === 'running' && from.vm.agentConnected && from.agent === 'answers';
  const create = (kind: SnapshotKind, on = from): ReturnType<typeof planCreate> =>
    planCreate(
      {
        kind: 'create',
        vm: ref,
        snapshotKind: kind,
        title,
        auto: 'revert',
        quiesce: kind === 'disk' && quiesces,
        ...(seamless === true ? { seamless } : {}),
      },
      on,
    );
  const whole = create(from.vm.power === 'off' ? 'offline' : 'memory');
  const isHalf = whole.kind === 'refusal' && isActive(from.vm.power) && !saved;
  const disksOnly = !isHalf ? whole : keepsTpm ? create('offline', facts) : create('disk');
  if (disksOnly.kind === 'refusal') {
    const why = whole.kind === 'refusal' ? whole.refusal : disksOnly.refusal;
    return refuse('checkpointImpossible', { vm: facts.vm.name, snapshot, why: why.reason }, why);
  }
  const step = disksOnly.steps.find((one) => one.kind === 'createSnapshot');
  if (step === undefined) {
    throw new Error('a created snapshot has no step that creates it');
  }
  // RAM that is there for a TPM alone is not missed without it: the VM was off.
  const withoutRam = whole.kind === 'refusal' && !keepsTpm ? whole.refusal : undefined;
  const starts = saved || (keepsTpm && whole.kind !== 'refusal');
  return {
    kind: 'checkpoint',
    name: step.name,
    steps: [...(starts ? [{ kind: 'startPaused' } as const] : []), ...disksOnly.steps],
    losses: withoutRam === undefined ? [] : [{ kind: 'ram' }],
    warnings: [
      ...(withoutRam === undefined ? [] : [{ kind: 'checkpointWithoutRam', why: withoutRam } as const]),
      ...(from.vm.power === 'running' ? [{ kind: 'runsOnAfterCheckpoint' } as const] : []),
      ...disksOnly.warnings.filter(({ kind }) => ofCheckpoint.has(kind)),
    ],
    estimateMs: (disksOnly.estimateMs ?? 0) + (starts ? 1_000 : 0),
    spaceBytes: disksOnly.spaceBytes ?? 0,
    after: withoutUnread(apply(step, keepsTpm && !starts ? facts : from)),
  };
}

/**
 * Measured with QEMU 10.0.13 under libvirt 11.3: the images of a VM that came back paused cannot take a snapshot inside
 * before it has run ("is writable but does not support snapshots"). 7.2 and 11.1 can do it.
 */
function mustRunFirst({ tree, capabilities: { hypervisor } }: Facts): boolean {
  return styleOfVm(tree) === 'internal' && hypervisor >= versionOf(10, 0) && hypervisor < versionOf(10, 1);
}

/** An overlay of a disk that it took outside is one file more, and the same disk. */
export function isConfiguredAs({ name, disks }: Snapshot, { hardware }: Facts): boolean {
  const then = hardware?.then.get(name);
  const outside = disks.filter(({ location }) => location === 'external').map(({ target }) => target);
  return (
    hardware !== undefined && then !== undefined && compareHardware(then, hardware.now, new Set(outside)).length === 0
  );
}

/**
 * A leaf that holds the layout alone goes by itself once the VM has left it, see `doomedLayouts`. What it stands on has
 * the same content.
 */
function lastingSnapshot(name: string, facts: Facts): string {
  const { tree, files } = facts;
  const leaf = findSnapshot(tree, name);
  const parent = parentOf(tree, name);
  if (leaf === undefined || parent === undefined || !isAuto(leaf, 'layout', facts) || !isConfiguredAs(parent, facts)) {
    return name;
  }
  const same = externalTargets(leaf).every((target) => {
    const image = files?.images.get(backingFileOf(facts, name, target) ?? '');
    return typeof image === 'object' && holdsWhatIsBelow(image, backingFileOf(facts, parent.name, target), facts);
  });
  return same ? lastingSnapshot(parent.name, facts) : name;
}

/** A disk that grew has other bytes to read, even where nobody wrote to it. */
function holdsWhatIsBelow(overlay: ImageFacts, below: string | undefined, { files }: Facts): boolean {
  const base = below === undefined ? undefined : files?.images.get(below);
  return (
    overlay.empty === true &&
    overlay.backing?.file === below &&
    typeof base === 'object' &&
    base.virtualBytes === overlay.virtualBytes
  );
}

/** It has RAM that is a file, and nobody looks into that. */
function hasPersistentRam({ devices }: Facts['vm']): boolean {
  return devices?.includes('nvdimm') === true;
}

/** What is worth knowing of a snapshot that nobody asked for. */
const ofCheckpoint: ReadonlySet<Warning['kind']> = new Set([
  'keptWhileRunning',
  'nvramNotCaptured',
  'tpmNotCaptured',
  'needsSpace',
  'cannotRevertHere',
  'cannotBeDeleted',
  'ownerLeftOut',
]);

/**
 * The name of the current snapshot where it is certain that the VM's disks hold what it holds. What is not known counts
 * as changed.
 *
 * | VM                                   | every disk                                             | → |
 * |--------------------------------------|--------------------------------------------------------|---|
 * | active, or with a managed save       | any                                                    | changed |
 * | off, UEFI (its variables may differ) | any                                                    | changed |
 * | off, with an NVDIMM, a TPM           | any                                                    | changed |
 * | off, configured otherwise than then  | any                                                    | changed |
 * | off, nobody reverts to the current one | any                                                  | changed |
 * | off, current snapshot external       | an empty overlay on the file that this one froze, as large | unchanged |
 * | off, current snapshot internal       | an image that says it is as when this one was taken    | unchanged |
 * | off                                  | any other, or one that took no part                    | changed |
 */
export function findUnchangedSnapshot(facts: Facts): string | undefined {
  const { vm, tree, files } = facts;
  const current = currentOf(tree);
  const disks = snapshotableDisks(vm);
  if (
    current === undefined ||
    vm.power !== 'off' ||
    vm.managedSave ||
    vm.firmware !== 'bios' ||
    disks.length === 0 ||
    hasPersistentRam(vm) ||
    hasTpm(vm) ||
    !isConfiguredAs(current, facts)
  ) {
    return undefined;
  }
  const unchanged = disks.every(({ target, source }) => {
    const location = current.disks.find((disk) => disk.target === target)?.location;
    const image = source === undefined ? undefined : files?.images.get(source);
    if (typeof image !== 'object') {
      return false;
    }
    return location === 'external'
      ? holdsWhatIsBelow(image, backingFileOf(facts, current.name, target), facts)
      : location === 'internal' &&
          image.unchangedSince?.includes(current.name) === true &&
          !isOtherTag(current, target, facts);
  });
  return unchanged && unreadableContentRefusal(current, facts) === undefined ? current.name : undefined;
}
