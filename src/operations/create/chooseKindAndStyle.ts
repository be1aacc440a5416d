// Which kind of snapshot is taken, where it is kept, and whether the guest is frozen for it. Knows no name and no file.
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import { type RefusalReason, type RefusedDecision, refuse } from '../../domain/refusal.js';
import { imagesLetGoRefusal } from '../refusals.js';
import type { SnapshotKind, SnapshotStyle } from '../../domain/snapshot.js';
import { seamlessness, preferredStyle } from './seamlessness.js';
import { anotherFileRefusal, insideRefusal } from '../diskRefusals.js';
import { externalRefusal, internalRefusal, ramRefusal } from '../../domain/snapshotStyle.js';
import { styleOfVm } from '../../domain/snapshotTree.js';
import { snapshotableDisks, type Vm } from '../../domain/vm.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

export interface Choice {
  readonly kind: 'choice';
  readonly snapshotKind: SnapshotKind;
  readonly style: SnapshotStyle;
}

/**
 * Which kinds a state allows, and what `auto` makes of it:
 *
 * | power           | memory     | disk       | offline | auto                                          |
 * |-----------------|------------|------------|---------|-----------------------------------------------|
 * | running, paused | ok         | ok         | notOff  | memory if it can be saved, and be kept inside or seamlessly, else disk |
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
 * What the owner said of a disk (its `snapshot` attribute) counts where libvirt would let it count, and is told where
 * we name the disk ourselves:
 *
 * | attribute | internal   | external, memory | external, disk or offline          |
 * |-----------|------------|------------------|------------------------------------|
 * | no        | ownerChose | ownerChose       | the disk is left out, and this is said; see `ownerLeavesOut` |
 * | manual    | ownerChose | ownerChose       | ownerChose                         |
 * | internal  | ok         | ownerChose       | ownerChose                         |
 * | external  | ownerChose | ok               | ok; `auto` takes it                |
 *
 * RAM needs all disks of its moment beside it, and an internal snapshot takes all disks anyway: with some left out it
 * is `disk` or `offline`, else cannotLeaveOut; a disk that is not there is noSuchDisk. Where nothing is left, it is
 * cannotLeaveOut too, or ownerChose.
 */
export function chooseKindAndStyle(request: CreateRequest, facts: Facts): Choice | RefusedDecision {
  const choice = chooseByRules(request, facts);
  return choice.kind === 'refusal' ? withWaysOut(choice, request, facts) : choice;
}

/** What these advise depends on what else the VM has: an advice that is refused in its turn leads nowhere. */
const waysOut: Readonly<Partial<Record<RefusalReason, readonly ('own' | 'stays')[]>>> = {
  rawDisk: ['own'],
  rawNvram: ['own'],
  ramNotLoadable: ['own'],
  dataFileInside: ['own'],
  fewReferences: ['own'],
  copyOnRead: ['own'],
  cannotLeaveOut: ['own', 'stays'],
  encryptedDisk: ['stays'],
  slicedDisk: ['stays'],
  ownerChose: ['own', 'stays'],
};

/** A snapshot inside the images takes all disks, and one of no disk holds nothing. */
function withWaysOut(refused: RefusedDecision, { without = [] }: CreateRequest, { vm, tree }: Facts): RefusedDecision {
  const { refusal } = refused;
  const own = styleOfVm(tree);
  const others = snapshotableDisks(partOf(vm, [...without, refusal.facts['disk'] ?? '']));
  const stays = own === 'internal' || others.every(({ snapshot }) => snapshot === 'no');
  const facts = { ...(own === 'none' ? {} : { own }), ...(stays ? { stays: 'yes' } : {}) };
  const told = Object.entries(facts).filter(([name]) => waysOut[refusal.reason]?.some((one) => one === name) === true);
  return { ...refused, refusal: { ...refusal, facts: { ...refusal.facts, ...Object.fromEntries(told) } } };
}

function chooseByRules(request: CreateRequest, facts: Facts): Choice | RefusedDecision {
  const { vm, tree, capabilities } = facts;
  const active = vm.power !== 'off';
  if (request.snapshotKind !== 'auto' && (request.snapshotKind === 'offline') === active) {
    const told = { vm: vm.name, state: vm.power, wanted: request.snapshotKind };
    return active ? refuse('notOff', told) : refuse('notRunning', told);
  }
  const whole = active ? 'memory' : 'offline';
  const own = styleOfVm(tree);
  const without = request.without ?? [];
  const odd = without.find((target) => vm.disks.every((disk) => disk.target !== target));
  if (odd !== undefined) {
    return refuse('noSuchDisk', { vm: vm.name, disk: odd });
  }
  if (without.length > 0 && request.snapshotKind === 'memory') {
    return refuse('cannotLeaveOut', { vm: vm.name, disk: without.join(', ') });
  }
  const out = snapshotableDisks(vm).filter(({ target }) => without.includes(target));
  if (out.length > 0 && out.length === snapshotableDisks(vm).length) {
    const kept = out.find(({ snapshot }) => snapshot === 'no');
    return kept === undefined
      ? refuse('cannotLeaveOut', { vm: vm.name, disk: without.join(', ') })
      : refuse('ownerChose', { vm: vm.name, disk: kept.target, wish: 'no' });
  }
  const wishing = snapshotableDisks(partOf(vm, without)).filter(({ snapshot }) => snapshot !== undefined);
  const ownerChoiceRefusal = (...wishes: readonly string[]): RefusedDecision | undefined => {
    const disk = wishing.find(({ snapshot }) => wishes.includes(snapshot ?? ''));
    return disk && refuse('ownerChose', { vm: vm.name, disk: disk.target, wish: disk.snapshot ?? '' });
  };
  const wanted = preferredStyle(request, facts);
  const notInside =
    internalRefusal(vm, capabilities, whole) ?? insideRefusal(snapshotableDisks(vm), facts, whole, 'made');

  const notSaved = ramRefusal(facts);
  const kind =
    request.snapshotKind !== 'auto'
      ? request.snapshotKind
      : !active
        ? 'offline'
        : without.length > 0 || (notSaved !== undefined && own !== 'internal')
          ? 'disk'
          : wanted === 'external' || (wanted === undefined && notInside !== undefined)
            ? seamlessness(request, { snapshotKind: 'memory', style: 'external' }, facts) === 'yes'
              ? 'memory'
              : 'disk'
            : 'memory';
  const style = kind === 'disk' ? 'external' : (wanted ?? (notInside === undefined ? 'internal' : 'external'));
  if (own !== 'none' && own !== style) {
    return refuse('otherStyle', { vm: vm.name, own, asked: style, kind });
  }
  if (style === 'internal') {
    const left = without.length > 0 ? refuse('cannotLeaveOut', { vm: vm.name, disk: without.join(', ') }) : undefined;
    return (
      notInside ??
      left ??
      ownerChoiceRefusal('no', 'manual', 'external') ??
      (kind === 'memory' ? notSaved : undefined) ?? { kind: 'choice', snapshotKind: kind, style }
    );
  }
  return (
    externalRefusal(partOf(vm, without), capabilities, kind) ??
    ownerChoiceRefusal('no', 'manual', 'internal') ??
    anotherFileRefusal(snapshotableDisks(partOf(vm, without)), facts) ??
    (kind === 'memory' ? (notSaved ?? imagesLetGoRefusal(facts, 'memory')) : undefined) ?? {
      kind: 'choice',
      snapshotKind: kind,
      style,
    }
  );
}

/** Disks that the owner keeps out of snapshots, where the snapshot can do without. */
export function ownerLeavesOut({ snapshotKind: kind, style, without = [] }: CreateRequest, vm: Vm): readonly string[] {
  return kind === 'memory' || style === 'internal'
    ? []
    : snapshotableDisks(partOf(vm, without)).flatMap(({ target, snapshot }) => (snapshot === 'no' ? [target] : []));
}

/** Without the disks that are left out. */
export function partOf(vm: Vm, without: readonly string[]): Vm {
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
export function decideQuiesce(
  { quiesce, snapshotKind: asked }: CreateRequest,
  kind: SnapshotKind,
  { vm, agent }: Facts,
): boolean | RefusedDecision {
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
