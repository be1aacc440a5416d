// A new snapshot: it is the current one, and external disks stand on empty overlays of what they stood on.
import { isDevicePath } from '../domain/devicePath.js';
import { parseDescription } from '../domain/description.js';
import type { Facts } from '../domain/facts.js';
import { kindOf, type Snapshot, type SnapshotDisk, type SnapshotState, styleOf } from '../domain/snapshot.js';
import { partOf } from '../domain/hostFiles.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { onOverlays, withFiles, withFrozen, withHardwareThen, withImage, withOverlaysOf } from './changedFacts.js';
import { changedSnapshot, withoutRevertDisks } from './changedTree.js';
import type { CreateStep, FormattedFile, TargetFile } from './step.js';
import { type ByHand, doneWhen, never, noLayers, type StepDefinition } from './stepDefinition.js';

export const createSnapshot: StepDefinition<'createSnapshot'> = {
  touches: ({ disks, memoryFile, seamless }) => {
    const overlays = disks.flatMap(({ file }) => file ?? []);
    const memory = memoryFile === undefined ? [] : [memoryFile, ...(seamless === true ? [partOf(memoryFile)] : [])];
    return { images: overlays, files: memory, made: [...memory, ...overlays] };
  },
  layers: noLayers,
  apply: (step, facts) => {
    const { vm, configured } = facts;
    const overlays = overlaysOf(step);
    const kept = withSnapshot(facts, step, stateOf(step, facts), facts.now);
    const inside = step.style === 'internal' ? withTags(kept, step) : withOverlaysOf(kept, vm.disks, overlays);
    return {
      ...withRamFile(inside, step),
      vm: { ...vm, disks: onOverlays(vm.disks, overlays) },
      ...(configured === undefined ? {} : { configured: onSameOverlays(facts, configured, overlays) }),
    };
  },
  isDone: ({ name }, { tree }) => doneWhen(findSnapshot(tree, name) !== undefined),
  byHand: (step, by) => [by.ofVm('snapshot-create-as', ...createOptions(step, by))],
  isHarmless: never,
  canBreakOff: true,
};

/** New overlays are qcow2. */
export function overlaysOf({ disks }: CreateStep): readonly FormattedFile[] {
  return disks.flatMap(({ target, file }) => (file === undefined ? [] : [{ target, file, format: 'qcow2' }]));
}

function stateOf({ snapshotKind }: CreateStep, { vm: { power } }: Facts): SnapshotState {
  return snapshotKind === 'offline'
    ? 'off'
    : snapshotKind === 'disk'
      ? 'disk-snapshot'
      : power === 'running' || power === 'paused'
        ? power
        : 'unknown';
}

/**
 * As libvirt's metadata have it: below the current one, and the current one itself; what the VM has is what it froze.
 */
export function withSnapshot(facts: Facts, step: CreateStep, state: SnapshotState, createdAt: number): Facts {
  const { vm, tree } = facts;
  const { trailers, text: description } = parseDescription(step.description);
  const memory: Snapshot['memory'] = {
    location: step.snapshotKind === 'memory' ? step.style : 'no',
    ...(step.memoryFile === undefined ? {} : { file: step.memoryFile }),
  };
  const disks = vm.disks.map(({ target }): SnapshotDisk => {
    const own = step.disks.find((disk) => disk.target === target);
    return {
      target,
      location: own === undefined ? 'no' : step.style,
      deleteInProgress: false,
      ...(own?.file === undefined ? {} : { file: own.file }),
    };
  });
  const made: Snapshot = {
    name: step.name,
    title: trailers.title ?? step.name,
    description,
    trailers,
    ...(tree.current === undefined ? {} : { parent: tree.current }),
    createdAt: Math.floor(createdAt / 1_000) * 1_000,
    state,
    memory,
    disks,
    kind: kindOf(state, memory.location),
    style: styleOf(memory.location, disks),
  };
  // A child makes libvirt forget which overlays its parent got at a revert.
  const { snapshots } = changedSnapshot(facts, tree.current ?? '', withoutRevertDisks).tree;
  const there = withHardwareThen(facts, step.name);
  return withFrozen({ ...there, tree: { snapshots: [...snapshots, made], current: step.name } }, step.name, vm.disks);
}

/** What the VM starts with next time moves with it where it is the same file. */
function onSameOverlays({ vm }: Facts, configured: NonNullable<Facts['configured']>, overlays: readonly TargetFile[]) {
  const same = overlays.filter(({ target }) => {
    const runs = vm.disks.find((disk) => disk.target === target)?.source;
    return configured.some((disk) => disk.target === target && disk.source === runs);
  });
  return onOverlays(configured, same);
}

/** As much as the VM has, at most. */
function withRamFile(facts: Facts, { memoryFile }: CreateStep): Facts {
  const bytes = facts.vm.memoryBytes;
  return memoryFile === undefined ? facts : withFiles(facts, new Map([[memoryFile, { bytes, allocatedBytes: bytes }]]));
}

/**
 * QEMU numbers a new tag in each image by itself, one above the highest number that is there. RAM is in the first
 * disk's.
 */
function withTags(facts: Facts, { name, disks, snapshotKind }: CreateStep): Facts {
  return disks.reduce((at, { target }, index) => {
    const file = at.vm.disks.find((disk) => disk.target === target)?.source ?? '';
    const image = at.files?.images.get(file);
    if (typeof image !== 'object' || image.tags === undefined) {
      return at;
    }
    const { tagIds, ramTags, unchangedSince = [] } = image;
    const highest = Math.max(0, ...(tagIds ?? []).map((id) => Number.parseInt(id, 10) || 0));
    const withRam = snapshotKind === 'memory' && index === 0;
    return withImage(at, file, {
      ...image,
      tags: [...image.tags, name],
      unchangedSince: [...unchangedSince, name],
      ...(tagIds === undefined ? {} : { tagIds: [...tagIds, String(highest + 1)] }),
      ...(ramTags === undefined || !withRam ? {} : { ramTags: [...ramTags, name] }),
    });
  }, facts);
}

function createOptions(step: CreateStep, { vm: { disks } }: ByHand): readonly string[] {
  const named = ['--name', step.name, ...(step.description === '' ? [] : ['--description', step.description])];
  if (step.style === 'internal') {
    return named;
  }
  const taking = new Map(step.disks.map((disk) => [disk.target, disk]));
  const specs = disks.flatMap(({ target, source }) => {
    const file = taking.get(target)?.file;
    const spec = file === undefined ? 'snapshot=no' : externalSpec(file);
    return file === undefined && source === undefined ? [] : ['--diskspec', `${target},${spec}`];
  });
  const memory =
    step.memoryFile === undefined
      ? ['--disk-only']
      : ['--memspec', `file=${doubleCommas(step.memoryFile)},snapshot=external`];
  return [
    ...named,
    ...memory,
    ...specs,
    ...(step.quiesce ? ['--quiesce'] : []),
    ...(step.live === true && step.snapshotKind === 'memory' ? ['--live'] : []),
    '--atomic',
  ];
}

function externalSpec(file: string): string {
  return `snapshot=external,${isDevicePath(file) ? 'stype=block,' : ''}file=${doubleCommas(file)}`;
}

/** virsh reads two commas within a value as one. */
function doubleCommas(value: string): string {
  return value.replaceAll(',', ',,');
}
