// Decides how a snapshot is made: its name, its files, what comes before it. Knows no connection and no dialog.
import { formatVersion, versionOf } from '../../domain/capabilities.js';
import { type Choice, chooseKindAndStyle, decideQuiesce, ownerLeavesOut, partOf } from './chooseKindAndStyle.js';
import { wholeChain } from '../../domain/chains/backingChain.js';
import { bitmapWarning, brokenLayerRefusal, checkpointRefusal } from '../diskRefusals.js';
import { longestDescription, type Trailers, writeDescription } from '../../domain/description.js';
import { guestStopMs, ramMethodOf, displayedCreateMs, displayedStopMs } from '../../domain/estimates.js';
import { versionWarnings } from '../../domain/knownVersions.js';
import { stateKeepSteps } from '../stateSteps.js';
import {
  accessRefusal,
  asleepOrCrashedRefusal,
  readImageRefusal,
  managedSaveRefusal,
  unsteadyRefusal,
} from '../refusals.js';
import type { OperationRequest } from '../../domain/operation.js';
import { actingFolder, chooseFiles, usedSuffixes } from '../../domain/chains/overlayFiles.js';
import type { DraftPlan } from '../plan.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Warning } from '../../domain/consequences.js';
import { displayLine } from '../../domain/plainText.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { nameFromTitle, titleProblem } from '../../domain/snapshotName.js';
import { notSeamless, seamlessness } from './seamlessness.js';
import {
  leastSpaceOf,
  liveBytes,
  liveLimit,
  ramBytes,
  spaceInDevice,
  spaceOf,
  spaceVerdict,
  totalOf,
} from './snapshotSpace.js';
import { notInSnapshot, nvramVerdict, ramRefusal } from '../../domain/snapshotStyle.js';
import { clockRefusal } from '../../domain/untilDate.js';
import { hasTpm, snapshotableDisks, type VmDisk } from '../../domain/vm.js';
import type { SnapshotKind } from '../../domain/snapshot.js';
import { presentInUseRefusal } from '../readableNow.js';
import { repairSteps, unclosedImages, unclosedRefusal } from '../unclosedImages.js';

const outside = { snapshotKind: 'memory', style: 'external' } as const;

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;
type CreateStep = Extract<Step, { kind: 'createSnapshot' }>;

/** Where nobody has asked for RAM by name, one that cannot be kept for another reason is done without. */
export function planCreate(asked: CreateRequest, facts: Facts): DraftPlan | RefusedDecision {
  const plan = planGivenKind(asked, facts);
  if (plan.kind !== 'refusal' || asked.snapshotKind !== 'auto' || asked.seamless !== true) {
    return plan;
  }
  const { seamless: _, ...without } = asked;
  const other = planGivenKind(without, facts);
  return other.kind === 'refusal' ? plan : { ...other, request: asked };
}

function planGivenKind(asked: CreateRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm } = facts;
  const leftOut = ownerLeavesOut(asked, vm);
  const request = leftOut.length === 0 ? asked : { ...asked, without: [...(asked.without ?? []), ...leftOut] };
  const obstacle =
    accessRefusal(facts, 'create') ??
    titleRefusal(request, facts) ??
    (request.until === undefined ? undefined : clockRefusal(vm, facts.tree, facts.now)) ??
    managedSaveRefusal(facts) ??
    unsteadyRefusal(vm, 'create') ??
    asleepOrCrashedRefusal(vm, 'create') ??
    presentInUseRefusal(facts) ??
    checkpointRefusal(facts, 'changed');
  if (obstacle !== undefined) {
    return obstacle;
  }
  const choice = chooseKindAndStyle(request, facts);
  if (choice.kind === 'refusal') {
    return choice;
  }
  const { snapshotKind: kind, style } = choice;
  const held = style === 'internal' ? readImageRefusal(facts) : undefined;
  if (held !== undefined) {
    return held;
  }
  // One for the layout's sake ends damage that goes on, so it is made all the same.
  for (const disk of request.auto === 'layout' ? [] : snapshotableDisks(partOf(vm, request.without ?? []))) {
    const broken = brokenLayerRefusal(disk.target, wholeChain(disk, facts), facts);
    if (broken !== undefined) {
      return broken;
    }
  }
  const lasting =
    style === 'external' ? closeFirst(kind, snapshotableDisks(partOf(vm, request.without ?? [])), facts) : [];
  if ('kind' in lasting) {
    return lasting;
  }
  const quiesce = decideQuiesce(request, kind, facts);
  if (typeof quiesce !== 'boolean') {
    return quiesce;
  }
  const made = makeStep(request, choice, quiesce, facts);
  if (made.kind === 'refusal') {
    return made;
  }
  const space = spaceOf(made, facts);
  const room = spaceVerdict(space, facts, leastSpaceOf(made, facts));
  const step = { ...made, ...liveLimit(made, facts) };
  if ('kind' in room) {
    return room;
  }
  // libvirt does not freeze a guest twice, and the client that froze this one is gone: it would have thawed it.
  const thaw: readonly Step[] = quiesce && facts.agent === 'frozen' ? [{ kind: 'thawGuest' }] : [];
  // First: a copy that cannot be made leaves everything as it was.
  const copies = stateKeepSteps(
    step.name,
    [
      ...(holdsVariables(choice, facts) ? [] : [vm.nvram]),
      // RAM holds that of the TPM.
      ...(kind === 'memory' ? [] : [vm.tpmState]),
    ],
    facts,
  );
  const isCopied = (file: string | undefined): boolean => copies.some(({ from }) => from === file);
  return {
    kind: 'plan',
    request: asked,
    steps: [...lasting, ...copies, ...thaw, step],
    losses: [],
    warnings: [
      ...(leftOut.length === 0 ? [] : [{ kind: 'ownerLeftOut', disks: leftOut } as const]),
      ...lasting.flatMap((one) =>
        one.kind === 'repairImages' ? [{ kind: 'repairsImages', files: one.files } as const] : [],
      ),
      ...warningsOf(request, step, facts),
      ...(isCopied(vm.nvram) || holdsVariables(choice, facts) ? [] : [{ kind: 'nvramNotCaptured' } as const]),
      ...(hasTpm(vm) && kind !== 'memory' && !isCopied(vm.tpmState) ? [{ kind: 'tpmNotCaptured' } as const] : []),
      ...room,
      ...spaceInDevice(step, facts),
    ],
    progress: kind === 'memory' && style === 'external' ? 'percent' : 'timeOnly',
    estimateMs: displayedCreateMs(kind, ramMethodOf(step), vm.memoryBytes, facts.tree),
    snapshot: step.name,
    spaceBytes:
      totalOf(space) +
      (step.live === true
        ? liveBytes(step, vm) - ramBytes(vm)
        : mayTurnOutWithRam(request, step, facts)
          ? ramBytes(vm)
          : 0),
  };
}

/** What lies below an overlay stays as it is: nobody opens it for writing any more. */
function closeFirst(kind: SnapshotKind, disks: readonly VmDisk[], facts: Facts): readonly Step[] | RefusedDecision {
  const { vm } = facts;
  return vm.power === 'off'
    ? repairSteps(
        unclosedImages(disks, 'all', facts).map(({ file }) => file),
        facts,
      )
    : ((kind === 'memory' ? unclosedRefusal(disks, 'below', facts) : undefined) ?? []);
}

/** Nobody asked for a kind, and QEMU is asked no sooner than it is done. */
function mayTurnOutWithRam(request: CreateRequest, { snapshotKind: kind }: CreateStep, facts: Facts): boolean {
  const isOpen = kind === 'disk' && request.snapshotKind === 'auto' && (request.without ?? []).length === 0;
  return isOpen && seamlessness(request, outside, facts) === 'untried';
}

/** Whether the snapshot itself brings the UEFI variables back. */
function holdsVariables({ snapshotKind: kind, style }: Choice, { vm, capabilities }: Facts): boolean {
  return (
    vm.firmware === 'bios' ||
    (style === 'internal' && nvramVerdict(vm, capabilities, kind === 'offline' ? 'off' : 'running') === 'captured')
  );
}

function titleRefusal({ title, description = '' }: CreateRequest, { tree }: Facts): RefusedDecision | undefined {
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

function makeStep(
  request: CreateRequest,
  choice: Choice,
  quiesce: boolean,
  facts: Facts,
): CreateStep | RefusedDecision {
  const { title: typed, description = '', git, auto, live, without = [] } = request;
  const { snapshotKind: kind, style } = choice;
  const { tree, vm, now } = facts;
  const title = typed.trim();
  const taken = new Set(tree.snapshots.map((snapshot) => snapshot.name));
  for (const suffix of usedSuffixes(facts)) {
    taken.add(suffix);
  }
  // QEMU would replace a tag with that name, also one of another tool.
  for (const { source = '' } of vm.disks) {
    const image = facts.files?.images.get(source);
    (typeof image === 'object' ? (image.tags ?? []) : []).forEach((tag) => taken.add(tag));
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
    kind: 'createSnapshot',
    name,
    description: writeDescription(description, trailers),
    snapshotKind: kind,
    style,
    quiesce,
    ...(auto === undefined ? {} : { auto }),
    // A guest that stands still anyway gains nothing.
    ...(live === true && kind === 'memory' && style === 'external' && vm.power === 'running' ? { live } : {}),
    ...(seamlessness(request, choice, facts) === 'yes' ? { seamless: true as const } : {}),
  } as const;
  const disks = snapshotableDisks(partOf(vm, without));
  if (style === 'internal') {
    return { ...base, disks: disks.map(({ target }) => ({ target })) };
  }
  const files = chooseFiles(facts, disks, name, kind === 'memory' ? 'withMemory' : 'withoutMemory');
  if (files.kind === 'refusal') {
    return files;
  }
  const { memoryFile } = files;
  return { ...base, disks: files.disks, ...(memoryFile === undefined ? {} : { memoryFile }) };
}

/** A running VM's disk-only snapshot is reverted to from 11.0 on, every other external one from 9.9 on; or by us. */
function warningsOf(request: CreateRequest, step: CreateStep, facts: Facts): Warning[] {
  const { vm, tree, capabilities } = facts;
  const { libvirt, externalRevert } = capabilities;
  const { snapshotKind: kind, style, quiesce } = step;
  const warnings: Warning[] = [];
  if (kind === 'memory') {
    warnings.push({ kind: 'guestStandsStill', estimateMs: displayedStopMs(vm.memoryBytes, ramMethodOf(step), tree) });
    if (step.seamless === true) {
      warnings.push({ kind: 'keptWhileRunning' });
    } else if (seamlessness(request, step, facts) === 'untried') {
      warnings.push({ kind: 'mayBeKeptWhileRunning', estimateMs: displayedStopMs(vm.memoryBytes, 'seamless', tree) });
    }
    if (request.seamless === true && step.live !== true && style === 'external' && facts.seamless?.kind === 'no') {
      warnings.push({ kind: 'notKeptWhileRunning', why: notSeamless(vm, facts.seamless) });
    }
    if (step.live === true && step.seamless !== true) {
      const bytes = liveBytes(step, vm);
      warnings.push({ kind: 'mayBeStopped', estimateMs: guestStopMs(vm.memoryBytes, 'external'), bytes });
    }
  }
  if (mayTurnOutWithRam(request, step, facts)) {
    const estimateMs = displayedStopMs(vm.memoryBytes, 'seamless', tree);
    warnings.push({ kind: 'mayBeKeptWhileRunning', estimateMs, only: 'thenRam' });
  }
  const unsaved = kind === 'disk' && request.snapshotKind === 'auto' ? ramRefusal(facts) : undefined;
  if (unsaved !== undefined) {
    warnings.push({ kind: 'checkpointWithoutRam', why: unsaved.refusal });
  }
  if (kind === 'disk' && !quiesce) {
    if (request.quiesce === true) {
      warnings.push({ kind: 'agentMissing' });
    }
    warnings.push({ kind: 'crashConsistent' });
  }
  const needed = !externalRevert
    ? versionOf(9, 9)
    : kind === 'disk' && libvirt < versionOf(11, 0)
      ? versionOf(11, 0)
      : 0;
  if (style === 'external' && needed > 0 && !canRevertOurselves(step, facts)) {
    warnings.push({ kind: 'cannotRevertHere', version: formatVersion(libvirt), needed: formatVersion(needed) });
  }
  if (kind !== 'memory') {
    warnings.push(...notInSnapshot(vm));
  }
  const taking = new Set(step.disks.map(({ target }) => target));
  const taken = vm.disks.filter(({ target }) => taking.has(target));
  const volume = style === 'external' ? taken.find((disk) => disk.volume !== undefined) : undefined;
  if (volume !== undefined) {
    warnings.push({ kind: 'cannotBeDeleted', disk: volume.target });
  }
  warnings.push(...bitmapWarning(taken, style, facts));
  if (!vm.persistent) {
    warnings.push({ kind: 'vanishesWhenStopped' });
  }
  const overlaysByUs = canRevertOurselves(step, facts);
  return [...warnings, ...versionWarnings(capabilities, { action: 'create', style, kind, vm, overlaysByUs })];
}

/** See planEmulatedRevert: overlays stand beside the files that the snapshot freezes. */
function canRevertOurselves({ disks }: CreateStep, facts: Facts): boolean {
  const { vm, files } = facts;
  const targets = new Set(disks.map(({ target }) => target));
  return (
    vm.persistent &&
    vm.disks
      .filter(({ target }) => targets.has(target))
      .every(({ source }) => source !== undefined && files?.canAct.get(actingFolder(source, facts)) === 'yes')
  );
}
