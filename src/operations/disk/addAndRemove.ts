// A disk of a VM comes or goes. A new one is an empty image beside the first disk; one that goes leaves its file to the
// snapshots that need it, else to the trash, and can be had back.
import { imageChain, wholeChain } from '../../domain/chains/backingChain.js';
import { namedFiles, restingOn, snapshotsNaming } from '../../domain/chains/fileUse.js';
import { isWrittenAfter } from '../../domain/chains/frozenContent.js';
import { namesIn } from '../../domain/chains/folderNames.js';
import { otherVmRefusal } from '../../domain/chains/otherVms.js';
import { actingFolder, chooseDiskFile, folderOf } from '../../domain/chains/overlayFiles.js';
import type { Facts } from '../../domain/facts.js';
import { birthOf, trashedAt, trashFolderOf } from '../../domain/hostFiles.js';
import type { DiskChange, OperationRequest, RemovedDisk } from '../../domain/operation.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import { isActive, type VmDisk } from '../../domain/vm.js';
import { isDone } from '../../steps/steps.js';
import type { Step, StepOfKind } from '../../steps/step.js';
import { brokenLayerRefusal, checkpointRefusal } from '../diskRefusals.js';
import type { InterruptedOperation, Recovery } from '../interrupted.js';
import { goOn, unusedFiles } from '../interruptedStep.js';
import type { DraftPlan } from '../plan.js';
import { presentInUseRefusal } from '../readableNow.js';
import { reachRefusal, sizeProblem, staysRefusal, whyUnfit } from './diskStays.js';

type RequestTo<D extends DiskChange['do']> = Extract<OperationRequest, { kind: 'disk' }> & {
  readonly change: Extract<DiskChange, { do: D }>;
};

/** An image without data takes less, of whatever size it is. */
const mostOfNew = 1024 * 1024;

/** What libvirt calls disks on these; QEMU plugs the others in only at a start. */
const prefixes: ReadonlyMap<string, { readonly prefix: string; readonly hot?: true; readonly most?: number }> = new Map(
  [
    ['virtio', { prefix: 'vd', hot: true }],
    ['scsi', { prefix: 'sd', hot: true }],
    ['usb', { prefix: 'sd', hot: true }],
    ['sata', { prefix: 'sd' }],
    ['ide', { prefix: 'hd', most: 4 }],
  ],
);

/**
 * | the disk                                                    | → |
 * |-------------------------------------------------------------|---|
 * | is new, of a size that no image has                         | diskStays |
 * | is new, and larger than what is free beside the first disk  | diskStays |
 * | is new, and there is no first disk, or its bus is full or not known | diskStays |
 * | comes while the VM is on, to a bus that takes none then     | diskStays |
 * | is new, and no file can be made beside the first            | filesOutOfReach |
 * | was taken out, and its name or its file's place is another's, or its file is gone | diskStays |
 * | … and what it rests on was written to, is gone or damaged, another VM's disk | diskStays, layerBroken, usedByOtherVm |
 *
 * A name that a snapshot knows is of the disk that it knows: a new one is called otherwise.
 */
export function planAdd(request: RequestTo<'add'>, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, files } = facts;
  const { bytes, was } = request.change;
  const first = firstDisk(facts);
  const bus = was === undefined ? busOf(hardwareOf(first?.target, facts)?.whole ?? '') : busOf(was.xml);
  const known = prefixes.get(bus);
  const target = was === undefined ? nextTarget(known?.prefix ?? '', facts) : (request.change.target ?? '');
  const stays = (why: Parameters<typeof staysRefusal>[2], free?: number): RefusedDecision =>
    staysRefusal(vm, target, why, free);
  if (isActive(vm.power) && known?.hot !== true && (was !== undefined || known !== undefined)) {
    return stays('running');
  }
  if (was !== undefined) {
    const { file, format, xml } = was;
    const from = isBackPossible(target, was, facts) ? whereItIs(was, facts) : undefined;
    return from === undefined
      ? stays('notThere')
      : (otherUseRefusal(target, file, from, facts) ??
          planOf(request, { kind: 'addDisk', target, file, format, bytes, ...from, device: { xml } }));
  }
  const odd = sizeProblem(bytes);
  if (odd !== undefined) {
    return stays(odd);
  }
  if (known === undefined || first?.source === undefined || slotOf(target) >= (known.most ?? Infinity)) {
    return stays('noPlace');
  }
  const folder = actingFolder(first.source, facts);
  const free = files?.freeBytes.get(folder);
  if (free !== undefined && bytes > free) {
    return stays('noSpace', free);
  }
  const can = files?.canAct.get(folder);
  if (can !== 'yes') {
    return refuse('filesOutOfReach', { folder, why: can?.why ?? 'notLookedAt' });
  }
  const file = chooseDiskFile(folder, target, facts);
  const device = { bus, like: first.source };
  return typeof file === 'string'
    ? planOf(request, { kind: 'addDisk', target, file, format: 'qcow2', bytes, from: 'new', device })
    : file;
}

function planOf(request: RequestTo<'add'>, step: StepOfKind<'addDisk'>): DraftPlan {
  return {
    kind: 'plan',
    request: { ...request, change: { ...request.change, target: step.target, file: step.file } },
    steps: [step],
    losses: [],
    warnings: [],
    progress: 'timeOnly',
  };
}

/** The name is free, and its file's place is taken for no other disk. */
function isBackPossible(target: string, { file }: RemovedDisk, { vm, configured = [] }: Facts): boolean {
  const isTaken = [...vm.disks, ...configured].some((disk) => disk.target === target || disk.source === file);
  return target !== '' && !isTaken;
}

type WhereItIs = Pick<StepOfKind<'addDisk'>, 'from' | 'trashed'>;

/** One that was to go into the trash may have stayed; undefined: it is gone, or another one is in its place. */
function whereItIs(was: RemovedDisk, facts: Facts): WhereItIs | undefined {
  const image = facts.files?.images.get(was.file);
  if (typeof image === 'object') {
    // Without its time of birth, a number may be another file's by now.
    const isIt = was.born === undefined ? !was.inTrash : birthOf(image) === was.born;
    return isIt && (!was.inTrash || was.born?.includes('@') === true) ? { from: 'place' } : undefined;
  }
  const trashed = was.inTrash ? trashedPlace(was, facts) : undefined;
  const isUsed = facts.configured?.some(({ source }) => source === trashed) === true;
  return trashed === undefined || isUsed || namedFiles(facts).has(trashed) ? undefined : { from: 'trash', trashed };
}

/** Where it lies. Of those that bear its name it is the one that was removed, or there is no other. */
function trashedPlace({ file, born }: RemovedDisk, facts: Facts): string | undefined {
  const places = trashedPlaces(file, facts);
  if (born === undefined) {
    return places.length === 1 ? places[0] : undefined;
  }
  return places.find((place) => {
    const seen = facts.files?.files.get(place);
    return typeof seen === 'object' && birthOf(seen) === born;
  });
}

/** Paths of all in the trash that bear the file's name. */
export function trashedPlaces(file: string, facts: Facts): readonly string[] {
  const folder = trashFolderOf(file);
  const names = namesIn(folder, facts);
  return typeof names === 'object'
    ? names.filter((name) => trashedAt(name, file) > 0).map((name) => `${folder}/${name}`)
    : [];
}

/**
 * A file that stayed in its place may be another's by now, and what it rests on, too: QEMU would read whatever is there
 * then.
 */
function otherUseRefusal(
  target: string,
  file: string,
  { trashed }: WhereItIs,
  facts: Facts,
): RefusedDecision | undefined {
  const { files: chain } = imageChain(file, facts.files?.images);
  const writer = facts.otherVms?.flatMap(({ name, writes = [] }) =>
    chain.flatMap((one) => (writes.includes(one) ? [{ name, one }] : [])),
  )[0];
  const written = chain.find((one, at) => at > 0 && isWrittenAfter(one, chain[at - 1] ?? '', facts));
  return (
    brokenLayerRefusal(target, chain.slice(1), facts) ??
    otherVmRefusal([file, ...(trashed === undefined ? [] : [trashed])], facts, 'refuse') ??
    (writer && refuse('usedByOtherVm', { vm: facts.vm.name, other: writer.name, file: writer.one })) ??
    (written === undefined ? undefined : staysRefusal(facts.vm, target, 'writtenBelow'))
  );
}

function firstDisk({ vm }: Facts): VmDisk | undefined {
  return vm.disks.find(({ device, source }) => device === 'disk' && source?.startsWith('/') === true);
}

function hardwareOf(target: string | undefined, { hardware }: Facts): { readonly whole: string } | undefined {
  return hardware?.now.items.find(({ part, id }) => part === 'disk' && id === target);
}

/** As our own writer of XML writes it. */
function busOf(xml: string): string {
  return /<target [^>]*\bbus="(\w+)"/u.exec(xml)?.[1] ?? '';
}

function nextTarget(prefix: string, facts: Facts): string {
  const { vm, configured = [], tree, frozenDisks } = facts;
  const frozen = [...(frozenDisks?.values() ?? [])].flat();
  const disks = [...vm.disks, ...configured, ...frozen, ...tree.snapshots.flatMap((snapshot) => snapshot.disks)];
  const taken = new Set(disks.map(({ target }) => target));
  for (let slot = 0; ; slot++) {
    const name = `${prefix}${lettersOf(slot)}`;
    if (!taken.has(name)) {
      return name;
    }
  }
}

/** 0 → a, 25 → z, 26 → aa. */
function lettersOf(slot: number): string {
  const last = String.fromCharCode(97 + (slot % 26));
  return slot < 26 ? last : `${lettersOf(Math.floor(slot / 26) - 1)}${last}`;
}

/** Of a name with one letter behind the prefix: buses with a limit have no other. */
function slotOf(target: string): number {
  return target.length === 3 ? target.charCodeAt(2) - 97 : Infinity;
}

/**
 * | the disk                                               | → |
 * |--------------------------------------------------------|---|
 * | is none of the VM's                                    | noSuchDisk |
 * | is only read, shared, a CD-ROM, on no file, transient, encrypted, a slice, neither raw nor qcow2, has its data in another file | diskStays |
 * | is one that the VM starts from, or its only one        | diskStays |
 * | is another than the one that was meant                 | diskStays |
 * | the VM is on                                           | diskStays: a guest may ignore that a disk is to go |
 * | is damaged, in use, another VM's too                   | why |
 * | belongs to backups that go by libvirt's checkpoints    | checkpointsExist |
 * | its file cannot be put into the trash                  | filesOutOfReach |
 * | otherwise, and a snapshot names it or rests on it      | it goes, and its files stay |
 * | otherwise, and its image rests on another              | the same: whoever merges into that one must see it |
 * | otherwise, and its path is a link                      | the same |
 * | otherwise                                              | it goes, and its file into the trash |
 */
export function planRemove(request: RequestTo<'remove'>, facts: Facts): DraftPlan | RefusedDecision {
  const { vm, files } = facts;
  const { target } = request.change;
  const disk = vm.disks.find((one) => one.target === target);
  if (disk === undefined) {
    return refuse('noSuchDisk', { vm: vm.name, disk: target });
  }
  const odd = whyUnfit(disk) ?? (isStartedFrom(target, facts) ? 'boots' : isActive(vm.power) ? 'running' : undefined);
  if (odd !== undefined) {
    return staysRefusal(vm, target, odd);
  }
  const { source: file = '', format } = disk;
  const image = files?.images.get(file);
  const xml = hardwareOf(target, facts)?.whole;
  const chain = wholeChain(disk, facts);
  const { file: meant = file } = request.change;
  if (!chain.includes(meant)) {
    return staysRefusal(vm, target, 'notThere');
  }
  const obstacle =
    brokenLayerRefusal(target, chain, facts) ??
    presentInUseRefusal(facts) ??
    otherVmRefusal([file], facts, 'refuse') ??
    checkpointRefusal(facts, 'reverted');
  if (obstacle !== undefined) {
    return obstacle;
  }
  if (typeof image !== 'object' || xml === undefined) {
    return refuse('filesOutOfReach', { folder: folderOf(file), why: 'notLookedAt' });
  }
  const seen = files?.files.get(file);
  const isLink = typeof seen === 'object' && seen.isLink === true;
  const inTrash = !isHeld(file, facts) && image.backing === undefined && !isLink;
  const born = birthOf(image);
  return (
    (inTrash ? (reachRefusal(disk, facts) ?? trashRefusal(file, facts)) : undefined) ?? {
      kind: 'plan',
      // What undoes it: as it is now.
      request: {
        ...request,
        change: {
          ...request.change,
          was: { file, format, bytes: image.virtualBytes, xml, inTrash, ...(born !== undefined && { born }) },
        },
      },
      steps: [
        { kind: 'removeDisk', target, file, format },
        ...(inTrash ? [{ kind: 'trashFiles', files: [file] } as const] : []),
      ],
      losses: [],
      warnings: [],
      progress: 'timeOnly',
    }
  );
}

/** A file can go out of its folder, and into the trash, which is there or can be made. */
function trashRefusal(file: string, { files }: Facts): RefusedDecision | undefined {
  const own = folderOf(file);
  const closed = [own, trashFolderOf(file)].find((folder) => {
    const can = files?.canAct.get(folder);
    return can !== 'yes' && (folder === own || can?.why !== 'folderMissing');
  });
  const can = closed === undefined ? undefined : files?.canAct.get(closed);
  return closed === undefined
    ? undefined
    : refuse('filesOutOfReach', { folder: closed, why: typeof can === 'object' ? can.why : 'notLookedAt' });
}

/** Where no disk has an order, the first one is it. */
function isStartedFrom(target: string, facts: Facts): boolean {
  const orders = facts.vm.disks.flatMap(({ device, target: one }) => {
    const order = /<boot [^>]*\border="(\d+)"/u.exec(hardwareOf(one, facts)?.whole ?? '')?.[1];
    return device === 'disk' && order !== undefined ? [[Number(order), one] as const] : [];
  });
  const [first] = orders.sort(([a], [b]) => a - b);
  return (first?.[1] ?? facts.vm.disks.find(({ device }) => device === 'disk')?.target) === target;
}

/** A snapshot names one of the files, or something else rests on it. */
function isHeld(file: string, facts: Facts): boolean {
  const { tree } = facts;
  const chain = new Set([file, ...imageChain(file, facts.files?.images).files]);
  return (
    snapshotsNaming(facts, chain).length > 0 ||
    tree.snapshots.some(({ disks }) => disks.some((disk) => disk.file !== undefined && chain.has(disk.file))) ||
    [...restingOn(facts, [file])].some((one) => one !== file)
  );
}

/**
 * libvirt may still be at a call of a program that died: an image that was made goes only with the call that comes
 * after that one, and fails.
 *
 * | the disk                                                 | → |
 * |----------------------------------------------------------|---|
 * | was to come, and the VM has it                           | after |
 * | … and not all of the VM has it                           | the step is done again |
 * | … and its file is in place, which nobody else uses       | the same; where another disk has its name, the file goes back, and before |
 * | … and neither                                            | before |
 * | was to go, and the VM has it                             | before |
 * | … and it has gone                                        | after; its file goes into the trash, unless somebody uses it by now, or there is no way into that |
 */
export function recoverAdd(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const { vm, configured = [] } = facts;
  const [step] = interrupted.plan.steps;
  if (step?.kind !== 'addDisk' || isDone(step, facts) === 'yes') {
    return goOn(interrupted, [], 'after');
  }
  const { target, file, from, trashed } = step;
  const named = [...vm.disks, ...configured].filter((disk) => disk.target === target);
  const has = named.some(({ source }) => source === file);
  const isInPlace = isOurs(step, interrupted, facts) && unusedFiles([file], facts, 'notNamed').length > 0;
  if (has || (isInPlace && named.length === 0)) {
    return goOn(interrupted, [isInPlace && from === 'new' ? { ...step, isMade: true } : step], 'after');
  }
  const away: readonly Step[] =
    from === 'new'
      ? [{ kind: 'removeFiles', files: [file] }]
      : trashed === undefined
        ? []
        : [{ kind: 'trashFiles', files: [file] }];
  return goOn(interrupted, isInPlace ? away : [], 'before');
}

/** What stands in the disk's place is what the step made, and nothing is in it, or what it took out of the trash. */
function isOurs(
  { file, format, bytes, from }: StepOfKind<'addDisk'>,
  { request }: InterruptedOperation,
  { files }: Facts,
): boolean {
  const image = files?.images.get(file);
  if (typeof image !== 'object' || from === 'place') {
    return false;
  }
  const born = request.kind === 'disk' && request.change.do === 'add' ? request.change.was?.born : undefined;
  return from === 'trash'
    ? born === undefined || birthOf(image) === born
    : image.format === format &&
        image.backing === undefined &&
        image.virtualBytes === bytes &&
        image.allocatedBytes <= mostOfNew;
}

export function recoverRemove(interrupted: InterruptedOperation, facts: Facts): Recovery {
  const [out, trash] = interrupted.plan.steps;
  if (out === undefined || isDone(out, facts) !== 'yes') {
    return goOn(interrupted, [], 'before');
  }
  const unused = trash?.kind === 'trashFiles' ? unusedFiles(trash.files, facts, 'notNamed') : [];
  const files = unused.filter((file) => trashRefusal(file, facts) === undefined);
  return goOn(interrupted, files.length === 0 ? [] : [{ kind: 'trashFiles', files }], 'after');
}
