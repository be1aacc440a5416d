// A disk of a VM grows, comes or goes. One grows while the VM is on by QEMU itself, else on the image. Each snapshot
// keeps the size that the disk had: what is frozen outside is another file, and inside of an image a tag has a size of
// its own.
import { restingOn, snapshotsIn } from '../../domain/chains/fileUse.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import type { Facts } from '../../domain/facts.js';
import { type ImageFacts, trashFolderOf } from '../../domain/hostFiles.js';
import type { DiskChange, OperationRequest } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive } from '../../domain/vm.js';
import { brokenLayerRefusal, checkpointRefusal } from '../diskRefusals.js';
import { wholeChain } from '../../domain/chains/backingChain.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { goOn } from '../interruptedStep.js';
import type { OperationDefinition } from '../operationDefinition.js';
import type { DraftPlan } from '../plan.js';
import { isDone } from '../../steps/steps.js';
import { presentInUseRefusal } from '../readableNow.js';
import { planAdd, planRemove, recoverAdd, recoverRemove, trashedPlaces } from './addAndRemove.js';
import { reachRefusal, sizeProblem, staysRefusal, type WhyDiskStays, whyUnfit } from './diskStays.js';
import { accessRefusal, asleepOrCrashedRefusal, managedSaveRefusal, unsteadyRefusal } from '../refusals.js';
import { configuredFiles, factsOfAll, filesIn, presentFiles, withMergedImages } from '../requiredFacts.js';

type DiskRequest = Extract<OperationRequest, { kind: 'disk' }>;

export const diskOperation: OperationDefinition<'disk'> = {
  plan: planDisk,
  recover: (interrupted, facts) => recoveries[interrupted.request.change.do](interrupted, facts),
  requiredFacts: (_, known) => ({
    ...factsOfAll(known),
    hardwareNow: true,
    ...(isActive(known.vm.power) && known.vm.persistent ? { configured: true } : {}),
  }),
  requiredFiles: ({ change }, facts) => {
    const own = facts.vm.disks.flatMap((disk) => (disk.target === change.target ? (disk.source ?? []) : []));
    const back = change.do !== 'grow' && change.was !== undefined ? [change.was.file] : [];
    const trashed = back.flatMap((file) => trashedPlaces(file, facts));
    const images = [...presentFiles(facts), ...configuredFiles(facts), ...back];
    const wanted = withMergedImages(filesIn(facts, images, [...own, ...trashed]), facts);
    const folders = [...new Set([...wanted.folders, ...[...own, ...back].map(trashFolderOf)])];
    return isActive(facts.vm.power)
      ? { ...wanted, folders }
      : { ...wanted, folders, changes: [...new Set([...(wanted.changes ?? []), ...own])] };
  },
  refusesPaths: () => 'unclear',
  mindsCheckpoints: () => true,
};

function planDisk(request: DiskRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, capabilities } = facts;
  const obstacle =
    accessRefusal(facts, 'disk') ??
    (capabilities.driver === 'qemu'
      ? undefined
      : refuse('driverCannot', { driver: capabilities.driver, action: 'disk' })) ??
    unsteadyRefusal(vm, 'disk') ??
    asleepOrCrashedRefusal(vm, 'disk') ??
    managedSaveRefusal(facts);
  return obstacle ?? planChange(request, facts);
}

function planChange(request: DiskRequest, facts: Facts): DraftPlan | RefusedDecision {
  const { change } = request;
  switch (change.do) {
    case 'grow':
      return planGrow({ ...request, change }, facts);
    case 'add':
      return planAdd({ ...request, change }, facts);
    case 'remove':
      return planRemove({ ...request, change }, facts);
  }
}

/**
 * Measured on QEMU 7.2 and 10.0: an image of the newer format takes another size with tags inside of it, of which
 * each keeps its own; one of the older format takes none.
 *
 * | the disk                                                | → |
 * |---------------------------------------------------------|---|
 * | is none of the VM's                                     | noSuchDisk |
 * | is only read, shared, a CD-ROM, on no file, transient, encrypted, a slice, neither raw nor qcow2, has its data in another file | diskStays |
 * | has so many bytes or more                               | diskStays |
 * | would have more than an image can                       | diskStays |
 * | has snapshots inside of an image of the older format    | diskStays |
 * | cannot be seen                                          | filesOutOfReach |
 * | has an image that is damaged, immutable, in use         | why |
 * | stands on a file that a snapshot or another VM needs as it is | layerNeeded, usedByOtherVm |
 * | belongs to backups that go by libvirt's checkpoints     | checkpointsExist: their notes are of the smaller one |
 * | is another file at the next start                       | definitionDiffers |
 */
function planGrow(
  request: DiskRequest & { readonly change: Extract<DiskChange, { do: 'grow' }> },
  facts: Facts,
): DraftPlan | RefusedDecision {
  const { vm, files } = facts;
  const { target, bytes } = request.change;
  const disk = vm.disks.find((one) => one.target === target);
  if (disk === undefined) {
    return refuse('noSuchDisk', { vm: vm.name, disk: target });
  }
  const stays = (why: WhyDiskStays, has?: number): RefusedDecision => staysRefusal(vm, target, why, has);
  const odd = whyUnfit(disk);
  if (odd !== undefined) {
    return stays(odd);
  }
  const { source: file = '', format } = disk;
  const image = files?.images.get(file);
  const broken = brokenLayerRefusal(target, wholeChain(disk, facts), facts);
  if (broken !== undefined) {
    return broken;
  }
  if (typeof image !== 'object') {
    return refuse('filesOutOfReach', { folder: folderOf(file), why: 'notLookedAt' });
  }
  const unfit = whyImageUnfit(image, bytes);
  if (unfit !== undefined) {
    return stays(unfit, unfit === 'notLarger' ? image.virtualBytes : undefined);
  }
  const obstacle =
    presentInUseRefusal(facts) ??
    neededRefusal(file, facts) ??
    otherVmRefusal([file], facts, 'refuse') ??
    checkpointRefusal(facts, 'reverted') ??
    (isActive(vm.power) ? definitionRefusal(target, file, facts) : reachRefusal(disk, facts));
  const by = isActive(vm.power) ? 'qemu' : 'image';
  return (
    obstacle ?? {
      kind: 'plan',
      request,
      steps: [{ kind: 'growDisk', target, file, format, from: image.virtualBytes, bytes, by }],
      losses: [],
      warnings: [],
      progress: 'timeOnly',
    }
  );
}

function whyImageUnfit(image: ImageFacts, bytes: number): WhyDiskStays | undefined {
  const odd = (['encrypted', 'dataFile'] as const).find((trait) => image[trait] === true);
  if (odd !== undefined) {
    return odd;
  }
  const size = sizeProblem(bytes);
  if (size !== undefined) {
    return size;
  }
  if (bytes <= image.virtualBytes) {
    return 'notLarger';
  }
  const { tags } = image;
  return image.oldFormat === true && (tags === undefined || tags.length > 0) ? 'oldFormat' : undefined;
}

/** By what stands on it, and by external snapshots: what is inside of it keeps its own size. */
function neededRefusal(file: string, facts: Facts): RefusedDecision | undefined {
  const { vm, files } = facts;
  const frozen = snapshotsIn(facts, new Set([file])).find(
    ({ snapshot, target }) => snapshot.disks.find((disk) => disk.target === target)?.location === 'external',
  );
  const above = [...restingOn(facts, [file])].find((one) => one !== file && files?.images.get(one) !== 'missing');
  const by = frozen?.snapshot.title ?? above;
  return by === undefined ? undefined : refuse('layerNeeded', { vm: vm.name, file, by });
}

function definitionRefusal(target: string, file: string, facts: Facts): RefusedDecision | undefined {
  const { vm, configured } = facts;
  const other = configured?.find((disk) => disk.target === target);
  return configured === undefined || other?.source === file
    ? undefined
    : refuse('definitionDiffers', { vm: vm.name, disk: target, file: other?.source ?? '' });
}

/** An image has the one size or the other: what was broken off before its header was written has changed nothing. */
function recoverGrow(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const isAfter = interrupted.plan.steps.every((step) => isDone(step, facts) === 'yes');
  return goOn(interrupted, [], isAfter ? 'after' : 'before');
}

const recoveries = { grow: recoverGrow, add: recoverAdd, remove: recoverRemove };
