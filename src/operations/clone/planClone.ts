// Decides how a clone is made: what its disks stand on or are copied from, under which names, and what has to be frozen
// first so that nobody writes into what it stands on.
import { listedFiles } from '../../domain/chains/folderNames.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import { isCloneName } from '../../domain/clone.js';
import type { Warning } from '../../domain/consequences.js';
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import { otherRamRefusal } from '../../domain/chains/snapshotWhole.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { copiesRam } from '../../domain/ramHandover.js';
import { freeTitle } from '../../domain/snapshotName.js';
import { styleOfVm } from '../../domain/snapshotTree.js';
import { hasTpm, snapshotableDisks } from '../../domain/vm.js';
import type { ClonedVm, Step } from '../../steps/step.js';
import { planCreate } from '../create/planCreate.js';
import { spaceVerdict, sumByFolder, totalOf } from '../create/snapshotSpace.js';
import { findUnchangedSnapshot } from '../create/planCheckpoint.js';
import type { DraftPlan } from '../plan.js';
import { startRefusal } from '../startRefusal.js';
import { accessRefusal, managedSaveRefusal, otherFolderRefusal, unsteadyRefusal } from '../refusals.js';
import { cloneFiles, type CloneFile } from './cloneFiles.js';
import { seedOf, tpmOf, variablesOf } from './cloneCopies.js';
import { type CloneDisk, damagedImage, disksOfPresent, disksOfSnapshot, liveOnlyDisks } from './cloneDisks.js';

type CloneRequest = Extract<OperationRequest, { kind: 'clone' }>;

/** A clone is written down in a moment; a copy takes its time. */
const linkMs = 300;
const bytesPerMs = 200_000;
/** An overlay and its tables. */
const overlayBytes = 1024 * 1024;

/**
 * | of                    | linked                                                         | full                    |
 * |-----------------------|----------------------------------------------------------------|-------------------------|
 * | the current state, VM off | an external snapshot of it first, so that its files are frozen; none where nothing changed since the current one | copied |
 * | the current state, VM on | cloneNeedsOff                                                  | cloneNeedsOff           |
 * | an external snapshot  | overlays on what it froze                                      | copied                  |
 * | an internal snapshot  | linkedToTag                                                    | its tag is copied; VM on: cloneNeedsOff |
 *
 * RAM stays behind: a clone starts as after a power cut, or as the VM did. A fork keeps it, so it needs an external
 * snapshot with RAM; of the current state, all else that stands in its way is refused first, then forkNeedsRam.
 */
export function planClone(request: CloneRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { clone, way, network, disposable } = request;
  const { vm } = facts;
  const based = nameRefusal(request, facts) ?? stateRefusal(request, facts) ?? baseOf(request, facts);
  if (based.kind === 'refusal') {
    return based;
  }
  const files = cloneFiles(clone.name, based.disks, facts);
  if ('kind' in files) {
    return files;
  }
  const other = otherFolderRefusal(
    files.map(({ from }) => from),
    facts,
  );
  if (other !== undefined) {
    return other;
  }
  const ram = ramOf(request, facts);
  if (typeof ram === 'object') {
    return ram;
  }
  const space = spaceOf(way, files, ram, facts);
  const room = spaceVerdict(space.most, facts, space.least);
  if ('kind' in room) {
    return room;
  }
  const variables = variablesOf(request, based.snapshot, facts);
  const tpm = tpmOf(request, based.snapshot, facts);
  const seed = seedOf(request, files, facts);
  if (seed !== undefined && listedFiles(facts).includes(seed.step.to)) {
    return refuse('fileTaken', { file: seed.step.to });
  }
  const copies = [variables, tpm, seed?.step].flatMap((step) => step ?? []);
  const made = [...files.map(({ file }) => file), ...copies.map(({ to }) => to)];
  const snapshot = request.snapshot;
  const own: ClonedVm = {
    clone,
    disks: files.map(({ target, file }) => ({ target, file, format: 'qcow2' })),
    ...(variables === undefined ? {} : { nvram: variables.to }),
    ...(seed === undefined ? {} : { seed: { target: seed.target, file: seed.step.to } }),
    network,
    addresses: ram === undefined ? 'new' : 'kept',
    mark: {
      of: vm.uuid,
      ...(based.snapshot === undefined ? {} : { snapshot: based.snapshot }),
      ...(disposable === true ? { disposable } : {}),
      files: made,
    },
  };
  const steps: readonly Step[] = [
    ...based.first,
    way === 'linked'
      ? {
          kind: 'createOverlays',
          overlays: files.map(({ target, file, from, format }) => ({
            target,
            file,
            backing: from,
            backingFormat: format,
          })),
        }
      : {
          kind: 'copyImages',
          disks: files.map(({ target, file, from, format, tag }) => ({
            target,
            file,
            from,
            fromFormat: format,
            ...(tag === undefined ? {} : { tag }),
          })),
        },
    ...copies,
    { kind: 'defineClone', ...own, ...(snapshot === undefined ? {} : { snapshot }) },
    ...(ram === undefined ? [] : [{ kind: 'restoreClone', file: ram, ...own } as const]),
  ];
  const bytes = totalOf(space.most);
  return {
    kind: 'plan',
    request,
    steps,
    losses: [],
    warnings: [...based.warnings, ...warningsOf(request, based.snapshot, { tpm, seed: seed?.step }, facts), ...room],
    progress: 'timeOnly',
    estimateMs: linkMs + (way === 'full' ? Math.round(bytes / bytesPerMs) : 0),
    spaceBytes: bytes,
  };
}

interface CloneBase {
  readonly kind: 'base';
  readonly disks: readonly CloneDisk[];
  /** What it begins with, or what is made first. */
  readonly snapshot?: string;
  readonly first: readonly Step[];
  readonly warnings: readonly Warning[];
}

function nameRefusal(
  { clone: { name, uuid } }: CloneRequest,
  { vm, otherVms = [] }: Facts,
): RefusedDecision | undefined {
  return !isCloneName(name)
    ? refuse('badVmName', { name })
    : name === vm.name || uuid === vm.uuid || otherVms.some((other) => other.name === name || other.uuid === uuid)
      ? refuse('vmNameTaken', { name })
      : undefined;
}

function stateRefusal({ ram }: CloneRequest, facts: Facts): RefusedDecision | undefined {
  const { vm, capabilities } = facts;
  const device = ram === undefined ? undefined : vm.devices?.find((one) => one !== 'tpm');
  const shared = vm.devices?.find((device) => device === 'nvdimm' || device === 'shmem' || device === 'drive');
  return (
    accessRefusal(facts, 'clone') ??
    (capabilities.driver === 'qemu'
      ? undefined
      : refuse('driverCannot', { driver: capabilities.driver, action: 'clone' })) ??
    unsteadyRefusal(vm, 'clone') ??
    (shared === undefined ? undefined : refuse('cloneSharesMemory', { vm: vm.name, device: shared })) ??
    (device === undefined ? undefined : refuse('ramCannotBeSaved', { vm: vm.name, device }))
  );
}

function baseOf(request: CloneRequest, facts: Facts): CloneBase | RefusedDecision {
  const { way, snapshot: name, vm: ref, clone, ram } = request;
  const { vm } = facts;
  if (name !== undefined) {
    const disks = startRefusal(name, ram !== undefined, facts) ?? disksOfSnapshot(name, way, facts);
    return 'kind' in disks ? disks : { kind: 'base', disks, snapshot: name, first: [], warnings: [] };
  }
  if (ram !== undefined) {
    return presentForkRefusal(facts);
  }
  if (vm.power !== 'off') {
    return refuse('cloneNeedsOff', { vm: vm.name, state: vm.power });
  }
  const saved = managedSaveRefusal(facts);
  const disks = saved ?? disksOfPresent(facts);
  if ('kind' in disks) {
    return disks;
  }
  if (way === 'full') {
    return { kind: 'base', disks, first: [], warnings: [] };
  }
  // What the VM stands on must not change under the clone: it goes on above.
  const same = findUnchangedSnapshot(facts);
  if (same !== undefined) {
    const frozen = disksOfSnapshot(same, 'linked', facts);
    if (!('kind' in frozen)) {
      return { kind: 'base', disks: frozen, snapshot: same, first: [], warnings: [] };
    }
  }
  const kept = planCreate(
    {
      kind: 'create',
      vm: ref,
      title: freeTitle(`Base of ${clone.name}`, facts.tree.snapshots),
      snapshotKind: 'offline',
      style: 'external',
    },
    facts,
  );
  return kept.kind === 'refusal'
    ? kept
    : {
        kind: 'base',
        disks,
        ...(kept.snapshot === undefined ? {} : { snapshot: kept.snapshot }),
        first: kept.steps,
        warnings: [...kept.warnings, { kind: 'freezesForClone', snapshot: kept.snapshot ?? '' }],
      };
}

/** Known before the snapshot is created that the fork begins with. */
function presentForkRefusal(facts: Facts): RefusedDecision {
  const { vm, tree } = facts;
  if (vm.power !== 'running') {
    return refuse('notRunning', { vm: vm.name, state: vm.power, wanted: 'fork' });
  }
  if (styleOfVm(tree) === 'internal') {
    return refuse('forkOfInternal', { vm: vm.name });
  }
  const live = snapshotableDisks(vm).find(({ only }) => only === 'running');
  if (live !== undefined) {
    return refuse('diskNotHeld', { vm: vm.name, snapshot: vm.name, disk: live.target, attached: 'now' });
  }
  const disks = disksOfPresent(facts);
  // Its RAM will stand beside them. What is refused otherwise here may be ours there.
  const [file = ''] = vm.disks.flatMap(({ source }) => source ?? []);
  const can = facts.files?.canChange?.get(file);
  if (typeof can === 'object' && can.why === 'otherHost') {
    return refuse('filesOutOfReach', { folder: folderOf(file), why: can.why });
  }
  return 'kind' in disks ? disks : refuse('forkNeedsRam', { vm: vm.name, snapshot: vm.name });
}

/** At most, by folder, while it is made; and what is needed at least. */
function spaceOf(
  way: CloneRequest['way'],
  files: readonly CloneFile[],
  ram: string | undefined,
  facts: Facts,
): Record<'most' | 'least', ReadonlyMap<string, number>> {
  const copied = ram === undefined ? undefined : facts.files?.files.get(ram);
  const copies = copiesRam(facts.capabilities.libvirt);
  const copy = (isToBe: boolean): ReadonlyMap<string, number> =>
    sumByFolder([
      ...files.map(({ file, bytes }) => [file, way === 'full' ? bytes : overlayBytes] as const),
      ...(ram !== undefined && isToBe && typeof copied === 'object' ? [[ram, copied.bytes] as const] : []),
    ]);
  return { most: copy(copies !== 'no'), least: copy(copies === 'yes') };
}

/** The file with the RAM that a fork goes on from; it is read, so it must be ours to read. */
function ramOf({ ram, snapshot: name, way }: CloneRequest, facts: Facts): string | RefusedDecision | undefined {
  if (ram === undefined) {
    return undefined;
  }
  const { vm, tree, files } = facts;
  const snapshot = tree.snapshots.find((one) => one.name === name);
  const file = snapshot?.memory.location === 'external' ? snapshot.memory.file : undefined;
  if (snapshot === undefined || file === undefined || snapshot.state !== 'running' || way !== 'linked') {
    return refuse('forkNeedsRam', { vm: vm.name, snapshot: snapshot?.title ?? name ?? '' });
  }
  // QEMU takes the RAM only with every disk that the VM had.
  const [disk] = liveOnlyDisks(snapshot.name, facts);
  if (disk !== undefined) {
    return refuse('diskNotHeld', { vm: vm.name, snapshot: snapshot.title, disk, attached: 'live' });
  }
  const can = files?.canChange?.get(file);
  return can === 'yes'
    ? (otherRamRefusal(snapshot, facts) ?? file)
    : refuse('filesOutOfReach', { folder: folderOf(file), why: can?.why ?? 'notLookedAt' });
}

function warningsOf(
  { network, snapshot, ram, way }: CloneRequest,
  base: string | undefined,
  { tpm, seed }: { readonly tpm: Step | undefined; readonly seed: Step | undefined },
  facts: Facts,
): readonly Warning[] {
  const { vm, tree } = facts;
  const leftOut = base === undefined ? [] : liveOnlyDisks(base, facts);
  const own = snapshot === undefined ? undefined : tree.snapshots.find(({ name }) => name === snapshot);
  const ran = own !== undefined && own.kind !== 'offline' && own.trailers.consistency !== 'quiesced';
  const damaged = way === 'full' && snapshot === undefined ? damagedImage(facts) : undefined;
  return [
    ...(damaged === undefined ? [] : [{ kind: 'imageDamaged', file: damaged } as const]),
    ...(ran && ram === undefined ? [{ kind: 'cloneWithoutRam' } as const] : []),
    ...(leftOut.length === 0 ? [] : [{ kind: 'cloneWithoutDisks', disks: leftOut } as const]),
    ...(hasTpm(vm)
      ? [{ kind: tpm === undefined && ram === undefined ? 'cloneWithoutTpm' : 'cloneKeepsTpm' } as const]
      : []),
    ...((network === 'same' && seed === undefined) || ram === 'kept' ? [{ kind: 'cloneKeepsIdentity' } as const] : []),
  ];
}
