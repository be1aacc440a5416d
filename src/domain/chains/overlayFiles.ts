// Names of the files that an external snapshot makes: beside the disk's present file, `<stem>.<snapshot>.qcow2`; of a
// device in a folder of files, for nothing can stand beside it. libvirt's own rule cuts at the last dot, so that names
// with dots eat each other; every path is therefore given to it whole. Its names, and our older ones, lack the ending.
import { wholeChain } from './backingChain.js';
import { namedFiles } from './fileUse.js';
import { stateFiles } from './stateCopies.js';
import { listedFiles } from './folderNames.js';
import type { NewOverlay } from '../hostFiles.js';
import type { Facts } from '../facts.js';
import { isDevicePath } from '../devicePath.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import { findSnapshot } from '../snapshotTree.js';
import { type VmDisk, snapshotableDisks } from '../vm.js';

interface ExternalFiles {
  readonly kind: 'files';
  readonly disks: readonly { readonly target: string; readonly file: string }[];
  readonly memoryFile?: string;
}

/**
 * File names may have 255 bytes; a dot, 100 of the snapshot's name and `-vdaa.qcow2` or `-1700000000-0123abcd.mem` have
 * to fit too, and libvirt's seconds in the place of the ending.
 */
const longestStem = 128;

/** Without it, libvirt's helper for AppArmor may not look into a file outside of the usual folders. */
const ending = '.qcow2';

/** At the end of an overlay that a revert made: seconds since 1970. */
const epochSuffix = /\.((\d{9,11})(?:\.qcow2)?)$/u;

/**
 * What stands behind any dot in the names of the VM's files, and of those in their folders that begin as they do, as
 * far as these were looked into: a snapshot of such a name could want a file that is there. Files of other VMs, which
 * share the folder as a rule, begin otherwise. Memory files have names that no other snapshot can want.
 */
export function usedSuffixes(facts: Facts): ReadonlySet<string> {
  const suffixes = new Set<string>();
  const { vm } = facts;
  const stems = [
    ...snapshotableDisks(vm).flatMap((disk) => (disk.source === undefined ? [] : [stemOf(disk, facts)])),
    ...stateFiles(vm).map(baseName),
  ];
  const listed = listedFiles(facts)
    .map(baseName)
    .filter((file) => stems.some((stem) => file.startsWith(stem)));
  for (const file of [...namedFiles(facts), ...listed]) {
    for (const suffix of suffixesOf(file)) {
      suffixes.add(suffix).add(withoutEnding(suffix));
    }
  }
  return suffixes;
}

/** The paths for a snapshot of `disks`, which all have a file; refused where one could not be used. */
export function chooseFiles(
  facts: Facts,
  disks: readonly VmDisk[],
  name: string,
  memory: 'withMemory' | 'withoutMemory',
): ExternalFiles | RefusedDecision {
  const taken = usedFiles(facts);
  const chosen: { target: string; file: string }[] = [];
  for (const disk of disks) {
    const folder = actingFolder(disk.source ?? '', facts);
    const stem = stemOf(disk, facts);
    const plain = `${folder}/${stem}.${name}${ending}`;
    const file = taken.has(plain) ? `${folder}/${stem}-${disk.target}.${name}${ending}` : plain;
    const problem = problemOf(file, disk.target, taken) ?? homeRefusal(folder, facts);
    if (problem !== undefined) {
      return problem;
    }
    taken.add(file);
    chosen.push({ target: disk.target, file });
  }
  const first = disks[0];
  if (memory === 'withoutMemory' || first === undefined) {
    return { kind: 'files', disks: chosen };
  }
  const memoryFile = `${actingFolder(first.source ?? '', facts)}/${memoryFileName(facts, name)}`;
  return problemOf(memoryFile, first.target, taken) ?? { kind: 'files', disks: chosen, memoryFile };
}

/** What libvirt itself makes for images when it is installed. */
const imagesFolder = '/var/lib/libvirt/images';

/**
 * Where files can be made that belong to this one.
 *
 * | the file is | → |
 * |-------------|---|
 * | no device   | its own folder |
 * | a device    | the folder of the VM's first disk that is a file, else of a file that one of its snapshots made, else libvirt's own for images |
 */
export function actingFolder(file: string, { vm, tree }: Facts): string {
  if (!isDevicePath(file)) {
    return folderOf(file);
  }
  const files = [
    ...snapshotableDisks(vm).map(({ source }) => source),
    ...tree.snapshots.flatMap(({ disks, memory }) => [...disks.map((disk) => disk.file), memory.file]),
  ];
  const beside = files.find((one) => one?.startsWith('/') === true && !isDevicePath(one));
  return beside === undefined ? imagesFolder : folderOf(beside);
}

/** Nobody has put anything of this VM there yet, so it must be known to work. */
function homeRefusal(folder: string, facts: Facts): RefusedDecision | undefined {
  const own = snapshotableDisks(facts.vm).some(({ source = '' }) => folderOf(source) === folder);
  const can = facts.files?.canAct.get(folder);
  return own || facts.files === undefined || can === 'yes'
    ? undefined
    : refuse('filesOutOfReach', { folder, why: can?.why ?? 'notLookedAt' });
}

interface RevertOverlay extends NewOverlay {
  readonly target: string;
}

/**
 * Overlays for a revert that we make, named much as libvirt names its own: `<stem>.<seconds since 1970>.qcow2`, one
 * second for all of them, and a later one where a name is not free.
 *
 * @param disks what the snapshot froze
 */
export function chooseRevertOverlays(
  facts: Facts,
  disks: readonly VmDisk[],
): readonly RevertOverlay[] | RefusedDecision {
  const taken = usedFiles(facts);
  for (let second = Math.floor(facts.now / 1_000); ; second++) {
    const names = new Set<string>();
    const overlays = disks.map((disk): RevertOverlay => {
      const backing = disk.source ?? '';
      const start = `${actingFolder(backing, facts)}/${stemOf(disk, facts)}`;
      const plain = `${start}.${second}${ending}`;
      const file = names.has(plain) ? `${start}-${disk.target}.${second}${ending}` : plain;
      names.add(file);
      return { target: disk.target, file, backing, backingFormat: disk.format };
    });
    if (overlays.every(({ file }) => !taken.has(file))) {
      const bad = overlays.map(({ file, target }) => problemOf(file, target, taken)).find((one) => one !== undefined);
      return bad ?? overlays;
    }
  }
}

/** The path of a new disk of the VM: `<VM>-<target>.qcow2`, with a number where that is not free. */
export function chooseDiskFile(folder: string, target: string, facts: Facts): string | RefusedDecision {
  const taken = usedFiles(facts);
  const start = `${folder}/${safeStem(`${facts.vm.name}-${target}`)}`;
  let file = `${start}${ending}`;
  for (let number = 2; taken.has(file); number++) {
    file = `${start}-${String(number)}${ending}`;
  }
  return problemOf(file, target, taken) ?? file;
}

function usedFiles(facts: Facts): Set<string> {
  return new Set([...namedFiles(facts), ...listedFiles(facts)]);
}

/**
 * libvirt empties a memory file that exists, also one of another owner, and nobody can check first: another VM's (`web`
 * with `v1.base`, `web.v1` with `base`), or what a person saved. So the second and the VM are part of its name.
 */
function memoryFileName({ vm, now }: Facts, snapshot: string): string {
  return `${safeStem(vm.name)}.${snapshot}-${Math.floor(now / 1_000)}-${vm.uuid.slice(0, 8)}.mem`;
}

/** The seconds of overlays that are named as libvirt names those of reverts. */
export function revertSeconds(facts: Facts): readonly number[] {
  return [...namedFiles(facts)].flatMap((file) => (file.endsWith(ending) ? [] : (revertSecondOf(file) ?? [])));
}

/** The second in which a revert made this overlay, as its name tells; undefined of other files. */
export function revertSecondOf(file: string): number | undefined {
  const second = epochSuffix.exec(file)?.[2];
  return second === undefined ? undefined : Number(second);
}

/** A comma breaks QEMU's own option parser (the VM cannot start again), a line end breaks the path in the XML. */
function problemOf(file: string, disk: string, taken: ReadonlySet<string>): RefusedDecision | undefined {
  if (/[,\p{Cc}\p{Cs}]/u.test(file)) {
    return refuse('unsafePath', { disk, file });
  }
  return taken.has(file) ? refuse('fileTaken', { file }) : undefined;
}

/**
 * The name that the disk had before its first snapshot, without its extension: the first layer from the top that no
 * snapshot or revert has made; of a device, whose name says nothing, the VM's and the disk's. Where the chain is not
 * known, the suffixes that they gave are taken off.
 */
function stemOf(disk: VmDisk, facts: Facts): string {
  const { vm, tree } = facts;
  const isSnapshot = (name: string): boolean => findSnapshot(tree, name) !== undefined;
  const overlays = new Set(tree.snapshots.flatMap((snapshot) => snapshot.disks.map((own) => own.file)));
  const suffixOf = (file: string): string | undefined =>
    suffixesOf(file).find((suffix) => isSnapshot(suffix) || isSnapshot(withoutEnding(suffix))) ??
    epochSuffix.exec(file)?.[1];
  const layers = wholeChain(disk, facts);
  const base = layers.find((file) => !overlays.has(file) && suffixOf(file) === undefined);
  const file = base ?? layers[0] ?? '';
  if (isDevicePath(file)) {
    return safeStem(`${vm.name}-${disk.target}`);
  }
  let name = baseName(file);
  let suffix = base === undefined ? suffixOf(name) : undefined;
  if (suffix === undefined) {
    return safeStem(name.replace(/(?<=.)\.[^.]*$/u, ''));
  }
  // libvirt puts the second of a revert behind our names.
  for (; suffix !== undefined; suffix = suffixOf(name)) {
    name = name.slice(0, -suffix.length - 1);
  }
  return safeStem(name);
}

function safeStem(stem: string): string {
  const encoder = new TextEncoder();
  let safe = stem.replace(/[/,\p{Cc}\p{Cs}]/gu, '-').replace(/^\.+/u, '');
  while (encoder.encode(safe).length > longestStem) {
    safe = safe.slice(0, -1);
  }
  // Cutting may have halved a pair, and a name of dots alone has nothing left.
  safe = safe.replace(/\p{Cs}$/u, '');
  return safe === '' ? 'disk' : safe;
}

/** `web.v1.qcow2` → `v1.qcow2`, `qcow2`: longest first. */
function suffixesOf(file: string): readonly string[] {
  const parts = baseName(file).split('.');
  return parts.slice(1).map((_, at) => parts.slice(at + 1).join('.'));
}

/** `/img/web.v1.qcow2` → `/img/web.v1`; as it is, where it has not our ending. */
export function withoutEnding(file: string): string {
  return file.endsWith(ending) ? file.slice(0, -ending.length) : file;
}

/** Where a snapshot's name may begin: `/img/web.a` → `/img/web`; `/img/web.a.qcow2` → `/img/web.a`, `/img/web`. */
export function stemsOf(file: string): readonly string[] {
  const plain = withoutEnding(file);
  const stem = plain.replace(/\.[^./]*$/u, '');
  return plain === file ? [stem] : [...new Set([plain, stem])];
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

export function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')));
}
