// What stands against another file in the place of a disk's, a merge, or a state inside its image, by what is known of
// the disk: what nobody here knows is not touched. And what backups that go by changed blocks would lose. Knows no
// step.
import { wholeChain } from '../domain/chains/backingChain.js';
import { takesPart } from '../domain/chains/fileUse.js';
import { type ImageFacts, notMarked } from '../domain/hostFiles.js';
import type { Repair } from '../domain/operation.js';
import type { Facts } from '../domain/facts.js';
import type { Warning } from '../domain/consequences.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import type { Snapshot, SnapshotKind } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { isActive, snapshotableDisks, type VmDisk } from '../domain/vm.js';

/**
 * What takes a merge.
 *
 * | it                                          | the VM | → |
 * |---------------------------------------------|--------|---|
 * | is read-only, and not on a disk that is     | any    | baseReadOnly |
 * | may not be written to by the VM's QEMU      | on     | the same, by AppArmor: a merge while it is off may |
 * | any other                                   | any    | ok |
 *
 * @param onlyRead what disks are on that are only read
 */
export function baseRefusal(
  bases: Iterable<string>,
  { vm, files, forbidden }: Facts,
  onlyRead: ReadonlySet<string> = new Set(),
): RefusedDecision | undefined {
  for (const file of bases) {
    const image = files?.images.get(file);
    if (typeof image === 'object' && image.readOnly === true && !onlyRead.has(file)) {
      return refuse('baseReadOnly', { vm: vm.name, file });
    }
    if (isActive(vm.power) && forbidden?.has(file) === true) {
      return refuse('baseReadOnly', { vm: vm.name, file, by: 'appArmor' });
    }
  }
  return undefined;
}

/**
 * An overlay on top of it, by libvirt or by us, or a merge of its layers. Measured on 9.0: overlays on encrypted images
 * are in clear, and a definition without `<encryption>` of each layer does not start; a slice's file is read and
 * written from its beginning where the slice is lost; libvirt refuses block jobs on a transient disk. qemu-img opens
 * what the VM's QEMU may not even be let see: the files that a vmdk names, or whatever a guest wrote as the header of a
 * base whose format nobody recorded.
 *
 * | the disk, its source, a layer below it                  | → |
 * |---------------------------------------------------------|---|
 * | `<transient/>`                                          | transientDisk |
 * | encrypted, as the XML or the image says                 | encryptedDisk |
 * | a slice, as the XML or the overlay above it says        | slicedDisk |
 * | of a format that is neither raw nor qcow2               | layerFormat |
 * | one whose format is not recorded above it, unless its content is raw too | layerFormat |
 * | an element or attribute that is not known, or is bound to the file | unknownDiskElement |
 * | named by pool and volume, without a driver's type       | formatUntold: libvirt starts it as raw, whatever it is, and makes no overlay on it |
 * | otherwise                                               | ok |
 */
export function anotherFileRefusal(disks: readonly VmDisk[], facts: Facts): RefusedDecision | undefined {
  const { name: vm } = facts.vm;
  const isEncrypted = onImage(facts, ({ encrypted }) => encrypted === true);
  const isSliced = onImage(facts, ({ backing }) => backing?.part === true);
  const other = layerOf(facts, ({ format }) => format !== 'raw' && format !== 'qcow2');
  const guessed = layerOf(facts, ({ backing }) => backing !== undefined && isGuessed(backing, facts));
  for (const disk of disks) {
    const told = { vm, disk: disk.target };
    const [otherFile, guessedIn] = [other(disk), guessed(disk)];
    const [element] = disk.foreign ?? [];
    if (disk.transient === true) {
      return refuse('transientDisk', told);
    }
    if (disk.encrypted === true || isEncrypted(disk)) {
      return refuse('encryptedDisk', told);
    }
    if (disk.sliced === true || isSliced(disk)) {
      return refuse('slicedDisk', told);
    }
    if (otherFile !== undefined) {
      const seen = facts.files?.images.get(otherFile);
      return refuse('layerFormat', {
        ...told,
        file: otherFile,
        ...(typeof seen === 'object' && { format: seen.format }),
      });
    }
    if (guessedIn !== undefined) {
      return refuse('layerFormat', { ...told, file: guessedIn });
    }
    if (element !== undefined) {
      return refuse('unknownDiskElement', { ...told, element });
    }
    if (disk.volume !== undefined && isUntold(disk, facts)) {
      return refuse('formatUntold', told);
    }
  }
  return undefined;
}

function isGuessed({ file, format }: NonNullable<ImageFacts['backing']>, { files }: Facts): boolean {
  const below = files?.images.get(file);
  return format === undefined && typeof below === 'object' && below.format !== 'raw';
}

/** What runs was given a format; the configuration beside it may have none all the same. */
function isUntold({ target, formatUntold }: VmDisk, { configured = [] }: Facts): boolean {
  return formatUntold === true || configured.some((disk) => disk.target === target && disk.formatUntold === true);
}

/**
 * A snapshot inside the image, made or gone back to. libvirt and QEMU do that by themselves and touch no XML of the
 * disk, so that what is not known of it does no harm. Measured on 9.0 with QEMU 7.2:
 *
 * | disk                       | memory                                | offline                              | → |
 * |----------------------------|---------------------------------------|--------------------------------------|---|
 * | encrypted                  | QEMU dies of an assertion             | qemu-img lacks the secret            | encryptedDisk |
 * | `<transient/>`             | refused by libvirt, late              | the snapshot is of what a start drops | transientDisk |
 * | a slice                    | not measured                          | qemu-img takes the whole file for it | slicedDisk |
 * | a counter of a cluster would be full | QEMU refuses            | refused by qemu-img, late            | fewReferences |
 * | its data in another file   | refused by QEMU, late                 | refused by qemu-img, late            | dataFileInside |
 * | `copy_on_read='on'`        | after a revert the guest hangs        | ok                                   | copyOnRead |
 * | no program can write to it | ok: QEMU has it open since before     | refused by qemu-img, late            | imageImmutable |
 */
export function insideRefusal(
  disks: readonly VmDisk[],
  facts: Pick<Facts, 'vm' | 'files' | 'capabilities'>,
  kind: SnapshotKind,
  use: 'made' | 'reverted',
): RefusedDecision | undefined {
  const { vm, files, capabilities } = facts;
  if (capabilities.driver !== 'qemu') {
    return undefined;
  }
  const isEncrypted = onImage(facts, ({ encrypted }) => encrypted === true);
  for (const disk of disks) {
    const told = { vm: vm.name, disk: disk.target };
    const image = files?.images.get(disk.source ?? '');
    if (disk.transient === true) {
      return refuse('transientDisk', told);
    }
    if (disk.encrypted === true || isEncrypted(disk)) {
      return refuse('encryptedDisk', told);
    }
    if (disk.sliced === true) {
      return refuse('slicedDisk', told);
    }
    if (disk.dataFile === true || (typeof image === 'object' && image.dataFile === true)) {
      return refuse('dataFileInside', told);
    }
    const full = typeof image === 'object' && (image.tags ?? []).length + 2 > (image.mostReferences ?? Infinity);
    if (full && use === 'made') {
      return refuse('fewReferences', { ...told, most: String(image.mostReferences) });
    }
    if (kind === 'memory' && disk.copyOnRead === true) {
      return refuse('copyOnRead', told);
    }
  }
  return kind === 'offline' ? immutableRefusal(disks, facts) : undefined;
}

/** What a program has open already it goes on writing to: these are opened anew. */
export function immutableRefusal(
  disks: readonly Pick<VmDisk, 'source'>[],
  { vm, files }: Pick<Facts, 'vm' | 'files'>,
): RefusedDecision | undefined {
  for (const { source = '' } of disks) {
    const image = files?.images.get(source);
    if (typeof image === 'object' && image.immutable === true) {
      return refuse('imageImmutable', { vm: vm.name, file: source });
    }
  }
  return undefined;
}

function onImage(facts: Pick<Facts, 'files'>, isSuch: (image: ImageFacts) => boolean): (disk: VmDisk) => boolean {
  const layer = layerOf(facts, isSuch);
  return (disk) => layer(disk) !== undefined;
}

/**
 * The layer of the disk that is such an image. Where none is, as nearly always, no chain is walked: hundreds have
 * hundreds of layers.
 */
function layerOf(
  facts: Pick<Facts, 'files'>,
  isSuch: (image: ImageFacts) => boolean,
): (disk: VmDisk) => string | undefined {
  const such = new Set<string>();
  for (const [file, image] of facts.files?.images ?? []) {
    if (typeof image === 'object' && isSuch(image)) {
      such.add(file);
    }
  }
  return (disk) => (such.size > 0 ? wholeChain(disk, facts).find((file) => such.has(file)) : undefined);
}

/** An overlay on it, or a snapshot inside of it, would last no longer than the damage allows. */
export function brokenLayerRefusal(
  disk: string,
  chain: readonly string[],
  { vm, files }: Pick<Facts, 'vm' | 'files'>,
): RefusedDecision | undefined {
  for (const file of chain) {
    const image = files?.images.get(file);
    if (image === 'missing') {
      return refuse('layerBroken', { vm: vm.name, disk, file, gone: 'yes' });
    }
    if (typeof image === 'object' && image.corrupt === true) {
      return refuse('layerBroken', { vm: vm.name, disk, file, ...notMarked(image) });
    }
  }
  return undefined;
}

/**
 * | the snapshot                                                | → |
 * |-------------------------------------------------------------|---|
 * | RAM in a file, and no disk                                  | ramWithoutDisks: it would run on disks of another time |
 * | with RAM, of a VM with an NVDIMM                            | nvdimmOverwritten |
 * | external, a disk that took part cannot stand on another file | see `anotherFileRefusal` |
 * | external, its own note of a disk is not known               | unknownDiskElement |
 * | internal                                                    | see `insideRefusal` |
 * | internal, and the image holds notes of changed blocks       | bitmapsInImage: QEMU refuses once the VM is stopped, and breaks them |
 * | internal, and no program can write to the image             | imageImmutable: QEMU opens it anew |
 */
export function revertRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm } = facts;
  if (snapshot.kind === 'memory' && vm.devices?.includes('nvdimm') === true) {
    return refuse('nvdimmOverwritten', { vm: vm.name, snapshot: snapshot.title });
  }
  const disks = takingPart(snapshot, facts);
  return snapshot.style === 'external'
    ? (ramOnlyRefusal(snapshot) ?? overlayRefusal(snapshot, facts) ?? anotherFileRefusal(disks, facts))
    : (insideRefusal(disks, facts, snapshot.kind, 'reverted') ??
        bitmapRefusal(snapshot, disks, facts) ??
        immutableRefusal(disks, facts));
}

/** The disks that took part, as they were then and as they are now. */
function takingPart(snapshot: Snapshot, { vm, frozenDisks }: Facts): readonly VmDisk[] {
  const part = ({ target }: VmDisk): boolean => takesPart(snapshot, target);
  return [...(frozenDisks?.get(snapshot.name) ?? []).filter(part), ...snapshotableDisks(vm).filter(part)];
}

function ramOnlyRefusal(snapshot: Snapshot): RefusedDecision | undefined {
  return snapshot.memory.location === 'external' && snapshot.disks.every(({ location }) => location === 'no')
    ? refuse('ramWithoutDisks', { snapshot: snapshot.title })
    : undefined;
}

function overlayRefusal({ disks }: Snapshot, { vm }: Facts): RefusedDecision | undefined {
  const odd = disks.find(({ foreign }) => foreign !== undefined);
  return odd && refuse('unknownDiskElement', { vm: vm.name, disk: odd.target, element: odd.foreign?.[0] ?? '' });
}

function bitmapRefusal(
  snapshot: Snapshot,
  disks: readonly VmDisk[],
  { vm, files }: Facts,
): RefusedDecision | undefined {
  for (const { target, source = '' } of disks) {
    const image = files?.images.get(source);
    if (typeof image === 'object' && (image.bitmaps ?? 0) > 0) {
      return refuse('bitmapsInImage', { vm: vm.name, snapshot: snapshot.title, disk: target, file: source });
    }
  }
  return undefined;
}

/** libvirt finds nothing to merge in a snapshot that is RAM alone, and fails without saying why (9.0). */
export function mergeRefusal(doomed: readonly Snapshot[], facts: Facts): RefusedDecision | undefined {
  for (const snapshot of doomed) {
    const obstacle = ramOnlyRefusal(snapshot) ?? overlayRefusal(snapshot, facts);
    if (obstacle !== undefined) {
      return obstacle;
    }
  }
  return anotherFileRefusal(
    doomed.flatMap((snapshot) => takingPart(snapshot, facts)),
    facts,
  );
}

/**
 * libvirt's checkpoints. Measured on 9.0:
 *
 * | what is done                                  | the VM is off                 | it runs |
 * |-----------------------------------------------|-------------------------------|---------|
 * | a snapshot made, or its metadata written again | libvirt refuses, perhaps half way | ok: overlays and merges take the notes with them |
 * | a revert                                      | fails half way                | fails once the VM is stopped |
 */
export function checkpointRefusal(
  { vm, checkpoints = [] }: Facts,
  what: 'changed' | 'reverted',
): RefusedDecision | undefined {
  const [checkpoint] = checkpoints;
  return checkpoint === undefined || (what === 'changed' && isActive(vm.power))
    ? undefined
    : refuse('checkpointsExist', { vm: vm.name, checkpoint });
}

/**
 * Where libvirt has no checkpoint, it takes no note along: a tool that made them by itself does not hear of the
 * overlay. To a snapshot inside the image nobody goes back while the notes are there: see `bitmapsInImage`.
 */
export function bitmapWarning(
  disks: readonly VmDisk[],
  style: Snapshot['style'],
  { files, checkpoints = [] }: Facts,
): readonly Extract<Warning, { kind: 'bitmapsStayBehind' | 'bitmapsStopRevert' }>[] {
  const noted = disks.flatMap(({ source = '' }) => {
    const image = files?.images.get(source);
    return typeof image === 'object' && (image.bitmaps ?? 0) > 0 ? [source] : [];
  });
  if (noted.length === 0) {
    return [];
  }
  return style === 'internal'
    ? [{ kind: 'bitmapsStopRevert', files: noted }]
    : checkpoints.length > 0
      ? []
      : [{ kind: 'bitmapsStayBehind', files: noted }];
}

/**
 * Repairs that write disks into a configuration or a snapshot, or merge them; a mended guest and a file that goes do
 * not.
 */
export function repairRefusal(repair: Repair, facts: Facts): RefusedDecision | undefined {
  const { vm, tree, frozenDisks, configured = [] } = facts;
  switch (repair.kind) {
    case 'finishDelete':
    case 'leaveFrozenFiles':
    case 'makeCurrent': {
      const snapshot = findSnapshot(tree, repair.snapshot);
      const then = frozenDisks?.get(repair.snapshot) ?? [];
      return (
        checkpointRefusal(facts, 'changed') ??
        (snapshot === undefined
          ? undefined
          : (overlayRefusal(snapshot, facts) ??
            anotherFileRefusal(
              [...then, ...snapshotableDisks(vm)].filter(({ target }) => takesPart(snapshot, target)),
              facts,
            )))
      );
    }
    case 'configureDisks':
      return anotherFileRefusal(snapshotableDisks({ disks: configured }), facts);
    case 'adoptTag':
    case 'keepDisks':
    case 'forgetSnapshot':
    case 'nameMovedFiles':
      return checkpointRefusal(facts, 'changed');
    case 'keepVm':
    case 'removeFiles':
    case 'removeTag':
    case 'repairImages':
    case 'resumeAfterSave':
    case 'thawGuest':
      return undefined;
  }
}
