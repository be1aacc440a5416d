// Decides whether a VM can be started, stopped, paused or resumed in the state that it is in.
import { changedLayers } from '../../domain/chains/frozenLayers.js';
import { foreignFrozenFiles } from '../../domain/chains/frozenWriters.js';
import {
  frozenFileRefusal,
  outdatedSaveRefusal,
  readImageRefusal,
  readOnlyRefusal,
  strayQemuRefusal,
} from '../refusals.js';
import { missingOf } from '../../domain/chains/snapshotWhole.js';
import { disksToStart } from '../volumeRefusal.js';
import { goesUnasked } from '../clone/planDiscard.js';
import { unusedOverlays } from '../../domain/chains/unusedOverlays.js';
import { isOffAfter, type OperationRequest, type PowerAction } from '../../domain/operation.js';
import type { DraftPlan } from '../plan.js';
import type { Step } from '../../steps/step.js';
import type { Loss } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { type PowerState, type Vm, isActive, snapshotableDisks } from '../../domain/vm.js';

type PowerRequest = Extract<OperationRequest, { kind: 'power' }>;

type PowerVerdict = 'ok' | 'notRunning' | 'notOff' | 'wrongState' | 'crashedVm' | 'asleepVm';

/**
 * A crashed VM still has its QEMU, stopped; an asleep one was suspended to RAM by its own guest. Neither hears
 * anything, and a paused one does not hear a request to shut down.
 */
const verdicts: Readonly<Record<PowerAction, Readonly<Record<PowerState, PowerVerdict>>>> = {
  start: {
    off: 'ok',
    running: 'notOff',
    paused: 'notOff',
    shuttingDown: 'wrongState',
    crashed: 'crashedVm',
    asleep: 'notOff',
    unknown: 'wrongState',
  },
  shutDown: {
    off: 'notRunning',
    running: 'ok',
    paused: 'wrongState',
    shuttingDown: 'wrongState',
    crashed: 'crashedVm',
    asleep: 'asleepVm',
    unknown: 'wrongState',
  },
  save: {
    off: 'notRunning',
    running: 'ok',
    paused: 'ok',
    shuttingDown: 'wrongState',
    crashed: 'crashedVm',
    asleep: 'asleepVm',
    unknown: 'wrongState',
  },
  forceOff: {
    off: 'notRunning',
    running: 'ok',
    paused: 'ok',
    shuttingDown: 'ok',
    crashed: 'ok',
    asleep: 'ok',
    unknown: 'ok',
  },
  pause: {
    off: 'notRunning',
    running: 'ok',
    paused: 'wrongState',
    shuttingDown: 'wrongState',
    crashed: 'crashedVm',
    asleep: 'asleepVm',
    unknown: 'wrongState',
  },
  resume: {
    off: 'notRunning',
    running: 'wrongState',
    paused: 'ok',
    shuttingDown: 'wrongState',
    crashed: 'crashedVm',
    asleep: 'asleepVm',
    unknown: 'wrongState',
  },
  restart: {
    off: 'notRunning',
    running: 'ok',
    paused: 'wrongState',
    shuttingDown: 'wrongState',
    crashed: 'crashedVm',
    asleep: 'asleepVm',
    unknown: 'wrongState',
  },
};

export function planPower(request: PowerRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, capabilities } = facts;
  const { action } = request;
  const obstacle =
    readOnlyRefusal(vm, capabilities, action) ??
    stateRefusal(vm, action) ??
    (action === 'save' && !vm.persistent ? refuse('transientVm', { vm: vm.name }) : undefined) ??
    (action === 'resume' ? brokenRevertRefusal(facts) : undefined) ??
    // A second QEMU on the same files would fail late, or, where images are not locked, write over the first one.
    (action === 'start'
      ? (strayQemuRefusal(facts) ?? readImageRefusal(facts) ?? outdatedSaveRefusal(facts) ?? goneRefusal(facts))
      : undefined);
  return (
    obstacle ?? {
      kind: 'plan',
      request,
      steps: [{ kind: 'power', action }, ...clockSteps(request, facts)],
      losses: [...lossesOf(action, facts), ...(action === 'start' ? spoiltSnapshotLosses(facts) : [])],
      warnings: isOffAfter(action) && goesUnasked(facts) ? [{ kind: 'cloneGoes' }] : [],
      progress: action === 'save' ? 'percent' : 'timeOnly',
    }
  );
}

/**
 * Whether an agent answers shows only when the guest runs again.
 *
 * | action | asked for | it is paused                 | agent           | → |
 * |--------|-----------|------------------------------|-----------------|---|
 * | resume | revert    | any                          | has its channel | setGuestClock |
 * | resume | –         | since a revert               | has its channel | setGuestClock |
 * | resume | stop      | any                          | was there       | setGuestClock, which leaves one alone that is far off |
 * | any other combination |                              |                 | nothing |
 */
function clockSteps({ action, clock }: PowerRequest, { vm, capabilities }: Facts): readonly Step[] {
  if (action !== 'resume' || capabilities.driver !== 'qemu') {
    return [];
  }
  const isOfOtherTime = clock === 'revert' || vm.powerReason === 'fromSnapshot';
  if (isOfOtherTime) {
    return vm.agentChannel ? [{ kind: 'setGuestClock' }] : [];
  }
  return clock === 'stop' && vm.agentConnected ? [{ kind: 'setGuestClock', after: 'stop' }] : [];
}

function stateRefusal({ name, power }: Vm, action: PowerAction): RefusedDecision | undefined {
  const verdict = verdicts[action][power];
  switch (verdict) {
    case 'ok':
      return undefined;
    case 'notRunning':
    case 'notOff':
      return refuse(verdict, { vm: name, state: power, wanted: action });
    case 'wrongState':
      return refuse(verdict, { vm: name, state: power, action });
    case 'crashedVm':
    case 'asleepVm':
      return refuse(verdict, { vm: name, action });
  }
}

/** An external revert that broke off late leaves the VM paused on the files that its snapshots froze. */
function brokenRevertRefusal(facts: Facts): RefusedDecision | undefined {
  if (facts.vm.powerReason !== 'fromSnapshot') {
    return undefined;
  }
  for (const snapshot of facts.tree.snapshots) {
    const obstacle = frozenFileRefusal(snapshot, facts);
    if (obstacle !== undefined) {
      return obstacle;
    }
  }
  return undefined;
}

/** One that is damaged libvirt may start all the same; QEMU opens it read-only, if at all. */
function goneRefusal(facts: Facts): RefusedDecision | undefined {
  const { vm } = facts;
  for (const disk of disksToStart(vm.disks)) {
    const file = missingOf(disk, facts);
    if (file !== undefined) {
      return refuse('layerBroken', { vm: vm.name, disk: disk.target, file, gone: 'yes' });
    }
  }
  return undefined;
}

/** Disks of other VMs, on or off, that are built on what this one would write to. */
function disksAbove(facts: Facts): readonly string[] {
  const below = (facts.otherVms ?? []).flatMap((other) => other.below ?? []);
  return [...new Set(below.flatMap(({ disk, file }) => (isWritten(file, facts) ? [disk] : [])))];
}

function isWritten(file: string, { vm }: Facts): boolean {
  return snapshotableDisks(vm).some(({ source }) => source === file);
}

/**
 * Snapshots whose frozen files the guest would write into, of this VM and of others; what is spoilt already is not lost
 * by it.
 */
function spoiltSnapshotLosses(facts: Facts): readonly Loss[] {
  const own = facts.tree.snapshots.filter(
    (one) => frozenFileRefusal(one, facts) !== undefined && changedLayers(one, facts).length === 0,
  );
  const names = [
    ...own.map(({ name }) => name),
    ...foreignFrozenFiles(facts).map(({ owner, snapshot }) => `${snapshot} (${owner})`),
  ];
  return names.length === 0 ? [] : [{ kind: 'restorePoints', names }];
}

/**
 * | action    | VM                | lost                                               |
 * |-----------|-------------------|----------------------------------------------------|
 * | force off | running, paused, … | RAM, and what the guest had not written yet       |
 * | force off | crashed, unknown  | RAM                                                |
 * | shut down, force off | transient | also its configuration and all its restore points |
 * | start     | on files below newer overlays that nobody names | what these hold: see unusedOverlays |
 * | start     | on files below disks of other VMs               | what these hold    |
 */
function lossesOf(action: PowerAction, facts: Facts): readonly Loss[] {
  const { vm, tree } = facts;
  const losses: Loss[] = [];
  const unused =
    action === 'start' ? unusedOverlays(facts).filter(({ file, isNewer }) => isNewer && isWritten(file, facts)) : [];
  const above = action === 'start' ? disksAbove(facts) : [];
  if (unused.length + above.length > 0) {
    losses.push({ kind: 'unusedOverlays', files: [...unused.map(({ overlay }) => overlay), ...above] });
  }
  if (action === 'forceOff') {
    losses.push({ kind: 'ram' });
    if (isActive(vm.power)) {
      losses.push({ kind: 'unsavedWork' });
    }
  }
  if (!vm.persistent && isOffAfter(action)) {
    losses.push({ kind: 'configuration' });
    if (tree.snapshots.length > 0) {
      losses.push({ kind: 'restorePoints', names: tree.snapshots.map(({ name }) => name) });
    }
  }
  return losses;
}
