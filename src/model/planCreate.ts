// Decides how a snapshot is made: its kind, where it is kept, its name and files. Knows no connection and no dialog.
import { formatVersion, versionOf } from './capabilities.js';
import { longestDescription, type Trailers, writeDescription } from './description.js';
import { createMs, memorySaveMs } from './estimates.js';
import { versionWarnings } from './knownVersions.js';
import {
  blockJobObstacle,
  driverObstacle,
  managedSaveObstacle,
  readOnlyObstacle,
  unsteadyObstacle,
} from './obstacles.js';
import type { OperationRequest } from './operation.js';
import { chooseFiles, takenSuffixes } from './overlayFiles.js';
import type { Decision, Situation, Step, Warning } from './plan.js';
import { displayLine } from './plainText.js';
import { type Refused, refuse } from './refusal.js';
import type { SnapshotKind } from './snapshot.js';
import { nameFromTitle, titleProblem } from './snapshotName.js';
import { styleOfVm } from './snapshotTree.js';
import { externalObstacle, internalObstacle, nvramVerdict } from './snapshotStyle.js';
import { snapshotableDisks } from './vm.js';

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
  return {
    type: 'plan',
    request,
    steps: [step],
    losses: [],
    warnings: warningsOf(request, choice, quiesce, situation),
    progress: kind === 'memory' && style === 'external' ? 'percent' : 'timeOnly',
    estimateMs: createMs(kind, style, vm.memoryBytes),
    snapshot: step.name,
  };
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
  const wanted = request.style ?? (own === 'internal' || own === 'external' ? own : undefined);
  const notInside = internalObstacle(vm, capabilities, whole);

  const kind =
    request.kind !== 'auto'
      ? request.kind
      : !active
        ? 'offline'
        : wanted === 'external' || (wanted === undefined && notInside !== undefined)
          ? 'disk'
          : 'memory';
  const style = kind === 'disk' ? 'external' : (wanted ?? (notInside === undefined ? 'internal' : 'external'));
  if (own !== 'none' && own !== style) {
    return refuse('otherStyle', { vm: vm.name, own, asked: style, kind });
  }
  if (style === 'internal') {
    return notInside ?? { type: 'choice', kind, style };
  }
  const notOutside = externalObstacle(vm, capabilities, kind);
  return notOutside ?? { type: 'choice', kind, style };
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
  { vm }: Situation,
): boolean | Refused {
  if (quiesce !== true || kind !== 'disk') {
    return false;
  }
  if (vm.agentConnected && vm.power === 'running') {
    return true;
  }
  if (asked === 'auto') {
    return false;
  }
  return vm.agentConnected
    ? refuse('wrongState', { vm: vm.name, state: vm.power, action: 'create' })
    : refuse('agentMissing', { vm: vm.name });
}

function makeStep(
  { title: typed, description = '', git }: CreateRequest,
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
  };
  const base = {
    do: 'createSnapshot',
    name,
    description: writeDescription(description, trailers),
    kind,
    style,
    quiesce,
  } as const;
  const disks = snapshotableDisks(vm);
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

/** A running VM's disk-only snapshot is reverted to from 11.0 on, every other external one from 9.9 on. */
function warningsOf(
  request: CreateRequest,
  { kind, style }: Choice,
  quiesce: boolean,
  situation: Situation,
): Warning[] {
  const { vm, capabilities } = situation;
  const { libvirt, externalRevert } = capabilities;
  const warnings: Warning[] = [];
  if (kind === 'memory') {
    warnings.push({ about: 'guestStandsStill', estimateMs: memorySaveMs(vm.memoryBytes, style) });
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
  if (style === 'external' && needed > 0) {
    warnings.push({ about: 'cannotRevertHere', version: formatVersion(libvirt), needed: formatVersion(needed) });
  }
  const outside = style === 'external' && vm.firmware !== 'bios';
  if (outside || nvramVerdict(vm, capabilities, kind === 'offline' ? 'off' : 'running') === 'notCaptured') {
    warnings.push({ about: 'nvramNotCaptured' });
  }
  if (!vm.persistent) {
    warnings.push({ about: 'vanishesWhenStopped' });
  }
  return [...warnings, ...versionWarnings(capabilities, { action: 'create', style, kind, vm })];
}
