// Whether a VM is exactly as an operation that broke off leaves it, by what was written down before its first step:
// only then may its recovery go on without a person. What is not known is no permission. Knows no way on or back.
import { wholeChain } from '../../domain/chains/backingChain.js';
import { isAuto } from '../../domain/chains/layoutLeaf.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import type { PlannedWork } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Before, SnapshotBefore } from '../../domain/origin.js';
import type { InterruptedOperation } from '../interrupted.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { snapshotableDisks, type VmDisk, isActive, type PowerReason, type PowerState } from '../../domain/vm.js';
import { filesNamedBy } from '../filesNamedBy.js';
import { begunSteps, hasBegun } from '../interruptedStep.js';
import { isMissing } from '../../domain/chains/standsOn.js';
import { isCurrentAsPlanned, emptiness } from '../matchesPlan.js';
import { hasUnseenMerge } from '../unseenMerge.js';
import type { PowerAction } from '../../domain/operation.js';
import { isLate } from '../create/lateSnapshot.js';

// Whether a VM is on or off as an operation that broke off leaves it: what its steps do, and that a QEMU may die, tell
// all states that nobody else had a hand in.

/**
 * | the VM now | why, as libvirt says                            | as left when                                          |
 * |------------|-------------------------------------------------|-------------------------------------------------------|
 * | running    | any                                             | it ran before, or a step that was begun lets it run   |
 * | paused     | saving, for a snapshot, from a snapshot         | a step that was begun does that to a VM that was on, or starts one |
 * | paused     | a disk error                                    | it may run: its disk was full                         |
 * | paused     | any other                                       | it was paused before, or a step leaves it so          |
 * | off        | no more known: the daemon was started since     | any: see isUnwrittenSince                             |
 * | off        | crashed, failed                                 | it may be on: its QEMU died                           |
 * | off        | cut                                             | it was so before, or a step cuts it                   |
 * | off        | shut down, cut, saved                           | libvirt has taken a snapshot of it so: it was before ours |
 * | off        | shut down, saved, moved elsewhere, from a snapshot | it was so before, or a step has libvirt do it      |
 * | any other  | any                                             | never: somebody is at it, or nobody can tell          |
 */
function isPowerUnchanged(interrupted: InterruptedOperation, before: Before, facts: Facts): boolean {
  const { vm } = facts;
  const steps = begunSteps(interrupted);
  const may = new Set<PowerState>([before.power, ...steps.flatMap((step) => statesDuring(step, before))]);
  const mayRun = isActive(before.power) || may.has('running');
  switch (vm.power) {
    case 'running':
      return may.has('running');
    case 'paused':
      return vm.powerReason === 'ioError' ? mayRun : may.has('paused');
    case 'off':
      return (
        (before.power === 'off' && vm.powerReason === before.powerReason) ||
        vm.powerReason === 'other' ||
        ((vm.powerReason === 'crashed' || vm.powerReason === 'failed') && (mayRun || may.has('paused'))) ||
        steps.some(
          (step) =>
            stopReasonsOf(step).includes(vm.powerReason) || (step.kind === 'createSnapshot' && isLate(step, facts)),
        )
      );
    case 'shuttingDown':
    case 'crashed':
    case 'asleep':
    case 'unknown':
      return false;
  }
}

function statesDuring(step: Step, before: Before): readonly PowerState[] {
  if (step.kind === 'createSnapshot') {
    return isActive(before.power) ? ['paused'] : [];
  }
  if (step.kind === 'deleteSnapshot') {
    // libvirt starts a QEMU of its own for the merges of a VM that is off.
    return before.power === 'off' ? ['paused'] : [];
  }
  if (step.kind === 'startPaused') {
    return ['paused'];
  }
  if (step.kind === 'revert' || step.kind === 'restoreMemory') {
    return ['running', 'paused', 'off'];
  }
  return step.kind === 'power' ? afterAction[step.action] : [];
}

const afterAction: Readonly<Record<PowerAction, readonly PowerState[]>> = {
  start: ['running', 'paused'],
  resume: ['running'],
  pause: ['paused'],
  restart: ['running', 'off'],
  shutDown: ['off'],
  save: ['off'],
  forceOff: ['off'],
};

/** The reasons that libvirt gives for a VM that it stopped in this step. */
function stopReasonsOf(step: Step): readonly PowerReason[] {
  if (step.kind === 'revert') {
    return ['fromSnapshot'];
  }
  if (step.kind === 'deleteSnapshot') {
    return ['shutDown', 'destroyed', 'fromSnapshot'];
  }
  return step.kind === 'power' ? reasonAfter[step.action] : [];
}

const reasonAfter: Readonly<Record<PowerAction, readonly PowerReason[]>> = {
  start: [],
  resume: [],
  pause: [],
  restart: ['shutDown', 'destroyed'],
  shutDown: ['shutDown', 'destroyed'],
  save: ['saved'],
  forceOff: ['destroyed'],
};

/** After the last step was begun: so long libvirt takes, at most, to stop a QEMU that has something to write still. */
const stillWritesMs = 60_000;
/** The limit for an operation that takes long: a guess that is too high must not become hours. */
const mostMs = 10 * stillWritesMs;

/**
 * | what                | is as it was left when                                                                        | else |
 * |---------------------|-----------------------------------------------------------------------------------------------|------|
 * | what the VM was before | it was written down: not in all entries, nor of very many snapshots                               | notKnown |
 * | snapshots           | each was there before, or a step that was begun makes it, or our record vouches for it; of those that were, each is there still, or a step that was begun takes it away | snapshots |
 * | the current one     | it was before, or the plan makes it so, or one of ours is; none, as libvirt has it while it works | snapshots |
 * | disks               | each stands on the file that it stood on, on one that a step names, or right above one of these after a revert by libvirt | disks |
 * | on or off           | see powerAsLeft                                                                               | power |
 * | a merge that a root's time alone tells of | see mergesUnseen                                                         | written |
 * | what was written since, see `replacesPresent` | nothing, see mayWriteUntil                                                 | written |
 */
export function changedSinceRefusal(
  interrupted: InterruptedOperation,
  recovery: PlannedWork,
  facts: Facts,
): RefusedDecision | undefined {
  if (interrupted.request.kind === 'debug') {
    // Other operations run while a debugger is held, and its end depends on none of them.
    return undefined;
  }
  const { before } = interrupted.plan;
  const { name: vm } = facts.vm;
  const { snapshots } = before;
  if (snapshots === undefined) {
    return refuse('notAsLeft', { vm, what: 'notKnown' });
  }
  const what = !isTreeUnchanged(interrupted, snapshots, facts)
    ? 'snapshots'
    : !areDisksUnchanged(interrupted, before, facts)
      ? 'disks'
      : !isPowerUnchanged(interrupted, before, facts)
        ? 'power'
        : hasUnseenMerge(interrupted, recovery, facts) ||
            (recovery.steps.some(replacesPresent) && !isUnwrittenSince(interrupted, before, facts))
          ? 'written'
          : undefined;
  return what === undefined ? undefined : refuse('notAsLeft', { vm, what });
}

function isTreeUnchanged(interrupted: InterruptedOperation, before: readonly SnapshotBefore[], facts: Facts): boolean {
  const { tree } = facts;
  const then = new Map(before.map((one) => [one.name, one]));
  const made = new Set(begunSteps(interrupted).flatMap(madeSnapshots));
  const doomed = new Set(begunSteps(interrupted).flatMap(removedSnapshots));
  const isKnown = (one: Snapshot): boolean =>
    then.get(one.name)?.createdAt === one.createdAt || made.has(one.name) || isOursSince(one, interrupted, facts);
  const there = new Set(tree.snapshots.map(({ name }) => name));
  return (
    tree.snapshots.every(isKnown) &&
    before.every(({ name }) => there.has(name) || doomed.has(name)) &&
    isCurrentUnchanged(interrupted, before, doomed, facts)
  );
}

/** Taken by us since it began, be it by a recovery of which the journal has no step. */
function isOursSince(snapshot: Snapshot, { startedAt }: InterruptedOperation, facts: Facts): boolean {
  return (
    snapshot.createdAt >= startedAt - 1_000 && (isAuto(snapshot, 'revert', facts) || isAuto(snapshot, 'layout', facts))
  );
}

/** libvirt makes the parent of a current one that goes the current one. */
function isCurrentUnchanged(
  interrupted: InterruptedOperation,
  before: readonly SnapshotBefore[],
  doomed: ReadonlySet<string>,
  facts: Facts,
): boolean {
  const { tree } = facts;
  const { current } = tree;
  if (current === undefined || current === interrupted.plan.before.current) {
    return true;
  }
  const parents = before.flatMap(({ name, parent }) => (doomed.has(name) && parent !== undefined ? [parent] : []));
  const own = tree.snapshots.find(({ name }) => name === current);
  return (
    parents.includes(current) ||
    begunSteps(interrupted).some((step) => madeSnapshots(step).includes(current) || makesCurrent(step, current)) ||
    (own !== undefined && isOursSince(own, interrupted, facts)) ||
    (interrupted.request.kind === 'delete' && isCurrentAsPlanned(interrupted.plan, facts))
  );
}

function makesCurrent(step: Step, name: string): boolean {
  return (
    (step.kind === 'makeCurrent' || step.kind === 'revert' || step.kind === 'redefineAs') && step.snapshot === name
  );
}

function madeSnapshots(step: Step): readonly string[] {
  return step.kind === 'createSnapshot' || step.kind === 'redefineAs' ? [step.name] : [];
}

function removedSnapshots(step: Step): readonly string[] {
  return step.kind === 'deleteSnapshot' || step.kind === 'forgetSnapshot' ? [step.snapshot] : [];
}

function areDisksUnchanged(interrupted: InterruptedOperation, before: Before, facts: Facts): boolean {
  const named = filesNamedBy(interrupted.plan);
  const ours = new Set(
    facts.tree.snapshots
      .filter((one) => isOursSince(one, interrupted, facts))
      .flatMap(({ disks }) => disks.flatMap(({ file }) => file ?? [])),
  );
  const reverting = hasBegun(interrupted, ['revert']);
  const frozenFilesOf = (disk: VmDisk): readonly (string | undefined)[] => [
    ...interrupted.plan.steps.flatMap((step) =>
      step.kind === 'revert' || step.kind === 'defineFromSnapshot'
        ? [backingFileOf(facts, step.snapshot, disk.target)]
        : [],
    ),
    before.disks.find(({ target }) => target === disk.target)?.file,
  ];
  return snapshotableDisks(facts.vm).every((disk) => {
    const then = before.disks.find(({ target }) => target === disk.target);
    if ((then !== undefined && then.file === disk.source) || disk.source === undefined) {
      return then !== undefined && then.file === disk.source;
    }
    const [, below] = wholeChain(disk, facts);
    return (
      named.has(disk.source) ||
      ours.has(disk.source) ||
      (reverting && frozenFilesOf(disk).some((file) => file !== undefined && (file === below || file === disk.source)))
    );
  });
}

/** Steps that leave the current state for another one, or let a guest run in it. */
function replacesPresent(step: Step): boolean {
  if (step.kind === 'power') {
    return step.action === 'start' || step.action === 'forceOff';
  }
  return step.kind === 'commitImages' ? step.disks.some(({ above }) => above === undefined) : replacing.has(step.kind);
}

const replacing: ReadonlySet<Step['kind']> = new Set<Step['kind']>([
  'defineFromSnapshot',
  'revert',
  'restoreMemory',
  'startPaused',
  'dropManagedSave',
]);

/**
 * | the VM | each disk's own file              | nothing was written since |
 * |--------|-----------------------------------|---------------------------|
 * | on     | any                               | yes: its power says whether it is ours |
 * | off    | an overlay, known to be empty     | yes |
 * | off    | certainly gone: libvirt removes some before it writes down that the VM is on others | yes: nothing is left in it to lose |
 * | off    | written last when the operation may have | yes |
 * | off    | later, or nobody can tell when    | no |
 */
function isUnwrittenSince(interrupted: InterruptedOperation, before: Before, facts: Facts): boolean {
  const { vm, files } = facts;
  if (vm.power !== 'off') {
    return true;
  }
  const limit = mayWriteUntil(interrupted, before);
  return snapshotableDisks(vm).every(({ source }) => {
    const image = source === undefined ? undefined : files?.images.get(source);
    const at = typeof image === 'object' ? image.modifiedAt : undefined;
    const holdsNothing = source !== undefined && (emptiness(source, facts) === true || isMissing(source, facts));
    return holdsNothing || (at !== undefined && at <= limit);
  });
}

/**
 * | of the steps that were begun                          | until |
 * |-------------------------------------------------------|-------|
 * | the last that may write to the VM's files, or let QEMU do so | a minute after the last step of all was begun, and what the operation takes |
 * | the VM was switched off and nothing wrote since       | the end of that, or of the overlays that were made then |
 * | none writes, and the VM was off before                | the begin |
 */
function mayWriteUntil({ plan, startedAt, begunAt, doneAt, lastStepAt }: InterruptedOperation, before: Before): number {
  let quietAt = before.power === 'off' ? startedAt + 1_000 : undefined;
  for (const [index, step] of plan.steps.entries()) {
    const done = doneAt?.get(index);
    if (begunAt?.has(index) !== true && done === undefined) {
      continue;
    }
    if (step.kind === 'power' && step.action === 'forceOff') {
      quietAt = done;
    } else if (step.kind === 'createOverlays') {
      quietAt = quietAt === undefined || done === undefined ? undefined : Math.max(quietAt, done);
    } else if (writing.has(step.kind)) {
      quietAt = undefined;
    }
  }
  return quietAt ?? (lastStepAt ?? 0) + stillWritesMs + Math.min(plan.estimateMs ?? 0, mostMs);
}

const writing: ReadonlySet<Step['kind']> = new Set<Step['kind']>([
  'createSnapshot',
  'revert',
  'deleteSnapshot',
  'power',
  'startPaused',
  'restoreMemory',
  'blockCommit',
  'commitImages',
  'removeTag',
  'repairImages',
]);
