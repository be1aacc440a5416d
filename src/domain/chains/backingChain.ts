// The files that a disk is built of, top first. Three answers beside what libvirt's XML tells (`xmlChain`), and they
// differ on purpose:
//
// | asked for    | what it goes by                                  | where something is not seen        | for |
// |--------------|--------------------------------------------------|------------------------------------|-----|
// | `imageChain` | what the images say of themselves                | it ends there, and says so         | any image, the disk of no VM too |
// | `chainOf`    | the images, else the XML; never a mix            | undefined where neither tells all  | what stands right on what |
// | `wholeChain` | all that the XML or an image names               | what is known below, in any order  | who may need a file |
import type { Facts, FileFactsByPath } from '../facts.js';
import type { ImageFacts, Observation } from '../hostFiles.js';
import { toldChain, type VmDisk, xmlChain } from '../vm.js';

type ImagesByPath = ReadonlyMap<string, Observation<ImageFacts>>;

interface ImageChain {
  /** The image itself first; the last is the base, or what is not seen. */
  readonly files: readonly string[];
  /** What is known of the last: below one that is not seen there may be more. */
  readonly last: Observation<ImageFacts> | undefined;
}

/** A circle ends where it began. */
export function imageChain(image: string, images: ImagesByPath | undefined): ImageChain {
  const files = new Set<string>();
  let last: Observation<ImageFacts> | undefined;
  let next: string | undefined = image;
  while (next !== undefined && !files.has(next)) {
    files.add(next);
    last = images?.get(next);
    next = typeof last === 'object' ? last.backing?.file : undefined;
  }
  return { files: [...files], last };
}

export function chainOf(target: string, { vm, files }: Pick<Facts, 'vm' | 'files'>): readonly string[] | undefined {
  const disk = vm.disks.find((one) => one.target === target);
  if (disk?.source === undefined) {
    return undefined;
  }
  const { files: chain, last } = imageChain(disk.source, files?.images);
  return typeof last === 'object' ? chain : disk.backing === undefined ? undefined : xmlChain(disk);
}

/** Kept for the same disk and the same look at the files: a plan goes over the chains of all snapshots many times. */
const wholeChains = new WeakMap<FileFactsByPath, WeakMap<VmDisk, readonly string[]>>();

export function wholeChain(disk: VmDisk, { files }: Pick<Facts, 'files'>): readonly string[] {
  if (files === undefined) {
    return [...new Set(toldChain(disk))];
  }
  let known = wholeChains.get(files);
  if (known === undefined) {
    known = new WeakMap();
    wholeChains.set(files, known);
  }
  let chain = known.get(disk);
  if (chain === undefined) {
    const told = toldChain(disk);
    chain = isToldByImages(told, files.images) ? told : joinedChain(told, files.images);
    known.set(disk, chain);
  }
  return chain;
}

/** Each names the one that is told to be below it, and the last none: nothing is to be added, and it has no circle. */
function isToldByImages(told: readonly string[], images: ImagesByPath): boolean {
  return told.every((file, at) => {
    const image = images.get(file);
    return typeof image === 'object' && image.backing?.file === told[at + 1];
  });
}

function joinedChain(told: readonly string[], images: ImagesByPath): readonly string[] {
  const chain = new Set(told);
  // The set grows while it is walked; a circle adds nothing.
  for (const file of chain) {
    const image = images.get(file);
    const below = typeof image === 'object' ? image.backing?.file : undefined;
    if (below === undefined || chain.has(below)) {
      continue;
    }
    // QEMU goes by the XML, and what it was called before somebody moved it is no file.
    const next = told.includes(file) ? told[told.indexOf(file) + 1] : undefined;
    if (next === undefined || !wasMoved(below, next, images.get(below))) {
      chain.add(below);
    }
  }
  return [...chain];
}

function wasMoved(before: string, now: string, seen: Observation<ImageFacts> | undefined): boolean {
  const isSameName = now.endsWith(before.slice(before.lastIndexOf('/')));
  return seen === 'missing' || (seen === 'unknown' && isSameName);
}
