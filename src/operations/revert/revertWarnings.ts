// What is worth knowing before a revert beside what is lost. Knows no steps but those that were decided.
import type { Facts } from '../../domain/facts.js';
import { compareHardware, type HardwareDifference } from '../../domain/hardware.js';
import { stateThen } from '../../domain/chains/stateCopies.js';
import { heldCopy } from '../stateSteps.js';
import type { Step } from '../../steps/step.js';
import type { Warning, Loss } from '../../domain/consequences.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { bitmapWarning } from '../diskRefusals.js';
import { notCheckedWarning } from '../../domain/chains/snapshotWhole.js';
import { notInSnapshot, nvramVerdict } from '../../domain/snapshotStyle.js';
import { hasTpm, snapshotableDisks, type VmDisk, isActive } from '../../domain/vm.js';
import { backingFileOf } from '../../domain/chains/fileUse.js';
import { isConfiguredAs } from '../create/planCheckpoint.js';
import { currentOf } from '../../domain/snapshotTree.js';

/**
 * | VM                    | without a checkpoint                          | unchanged since the current one |
 * |-----------------------|-----------------------------------------------|---------------------------------|
 * | any with disks        | what was written, in bytes where they are known | nothing                       |
 * | active                | its RAM                                       | (it is off)                     |
 * | with a managed save   | the RAM in it                                 | (it has none)                   |
 * | any                   | changes of its configuration, unless the current snapshot or the target has the same | nothing |
 *
 * A checkpoint holds all of it.
 */
export function revertLosses(snapshot: Snapshot, facts: Facts): readonly Loss[] {
  const { vm, tree } = facts;
  const since = currentOf(tree)?.name;
  const losses: Loss[] = [];
  if (snapshotableDisks(vm).length > 0) {
    const disks = changedBytes(facts);
    losses.push({
      kind: 'diskChanges',
      ...(since === undefined ? {} : { since }),
      ...(disks.length === 0 ? {} : { disks }),
    });
  }
  if (isActive(vm.power)) {
    losses.push({ kind: 'ram' });
  }
  if (vm.managedSave) {
    losses.push({ kind: 'managedSave' });
  }
  const current = currentOf(tree);
  const isHeld = isConfiguredAs(snapshot, facts) || (current !== undefined && isConfiguredAs(current, facts));
  return isHeld ? losses : [...losses, { kind: 'configuration' }];
}

/** An overlay on what the current snapshot froze holds just the changes; inside an image they cannot be told apart. */
function changedBytes(facts: Facts): readonly { readonly target: string; readonly bytes: number }[] {
  const { vm, tree, files } = facts;
  const current = currentOf(tree);
  return snapshotableDisks(vm).flatMap(({ target, source }) => {
    const image = source === undefined ? undefined : files?.images.get(source);
    const frozen = current === undefined ? undefined : backingFileOf(facts, current.name, target);
    return typeof image === 'object' && frozen !== undefined && image.backing?.file === frozen
      ? [{ target, bytes: image.empty === true ? 0 : image.allocatedBytes }]
      : [];
  });
}

export function revertWarnings(snapshot: Snapshot, steps: readonly Step[], facts: Facts): readonly Warning[] {
  const { vm, capabilities } = facts;
  const { kind, style, trailers } = snapshot;
  const warnings: Warning[] = [];
  if (kind === 'disk' && trailers.consistency !== 'quiesced') {
    warnings.push({ kind: 'crashConsistent' });
  }
  const verdict = nvramVerdict(vm, capabilities, kind === 'offline' ? 'off' : 'running');
  const { nvram, tpmState } = stateThen(vm, snapshot);
  const isPutBack = (file: string | undefined): boolean =>
    steps.some((step) => step.kind === 'copyFile' && step.to === file);
  if (!isPutBack(nvram) && vm.firmware !== 'bios' && (style === 'external' || verdict !== 'captured')) {
    warnings.push({ kind: 'nvramNotCaptured', ...heldIn(nvram, snapshot, facts) });
  }
  if (hasTpm(vm) && !bringsRam(snapshot, steps) && !isPutBack(tpmState)) {
    warnings.push({ kind: 'tpmNotCaptured', ...heldIn(tpmState, snapshot, facts) });
  }
  warnings.push(...notInSnapshot(vm));
  if (style === 'external') {
    warnings.push(...bitmapWarning(snapshotableDisks(vm), style, facts));
  }
  const media = changedMedia(snapshot, facts);
  if (media.length > 0) {
    warnings.push({ kind: 'mediaChanged', files: media });
  }
  const changes = [...hardwareChanges(snapshot, facts), ...pluggedChanges(snapshot, steps, facts)];
  if (changes.length > 0) {
    warnings.push({ kind: 'hardwareChanges', what: changes });
  }
  return [...warnings, ...notCheckedWarning(snapshot, facts)];
}

function heldIn(file: string | undefined, snapshot: Snapshot, facts: Facts): { readonly file?: string } {
  return file === undefined || heldCopy(file, snapshot, facts) === undefined ? {} : { file };
}

/** libvirt loads it also where the VM is to be off. */
export function bringsRam({ kind }: Pick<Snapshot, 'kind'>, steps: readonly Step[]): boolean {
  return kind === 'memory' && steps.some((step) => step.kind === 'restoreMemory' || step.kind === 'revert');
}

/** libvirt tells the second in which a snapshot was begun. */
const secondMs = 1_000;

/** Written to, or put in the place of another, after the snapshot; a copy can have the time of the other. */
function changedMedia({ name, createdAt }: Snapshot, { frozenDisks, files }: Facts): readonly string[] {
  const disks = frozenDisks?.get(name) ?? [];
  const held = snapshotableDisks({ disks });
  return disks.flatMap((disk) => {
    const { source = '', sourceType } = disk;
    const seen = files?.images.get(source);
    const { modifiedAt = 0, bornAt = 0 } = typeof seen === 'object' ? seen : {};
    const at = Math.max(modifiedAt, bornAt);
    return sourceType === 'file' && !held.includes(disk) && at >= createdAt + secondMs ? [source] : [];
  });
}

/**
 * What comes back, goes or changes in the configuration, as far as both are known; files of disks come and go with any
 * snapshot.
 */
function hardwareChanges(snapshot: Snapshot, facts: Facts): Extract<Warning, { kind: 'hardwareChanges' }>['what'] {
  const then = facts.hardware?.then.get(snapshot.name);
  const taking = new Set(snapshotableDisks(facts.vm).map(({ target }) => target));
  return facts.hardware === undefined || then === undefined
    ? []
    : [
        // A VM that was renamed keeps its name.
        ...compareHardware(facts.hardware.now, then, taking).filter(
          ({ part, id }) => part !== 'other' || id !== 'name',
        ),
        ...sizeChanges(snapshot, facts),
      ];
}

/**
 * Disks that what runs has, or had, and its configuration not: they are not seen in that. RAM brings back what ran with
 * it; any other start has what is configured.
 */
function pluggedChanges(
  { name, kind }: Snapshot,
  steps: readonly Step[],
  { vm, configured, frozenDisks }: Facts,
): readonly HardwareDifference[] {
  const frozen = frozenDisks?.get(name);
  if (frozen === undefined) {
    return [];
  }
  const withRam = bringsRam({ kind }, steps);
  const targets = (disks: readonly VmDisk[]): readonly string[] =>
    snapshotableDisks({ disks }).map((one) => one.target);
  const now = configured === undefined ? [] : targets(vm.disks).filter((one) => !targets(configured).includes(one));
  const then = withRam ? targets(frozen.filter(({ only }) => only === 'running')) : [];
  const after = targets(frozen.filter(({ only }) => only !== (withRam ? 'configured' : 'running')));
  const change = (how: 'added' | 'removed') => (id: string) => ({ part: 'disk', id, how, facts: [] }) as const;
  return [
    ...then.filter((one) => !targets(vm.disks).includes(one)).map(change('added')),
    ...now.filter((one) => !after.includes(one)).map(change('removed')),
  ];
}

/** What it freezes outside has the size that the disk had; inside an image, the tag. */
function sizeChanges(snapshot: Snapshot, { vm, frozenDisks, files }: Facts): readonly HardwareDifference[] {
  const sizeOf = (file: string | undefined, tag?: string): string | undefined => {
    const image = file === undefined ? undefined : files?.images.get(file);
    const bytes =
      typeof image !== 'object' ? undefined : tag === undefined ? image.virtualBytes : image.tagBytes?.get(tag);
    return bytes === undefined ? undefined : String(bytes);
  };
  return snapshotableDisks(vm).flatMap(({ target, source }): readonly HardwareDifference[] => {
    const where = snapshot.disks.find((disk) => disk.target === target)?.location;
    const frozen = frozenDisks?.get(snapshot.name)?.find((disk) => disk.target === target)?.source;
    const to = where === 'external' ? sizeOf(frozen) : where === 'internal' ? sizeOf(frozen, snapshot.name) : undefined;
    const from = sizeOf(source);
    return from === undefined || to === undefined || from === to
      ? []
      : [{ part: 'disk', id: target, how: 'changed', facts: [{ name: 'bytes', from, to }] }];
  });
}
