// Decides how a snapshot is made: its kind, where it is kept, its name and files. Knows no connection and no dialog.
import { formatVersion, versionOf } from './capabilities.js';
import { longestDescription, type Trailers, writeDescription } from './description.js';
import { createMs, guestStopMs } from './estimates.js';
import { versionWarnings } from './knownVersions.js';
import { nvramKeepSteps } from './nvramCopy.js';
import {
  blockJobObstacle,
  driverObstacle,
  managedSaveObstacle,
  readOnlyObstacle,
  unsteadyObstacle,
} from './obstacles.js';
import type { OperationRequest } from './operation.js';
import { chooseFiles, folderOf, takenSuffixes } from './overlayFiles.js';
import type { Decision, Situation, Step, Warning } from './plan.js';
import { displayLine } from './plainText.js';
import { type Refused, refuse } from './refusal.js';
import type { SnapshotKind } from './snapshot.js';
import { nameFromTitle, titleProblem } from './snapshotName.js';
import { styleOfVm } from './snapshotTree.js';
import { spaceOf, spaceVerdict, totalOf } from './snapshotSpace.js';
import { externalObstacle, internalObstacle, nvramVerdict, ramObstacle } from './snapshotStyle.js';
import { type Vm, snapshotableDisks } from './vm.js';

type CreateRequest = Extract<OperationRequest, { type: 'create' }>;
type CreateStep = Extract<Step, { do: 'createSnapshot' }>;

interface Choice {
  readonly type: 'choice';
  readonly kind: SnapshotKind;
  readonly style: 'internal' | 'external';
}

export function planCreate(request: CreateRequest, situation: Situation): Decision {
  const { vm, capabilities } = situation;
  const obstacle =
    readOnlyObstacle(vm, capabilities, 'create') ??
    driverObstacle(capabilities, 'create') ??
    titleObstacle(request, situation) ??
    managedSaveObstacle(vm) ??
    unsteadyObstacle(vm, 'create') ??
    asleepOrCrashed(situation) ??
    blockJobObstacle(situation);
  if (obstacle !== undefined) {
    return obstacle;
  }
  const choice = chooseKindAndStyle(request, situation);
  if (choice.type === 'refusal') {
    return choice;
  }
  const { kind, style } = choice;
  const quiesce = decideQuiesce(request, kind, situation);
  if (typeof quiesce !== 'boolean') {
    return quiesce;
  }
  const step = makeStep(request, choice, quiesce, situation);
  if (!('do' in step)) {
    return step;
  }
  const space = spaceOf(step, situation);
  const room = spaceVerdict(space, situation);
  if ('type' in room) {
    return room;
  }
  // libvirt does not freeze a guest twice, and whoever froze this one is gone: it would have thawed it again.
  const thaw: readonly Step[] = quiesce && situation.agent === 'frozen' ? [{ do: 'thawGuest' }] : [];
  // First: a copy that cannot be made leaves everything as it was.
  const variables = holdsVariables(choice, situation) ? [] : nvramKeepSteps(step.name, situation);
  return {
    type: 'plan',
    request,
    steps: [...variables, ...thaw, step],
    losses: [],
    warnings: [
      ...warningsOf(request, step, situation),
      ...(variables.length > 0 || holdsVariables(choice, situation) ? [] : [{ about: 'nvramNotCaptured' } as const]),
      ...room,
    ],
    progress: kind === 'memory' && style === 'external' ? 'percent' : 'timeOnly',
    estimateMs: createMs(kind, how(step), vm.memoryBytes),
    snapshot: step.name,
    spaceBytes: totalOf(space),
  };
}

function how({ style, live }: CreateStep): 'internal' | 'external' | 'live' {
  return live === true ? 'live' : style;
}

/** Whether the snapshot itself brings the UEFI variables back. */
function holdsVariables({ kind, style }: Choice, { vm, capabilities }: Situation): boolean {
  return (
    vm.firmware === 'bios' ||
    (style === 'internal' && nvramVerdict(vm, capabilities, kind === 'offline' ? 'off' : 'running') === 'captured')
  );
}

function titleObstacle({ title, description = '' }: CreateRequest, { tree }: Situation): Refused | undefined {
  const problem = titleProblem(title, tree.snapshots);
  if (problem === 'taken') {
    return refuse('nameTaken', { title: displayLine(title) });
  }
  if (problem !== undefined) {
    return refuse('badName', { title: displayLine(title), problem });
  }
  return description.length > longestDescription
    ? refuse('badName', { title: displayLine(title), problem: 'descriptionTooLong' })
    : undefined;
}

function asleepOrCrashed({ vm: { name, power } }: Situation): Refused | undefined {
  return power === 'asleep'
    ? refuse('asleepVm', { vm: name, action: 'create' })
    : power === 'crashed'
      ? refuse('crashedVm', { vm: name, action: 'create' })
      : undefined;
}

/**
 * Which kinds a state allows, and what `auto` makes of it:
 *
 * | power           | memory     | disk       | offline | auto                                          |
 * |-----------------|------------|------------|---------|-----------------------------------------------|
 * | running, paused | ok         | ok         | notOff  | memory if it can be kept inside, else disk    |
 * | off             | notRunning | notRunning | ok      | offline                                       |
 *
 * Where it is kept. Disk-only ones are always external. A mix of styles on one VM corrupts it in silence.
 *
 * | snapshots so far | asked for        | style                                                       |
 * |------------------|------------------|-------------------------------------------------------------|
 * | internal         | nothing, internal | internal; a disk-only one: otherStyle                      |
 * | internal         | external         | otherStyle                                                  |
 * | external         | nothing, external | external                                                   |
 * | external         | internal         | otherStyle                                                  |
 * | mixed            | anything         | otherStyle                                                  |
 * | none             | internal, external | that; a disk-only one: external                           |
 * | none             | nothing          | internal where it works, else external                      |
 * | none             | nothing, but live or without some disks | external                             |
 *
 * RAM needs all disks of its moment beside it, and an internal snapshot takes all disks anyway: with some left out it is
 * `disk` or `offline`, else cannotLeaveOut.
 */
function chooseKindAndStyle(request: CreateRequest, situation: Situation): Choice | Refused {
  const { vm, tree, capabilities } = situation;
  const active = vm.power !== 'off';
  if (request.kind !== 'auto' && (request.kind === 'offline') === active) {
    const facts = { vm: vm.name, state: vm.power, wanted: request.kind };
    return active ? refuse('notOff', facts) : refuse('notRunning', facts);
  }
  const whole = active ? 'memory' : 'offline';
  const own = styleOfVm(tree);
  const without = request.without ?? [];
  const odd = without.find((target) => vm.disks.every((disk) => disk.target !== target));
  if (odd !== undefined || (without.length > 0 && request.kind === 'memory')) {
    return refuse('cannotLeaveOut', { vm: vm.name, disk: odd ?? without.join(', ') });
  }
  const outside = without.length > 0 || (request.live === true && request.kind === 'memory');
  const wanted =
    request.style ?? (own === 'internal' || own === 'external' ? own : outside ? ('external' as const) : undefined);
  const notInside = internalObstacle(vm, capabilities, whole);

  const kind =
    request.kind !== 'auto'
      ? request.kind
      : !active
        ? 'offline'
        : wanted === 'external' || without.length > 0 || (wanted === undefined && notInside !== undefined)
          ? 'disk'
          : 'memory';
  const style = kind === 'disk' ? 'external' : (wanted ?? (notInside === undefined ? 'internal' : 'external'));
  if (own !== 'none' && own !== style) {
    return refuse('otherStyle', { vm: vm.name, own, asked: style, kind });
  }
  const notSaved = kind === 'memory' ? ramObstacle(vm) : undefined;
  if (style === 'internal') {
    const left = without.length > 0 ? refuse('cannotLeaveOut', { vm: vm.name, disk: without.join(', ') }) : undefined;
    return notInside ?? left ?? notSaved ?? { type: 'choice', kind, style };
  }
  return externalObstacle(partOf(vm, without), capabilities, kind) ?? notSaved ?? { type: 'choice', kind, style };
}

function partOf(vm: Vm, without: readonly string[]): Vm {
  return { ...vm, disks: vm.disks.filter(({ target }) => !without.includes(target)) };
}

/**
 * Freezing the guest's file systems needs a running guest, its agent, and no RAM in the snapshot: with RAM, nothing is
 * gained.
 *
 * | asked | kind  | guest running and agent there | kind was asked for | → |
 * |-------|-------|-------------------------------|--------------------|---|
 * | no    | any   | any                           | any                | no |
 * | yes   | memory, offline | any                 | any                | no |
 * | yes   | disk  | yes                           | any                | yes |
 * | yes   | disk  | no                            | auto               | no, with a warning |
 * | yes   | disk  | no                            | disk               | agentMissing, wrongState |
 */
function decideQuiesce(
  { quiesce, kind: asked }: CreateRequest,
  kind: SnapshotKind,
  { vm, agent }: Situation,
): boolean | Refused {
  if (quiesce !== true || kind !== 'disk') {
    return false;
  }
  const hears = vm.agentConnected && agent !== 'silent';
  if (hears && vm.power === 'running') {
    return true;
  }
  if (asked === 'auto') {
    return false;
  }
  return hears
    ? refuse('wrongState', { vm: vm.name, state: vm.power, action: 'create' })
    : refuse('agentMissing', { vm: vm.name });
}

function makeStep(
  { title: typed, description = '', git, auto, live, without = [] }: CreateRequest,
  { kind, style }: Choice,
  quiesce: boolean,
  situation: Situation,
): CreateStep | Refused {
  const { tree, vm, now } = situation;
  const title = typed.trim();
  const taken = new Set(tree.snapshots.map((snapshot) => snapshot.name));
  for (const suffix of takenSuffixes(situation)) {
    taken.add(suffix);
  }
  const name = nameFromTitle(title, taken, now);
  const trailers: Trailers = {
    ...(title === name ? {} : { title }),
    ...(git === undefined ? {} : { git }),
    consistency: kind !== 'disk' ? kind : quiesce ? 'quiesced' : 'crash-consistent',
    createdBy: 'virt-rewind',
    ...(auto === undefined ? {} : { auto }),
  };
  const base = {
    do: 'createSnapshot',
    name,
    description: writeDescription(description, trailers),
    kind,
    style,
    quiesce,
    ...(auto === undefined ? {} : { auto }),
    // A guest that stands still anyway gains nothing.
    ...(live === true && kind === 'memory' && style === 'external' && vm.power === 'running' ? { live } : {}),
  } as const;
  const disks = snapshotableDisks(partOf(vm, without));
  if (style === 'internal') {
    return { ...base, disks: disks.map(({ target }) => ({ target })) };
  }
  const files = chooseFiles(situation, disks, name, kind === 'memory' ? 'withMemory' : 'withoutMemory');
  if (files.type === 'refusal') {
    return files;
  }
  const { memoryFile } = files;
  return { ...base, disks: files.disks, ...(memoryFile === undefined ? {} : { memoryFile }) };
}

/** A running VM's disk-only snapshot is reverted to from 11.0 on, every other external one from 9.9 on; or by us. */
function warningsOf(request: CreateRequest, step: CreateStep, situation: Situation): Warning[] {
  const { vm, capabilities } = situation;
  const { libvirt, externalRevert } = capabilities;
  const { kind, style, quiesce } = step;
  const warnings: Warning[] = [];
  if (kind === 'memory') {
    warnings.push({ about: 'guestStandsStill', estimateMs: guestStopMs(vm.memoryBytes, how(step)) });
  }
  if (kind === 'disk' && !quiesce) {
    if (request.quiesce === true) {
      warnings.push({ about: 'agentMissing' });
    }
    warnings.push({ about: 'crashConsistent' });
  }
  const needed = !externalRevert
    ? versionOf(9, 9)
    : kind === 'disk' && libvirt < versionOf(11, 0)
      ? versionOf(11, 0)
      : 0;
  if (style === 'external' && needed > 0 && !canRevertOurselves(step, situation)) {
    warnings.push({ about: 'cannotRevertHere', version: formatVersion(libvirt), needed: formatVersion(needed) });
  }
  if (vm.devices?.includes('tpm') === true) {
    warnings.push({ about: 'tpmNotCaptured' });
  }
  if (!vm.persistent) {
    warnings.push({ about: 'vanishesWhenStopped' });
  }
  return [...warnings, ...versionWarnings(capabilities, { action: 'create', style, kind, vm })];
}

/** See planEmulatedRevert: overlays stand beside the files that the snapshot freezes. */
function canRevertOurselves({ disks }: CreateStep, { vm, files }: Situation): boolean {
  const targets = new Set(disks.map(({ target }) => target));
  return (
    vm.persistent &&
    vm.disks
      .filter(({ target }) => targets.has(target))
      .every(({ source }) => source !== undefined && files?.canAct.get(folderOf(source)) === 'yes')
  );
}
