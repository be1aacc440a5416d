// The facts as they will be when a step is done, so that what comes after it can be decided before anything is
// touched. Knows the steps that change what later ones rest on, and no others.
import type { ImageFacts, Seen } from '../domain/hostFiles.js';
import type { FilesSeen, Facts } from '../domain/facts.js';
import type { Step, TargetFile } from './step.js';
import { type Snapshot, type SnapshotDisk, kindOf, styleOf } from '../domain/snapshot.js';
import { isActive, type VmDisk } from '../domain/vm.js';

/** RAM comes back from the managed save, which is used up by that. */
export function afterStartPaused(facts: Facts): Facts {
  return { ...facts, vm: { ...facts.vm, power: 'paused', powerReason: 'other', managedSave: false } };
}

/** The new snapshot is the current one, and external disks stand on empty overlays. */
export function afterCreate(facts: Facts, step: Extract<Step, { kind: 'createSnapshot' }>): Facts {
  const { vm, tree } = facts;
  const taking = new Map(step.disks.map((disk) => [disk.target, disk]));
  const disks = vm.disks.map((disk): SnapshotDisk => {
    const own = taking.get(disk.target);
    return {
      target: disk.target,
      location: own === undefined ? 'no' : step.style,
      deleteInProgress: false,
      ...(own?.file === undefined ? {} : { file: own.file }),
    };
  });
  const memory: Snapshot['memory'] = {
    location: step.snapshotKind === 'memory' ? step.style : 'no',
    ...(step.memoryFile === undefined ? {} : { file: step.memoryFile }),
  };
  const state = step.snapshotKind === 'offline' ? 'off' : step.snapshotKind === 'disk' ? 'disk-snapshot' : vm.power;
  const snapshotState = state === 'running' || state === 'paused' || state === 'off' || state === 'disk-snapshot';
  const made: Snapshot = {
    name: step.name,
    title: step.name,
    description: '',
    trailers: {},
    ...(tree.current === undefined ? {} : { parent: tree.current }),
    createdAt: Math.floor(facts.now),
    state: snapshotState ? state : 'unknown',
    memory,
    disks,
    kind: kindOf(snapshotState ? state : 'unknown', memory.location),
    style: styleOf(memory.location, disks),
  };
  // A child makes libvirt forget which overlays its parent got at a revert.
  const others = tree.snapshots.map((snapshot): Snapshot => {
    const { revertDisks, ...rest } = snapshot;
    return snapshot.name === tree.current && revertDisks !== undefined ? rest : snapshot;
  });
  const frozenDisks = facts.frozenDisks && new Map([...facts.frozenDisks, [step.name, vm.disks]]);
  const overlays = step.disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file }]));
  return {
    ...onOverlays(step.style === 'internal' ? withTags(facts, step) : facts, overlays),
    tree: { snapshots: [...others, made], current: step.name },
    ...(frozenDisks === undefined ? {} : { frozenDisks }),
  };
}

/** QEMU numbers a new tag in each image by itself, one above the highest number that is there. */
function withTags(facts: Facts, { name, disks }: Extract<Step, { kind: 'createSnapshot' }>): Facts {
  const { vm, files } = facts;
  if (files === undefined) {
    return facts;
  }
  const images = new Map(files.images);
  for (const { target } of disks) {
    const file = vm.disks.find((disk) => disk.target === target)?.source ?? '';
    const image = images.get(file);
    if (typeof image === 'object' && image.tags !== undefined) {
      const { tagIds } = image;
      const highest = Math.max(0, ...(tagIds ?? []).map((id) => Number.parseInt(id, 10) || 0));
      const numbered = tagIds === undefined ? {} : { tagIds: [...tagIds, String(highest + 1)] };
      images.set(file, { ...image, tags: [...image.tags, name], ...numbered });
    }
  }
  return { ...facts, files: { ...files, images } };
}

/** The VM is off, with the disks that the snapshot's configuration names, but for those that stand on a new overlay of their frozen file. */
export function afterDefine(facts: Facts, frozen: readonly VmDisk[], overlays: readonly TargetFile[]): Facts {
  const disks = frozen.filter(({ only }) => only !== 'running');
  const vm = { ...facts.vm, disks, power: 'off', powerReason: 'other', managedSave: false } as const;
  return onOverlays({ ...facts, vm, ...letGo(facts) }, overlays);
}

/** What the VM has open while it runs it has not when it is off; what is open of a VM that is off stays so. */
function letGo({ vm, files, written }: Facts): Pick<Facts, 'written'> {
  if (written === undefined || !isActive(vm.power)) {
    return {};
  }
  const own = vm.disks.flatMap((disk) => {
    const facts = files?.images.get(disk.source ?? '');
    return typeof facts === 'object' ? (facts.real ?? []) : [];
  });
  return { written: new Set([...written].filter((real) => !own.includes(real))) };
}

function onOverlays(facts: Facts, overlays: readonly TargetFile[]): Facts {
  const { vm, files } = facts;
  const fileOf = new Map(overlays.map(({ target, file }) => [target, file]));
  const images = new Map(files?.images);
  const disks = vm.disks.map((disk): VmDisk => {
    const file = fileOf.get(disk.target);
    if (file === undefined || disk.source === undefined) {
      return disk;
    }
    images.set(file, emptyOverlay(disk.source, disk.format, files?.images.get(disk.source)));
    const below = disk.backing === undefined ? {} : { backing: [disk.source, ...disk.backing] };
    // A disk whose chain the XML does not tell has an unknown rest, and this much is known of it all the same.
    return { ...disk, source: file, format: 'qcow2', backing: [disk.source], ...below };
  });
  const seen: FilesSeen | undefined = files && { ...files, images };
  return { ...facts, vm: { ...vm, disks }, ...(seen === undefined ? {} : { files: seen }) };
}

function emptyOverlay(file: string, format: string, below: Seen<ImageFacts> | undefined): ImageFacts {
  const virtualBytes = below === undefined || typeof below === 'string' ? 0 : below.virtualBytes;
  return {
    bytes: 0,
    allocatedBytes: 0,
    format: 'qcow2',
    virtualBytes,
    backing: { file, format },
    tags: [],
    tagIds: [],
    empty: true,
    unchangedSince: [],
  };
}
