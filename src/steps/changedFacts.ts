// Facts with something changed: what the simulators of several steps have in common. Knows no step.
import { wholeChain } from '../domain/chains/backingChain.js';
import { isActive, type PowerReason, type PowerState, type Vm, type VmDisk } from '../domain/vm.js';
import type { FileFacts, ImageFacts, Observation } from '../domain/hostFiles.js';
import type { Facts, FileFactsByPath } from '../domain/facts.js';
import type { FormattedFile, TargetFile } from './step.js';

export function withImage(facts: Facts, file: string, image: Observation<ImageFacts>): Facts {
  return changeFiles(facts, ({ images, ...files }) => ({ ...files, images: new Map([...images, [file, image]]) }));
}

export function withFiles(facts: Facts, more: ReadonlyMap<string, Observation<FileFacts>>): Facts {
  return changeFiles(facts, ({ files, ...rest }) => ({ ...rest, files: new Map([...files, ...more]) }));
}

/** Removes a file from the facts; one that was not read has no facts. */
export function withoutFile(facts: Facts, file: string): Facts {
  const markMissing = <T>(map: ReadonlyMap<string, Observation<T>>): ReadonlyMap<string, Observation<T>> =>
    map.has(file) ? new Map([...map, [file, 'missing' as const]]) : map;
  return changeFiles(facts, ({ images, files, ...rest }) => ({
    ...rest,
    images: markMissing(images),
    files: markMissing(files),
  }));
}

function changeFiles(facts: Facts, change: (files: FileFactsByPath) => FileFactsByPath): Facts {
  return facts.files === undefined ? facts : { ...facts, files: change(facts.files) };
}

/** Nothing is in it yet. */
export function withOverlay(facts: Facts, overlay: { file: string; backing: string; backingFormat: string }): Facts {
  const { file, backing, backingFormat } = overlay;
  const below = facts.files?.images.get(backing);
  return withImage(facts, file, {
    bytes: 0,
    allocatedBytes: 0,
    format: 'qcow2',
    virtualBytes: typeof below === 'object' ? below.virtualBytes : 0,
    backing: { file: backing, format: backingFormat },
    tags: [],
    tagIds: [],
    empty: true,
    unchangedSince: [],
  });
}

/** The disks stand on overlays of what they stood on. One that does stand on its file already, goes on. */
export function onOverlays(disks: readonly VmDisk[], overlays: readonly TargetFile[]): readonly VmDisk[] {
  return disks.map((disk): VmDisk => {
    const file = overlays.find(({ target }) => target === disk.target)?.file;
    const { source } = disk;
    if (file === undefined || source === undefined || file === source) {
      return disk;
    }
    // A disk whose chain the XML does not tell has an unknown rest, and this much is known of it all the same.
    return { ...withoutLayers(disk), source: file, format: 'qcow2', backing: [source, ...(disk.backing ?? [])] };
  });
}

/** Its RAM is in a managed save. @param on the VM as it ran */
export function withSave(facts: Facts, { disks }: Pick<Vm, 'disks'>): Facts {
  const savedDisks = disks.flatMap(({ target, source }) => (source === undefined ? [] : [{ target, file: source }]));
  return { ...facts, vm: { ...facts.vm, managedSave: true, savedDisks } };
}

/** Its RAM is in the VM, or dropped. */
export function withoutSave(facts: Facts): Facts {
  const { savedDisks: _, ...vm } = facts.vm;
  return { ...facts, vm: { ...vm, managedSave: false } };
}

/** The disks are other files, of which the configuration tells no chain. */
export function redirectDisks(disks: readonly VmDisk[], files: readonly FormattedFile[]): readonly VmDisk[] {
  return disks.map((disk): VmDisk => {
    const moved = files.find(({ target }) => target === disk.target);
    return moved === undefined ? disk : { ...withoutLayers(disk), source: moved.file, format: moved.format };
  });
}

/** What was told of the layers says nothing of those of another file. */
export function withoutLayers(disk: VmDisk): VmDisk {
  const bare: { -readonly [Field in keyof VmDisk]: VmDisk[Field] } = { ...disk };
  delete bare.backing;
  delete bare.layers;
  return bare;
}

/** Images of these disks, which nobody wrote to yet. */
export function withOverlaysOf(facts: Facts, disks: readonly VmDisk[], overlays: readonly TargetFile[]): Facts {
  return overlays.reduce((at, { target, file }) => {
    const disk = disks.find((one) => one.target === target);
    return disk?.source === undefined
      ? at
      : withOverlay(at, { file, backing: disk.source, backingFormat: disk.format });
  }, facts);
}

/**
 * | VM        | becomes | its disks | images that it has open, jobs, agent |
 * |-----------|---------|-----------|-----------------|
 * | on        | off     | as it is configured, where that is known | none |
 * | off       | on      | the same, and they are what it is configured with | as was seen |
 * | otherwise |         | the same  | as was seen |
 */
export function changePower(power: PowerState, facts: Facts, powerReason: PowerReason = 'other'): Facts {
  const { vm, configured, agent, ...rest } = facts;
  const now = { ...vm, power, powerReason };
  if (power === 'off') {
    const disks = configured ?? vm.disks;
    return { ...rest, vm: { ...now, disks, agentConnected: false }, ...withoutQemu(facts) };
  }
  const next = !isActive(vm.power) && vm.persistent ? vm.disks : configured;
  return {
    ...rest,
    vm: now,
    ...(agent === undefined ? {} : { agent }),
    ...(next === undefined ? {} : { configured: next }),
  };
}

/**
 * What the VM has open while it is on, be it a base after a merge, it has not when it is off, and a job ends with its
 * QEMU; what is open of a VM that is off stays so.
 */
function withoutQemu(facts: Facts): Pick<Facts, 'written' | 'held' | 'blockJobs'> {
  const { vm, files, written, held, blockJobs } = facts;
  if (vm.power === 'off') {
    return {};
  }
  const own = new Set(
    vm.disks.flatMap((disk) =>
      wholeChain(disk, facts).flatMap((file) => {
        const image = files?.images.get(file);
        return typeof image === 'object' ? (image.real ?? []) : [];
      }),
    ),
  );
  const others = (open: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...open].filter((real) => !own.has(real)));
  return {
    ...(written === undefined ? {} : { written: others(written) }),
    ...(held === undefined ? {} : { held: others(held) }),
    ...(blockJobs === undefined ? {} : { blockJobs: [] }),
  };
}

export function withFrozen(facts: Facts, snapshot: string, disks: readonly VmDisk[]): Facts {
  const { frozenDisks } = facts;
  return frozenDisks === undefined ? facts : { ...facts, frozenDisks: new Map([...frozenDisks, [snapshot, disks]]) };
}

/** The snapshot has what the VM, or that other one, was configured with. */
export function withHardwareThen(facts: Facts, snapshot: string, of?: string): Facts {
  const { hardware } = facts;
  const own = of === undefined ? hardware?.now : hardware?.then.get(of);
  return hardware === undefined || own === undefined
    ? facts
    : { ...facts, hardware: { ...hardware, then: new Map([...hardware.then, [snapshot, own]]) } };
}

/** The VM is configured as when the snapshot was taken; not known of one that was not read. */
export function withHardwareOf(facts: Facts, snapshot: string): Facts {
  const { hardware, ...rest } = facts;
  const own = hardware?.then.get(snapshot);
  return hardware === undefined || own === undefined ? rest : { ...rest, hardware: { ...hardware, now: own } };
}
