// What a snapshot may take on the host's file systems, and whether that is there. A memory snapshot that fails on a
// full disk keeps its space inside the image, so it must not be begun.
import { isDevicePath } from '../../domain/devicePath.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import type { CreateStep } from '../../steps/step.js';
import type { Facts } from '../../domain/facts.js';
import type { Warning } from '../../domain/consequences.js';
import { type RefusedDecision, refuse } from '../../domain/refusal.js';
import type { Vm } from '../../domain/vm.js';

const mebibyte = 1024 ** 2;
/**
 * Beside the RAM: the devices' state, the screen, what changes meanwhile. Measured: 86 to 147 MB of guests of a GiB.
 */
const mostBeside = 150 * mebibyte;
/** The screen, ROMs and devices; the rest is of RAM that changes, of which a small guest has little. */
const leastBeside = 32 * mebibyte;
/** An empty overlay, with room for what the guest writes in its first moments. */
const perOverlay = 4 * mebibyte;
/** The part of the free space that is to be left. */
const floor = 0.1;

/** How much is written for the RAM of a guest that is paused meanwhile. */
export function ramBytes({ memoryBytes }: Pick<Vm, 'memoryBytes'>): number {
  return memoryBytes + besideRam(memoryBytes);
}

function besideRam(memoryBytes: number): number {
  return Math.min(mostBeside, leastBeside + memoryBytes);
}

/**
 * Where the guest runs on, what it changes is written again: it is stopped at twice its RAM, and has all of it left
 * then.
 */
const mostOften = 3;

/** At most: of a file with the RAM of a guest that runs on. */
export function liveBytes(
  { mostBytes }: Pick<CreateStep, 'mostBytes'>,
  { memoryBytes }: Pick<Vm, 'memoryBytes'>,
): number {
  return Math.min(mostBytes ?? Number.POSITIVE_INFINITY, mostOften * memoryBytes + besideRam(memoryBytes));
}

/** A part of what is free stays free, unless the RAM itself takes it. */
export function liveLimit(
  { live, seamless, memoryFile }: CreateStep,
  { vm, files }: Pick<Facts, 'vm' | 'files'>,
): Pick<CreateStep, 'mostBytes'> {
  const free = memoryFile === undefined ? undefined : files?.freeBytes.get(folderOf(memoryFile));
  return (live !== true && seamless !== true) || free === undefined
    ? {}
    : { mostBytes: Math.max(ramBytes(vm), Math.floor(free * (1 - floor))) };
}

/** At most, by folder; where the guest runs on while its RAM is written, at least. */
export function spaceOf(step: CreateStep, { vm }: Pick<Facts, 'vm'>, ram = ramBytes(vm)): ReadonlyMap<string, number> {
  const overlays = step.disks.map(({ file }) => [file, perOverlay] as const);
  if (step.snapshotKind !== 'memory') {
    return sumByFolder(overlays);
  }
  const image = firstImage(step, vm);
  const inside = image === undefined || isDevicePath(image) ? undefined : image;
  return sumByFolder([...overlays, [step.style === 'external' ? step.memoryFile : inside, ram]]);
}

/** How much is free inside a device nobody tells, so only what the RAM may take of it is said. */
export function spaceInDevice(step: CreateStep, { vm }: Pick<Facts, 'vm'>): readonly Warning[] {
  const image = firstImage(step, vm);
  return step.snapshotKind === 'memory' && step.style === 'internal' && image !== undefined && isDevicePath(image)
    ? [{ kind: 'needsSpace', bytes: ramBytes(vm), folder: image }]
    : [];
}

/** RAM goes inside the image of the first disk. */
function firstImage({ disks: [first] }: CreateStep, { disks }: Vm): string | undefined {
  return disks.find(({ target }) => target === first?.target)?.source;
}

/** What has no absolute path is not counted: it is in no folder that we know. */
export function sumByFolder(
  files: readonly (readonly [file: string | undefined, bytes: number])[],
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [file, bytes] of files) {
    if (file?.startsWith('/') === true) {
      sums.set(folderOf(file), (sums.get(folderOf(file)) ?? 0) + bytes);
    }
  }
  return sums;
}

/**
 * What is below this is not begun. RAM in a file of its own that does not fit leaves nothing behind, and what comes
 * beside the RAM is an estimate; inside an image it would stay.
 */
export function leastSpaceOf(step: CreateStep, facts: Pick<Facts, 'vm'>): ReadonlyMap<string, number> {
  const { memoryBytes } = facts.vm;
  return spaceOf(step, facts, step.style === 'external' ? memoryBytes : ramBytes(facts.vm));
}

/**
 * | free in the folder                     | → |
 * |----------------------------------------|---|
 * | not known                              | ok |
 * | less than it takes at least            | noSpaceFor |
 * | less than it may take                  | ok, with a warning |
 * | less than a tenth of it left afterwards | ok, with a warning |
 * | more                                   | ok |
 */
export function spaceVerdict(
  space: ReadonlyMap<string, number>,
  { vm, files }: Pick<Facts, 'vm' | 'files'>,
  least = space,
): readonly Warning[] | RefusedDecision {
  const warnings: Warning[] = [];
  for (const [folder, bytes] of space) {
    const free = files?.freeBytes.get(folder);
    if (free !== undefined && free < (least.get(folder) ?? bytes)) {
      return refuse('noSpaceFor', { vm: vm.name, folder, bytes: String(bytes), free: String(free) });
    }
    if (free !== undefined && free - bytes < free * floor) {
      warnings.push({ kind: 'needsSpace', bytes, folder, free });
    }
  }
  return warnings;
}

export function totalOf(space: ReadonlyMap<string, number>): number {
  return [...space.values()].reduce((sum, bytes) => sum + bytes, 0);
}
