// What is wrong with the files of a VM, and which of them could not be looked at.
import { wholeChain } from '../domain/chains/backingChain.js';
import { changedLayers } from '../domain/chains/frozenLayers.js';
import {
  builtOnDisks,
  foreignFrozenFiles,
  otherReaderOf,
  otherWriterOf,
  writersInto,
} from '../domain/chains/frozenWriters.js';
import { isWrittenAfter } from '../domain/chains/frozenContent.js';
import { isMoved, movedFiles } from '../domain/chains/movedFiles.js';
import { ownImages } from '../domain/chains/orphans.js';
import type { Facts } from '../domain/facts.js';
import { notMarked } from '../domain/hostFiles.js';
import { isActive, snapshotableDisks } from '../domain/vm.js';
import { disksToStart } from '../operations/volumeRefusal.js';
import { factsToExamine } from './factsToExamine.js';
import type { Problem, ProblemOf } from './problem.js';
import { freeTitle } from '../domain/snapshotName.js';
import { planCreate } from '../operations/create/planCreate.js';
import { assumeRunning } from './abilities.js';

/** Checks the VM's own disks and all images that hold its snapshots. */
export function chainProblems(facts: Facts): readonly Problem[] {
  const { vm, files } = facts;
  const missing = new Set(
    snapshotableDisks(vm)
      .flatMap((disk) => wholeChain(disk, facts))
      .filter((file) => files?.images.get(file) === 'missing' && !isMoved(file, facts)),
  );
  const corrupt = [...ownImages(facts)].flatMap((file): readonly Problem[] => {
    const image = files?.images.get(file);
    return typeof image === 'object' && image.corrupt === true
      ? [{ kind: 'corruptImage', file, ...notMarked(image) }]
      : [];
  });
  return [
    ...disksToStart(vm.disks).flatMap(({ target: disk, volume }): readonly Problem[] =>
      volume?.notThere === undefined
        ? []
        : [{ kind: 'volumeNotThere', disk, pool: volume.pool, volume: volume.name, why: volume.notThere }],
    ),
    ...changedBackings(facts),
    ...movedFiles(facts).map((one): Problem => ({ kind: 'fileMoved', ...one })),
    ...[...missing].map((file): Problem => ({ kind: 'overlayMissing', file })),
    ...corrupt,
    ...unclosedProblems(facts),
    ...[...ownImages(facts)].flatMap((file): readonly Problem[] => {
      const image = files?.images.get(file);
      return typeof image === 'object' && image.hostUse !== undefined
        ? [{ kind: 'usedByHost', file, ...image.hostUse }]
        : [];
    }),
    ...orphanedRamProblems(facts),
  ];
}

/**
 * | an image whose last writer died         | a program has it open for writing, or the VM is on with it | otherwise |
 * |-----------------------------------------|------------------------------------------------------------|-----------|
 * | a disk of the VM                        | in order: that is its writer                               | imageUnclosed, isTop |
 * | below an overlay                        | in order                                                   | imageUnclosed |
 */
function unclosedProblems(facts: Facts): readonly Problem[] {
  const { vm, files, written } = facts;
  const tops = new Set(snapshotableDisks(vm).flatMap(({ source }) => source ?? []));
  return [...ownImages(facts)].flatMap((file): readonly Problem[] => {
    const image = files?.images.get(file);
    const isOpen =
      typeof image === 'object' &&
      ((image.real !== undefined && written?.has(image.real) === true) || (tops.has(file) && isActive(vm.power)));
    return typeof image !== 'object' || image.unclosed !== true || isOpen
      ? []
      : [{ kind: 'imageUnclosed', file, ...(tops.has(file) ? { isTop: true } : {}) }];
  });
}

/**
 * Nothing writes to a base once its overlay exists. A merge into it then writes the name of the new base into the
 * overlay above, so that this one is younger again.
 *
 * | base written to | block job on the VM | → |
 * |-----------------|---------------------|---|
 * | more than a minute after the overlay was last | none | backingChanged |
 * | the same        | one, or not known while the VM runs | not judged: it may be merging |
 * | not later       | any                 | in order |
 */
function changedBackings(facts: Facts): readonly Problem[] {
  const { vm, tree, files, blockJobs } = facts;
  const told = new Set(tree.snapshots.flatMap((one) => changedLayers(one, facts).map(({ file }) => file)));
  if (isActive(vm.power) && blockJobs?.length !== 0) {
    return [];
  }
  return [...ownImages(facts)].flatMap((overlay): readonly Problem[] => {
    const image = files?.images.get(overlay);
    const file = typeof image === 'object' ? image.backing?.file : undefined;
    return file !== undefined && !told.has(file) && isWrittenAfter(file, overlay, facts)
      ? [{ kind: 'backingChanged', file, overlay }]
      : [];
  });
}

/** One of each other VM: the first file that both need. */
export function otherVmProblems(facts: Facts): readonly Problem[] {
  const own = ownImages(facts);
  const shared = sharedFrozenFiles(facts);
  const told = new Set(shared.flatMap(({ writer, owner }) => [writer, owner]));
  const written = writtenNow(facts).filter(({ vm, owner }) => !told.has(vm) || !told.has(owner));
  written.forEach(({ vm, owner }) => told.add(vm).add(owner));
  const bases = builtOnDisks(facts, own).filter(
    ({ owner, above }) => !told.has(owner === facts.vm.name ? above : owner),
  );
  bases.forEach(({ owner, above }) => told.add(owner).add(above));
  return [
    ...shared,
    ...written,
    ...bases.map(({ owner, above: vm, file }): Problem => ({ kind: 'baseOfOtherVm', file, vm, owner })),
    ...(facts.otherVms ?? []).flatMap(({ name, files }): readonly Problem[] => {
      const file = files.find((one) => own.has(one));
      return file === undefined || told.has(name) ? [] : [{ kind: 'usedByOtherVm', file, vm: name }];
    }),
  ];
}

/** Seen from both sides. */
function writtenNow(facts: Facts): readonly ProblemOf<'writtenByOtherVm'>[] {
  const kind = 'writtenByOtherVm' as const;
  const { name } = facts.vm;
  const writer = otherWriterOf(facts);
  const reader = otherReaderOf(facts);
  return [
    ...(writer === undefined ? [] : [{ kind, file: writer.file, vm: writer.writer, owner: name }]),
    ...(reader === undefined ? [] : [{ kind, file: reader.file, vm: name, owner: reader.vm }]),
  ];
}

/** Seen from both sides. Another VM that is off and stands far below is what linked clones were made of. */
function sharedFrozenFiles(facts: Facts): readonly ProblemOf<'frozenFileShared'>[] {
  const { vm, tree } = facts;
  const kind = 'frozenFileShared' as const;
  return [
    ...tree.snapshots.flatMap((snapshot) =>
      writersInto(snapshot, facts).map(({ writer, file }) => {
        const { name, title } = snapshot;
        return { kind, file, writer, owner: vm.name, title, snapshot: name };
      }),
    ),
    ...foreignFrozenFiles(facts)
      .filter(({ isTop }) => isTop === true || isActive(vm.power))
      .map(({ file, owner, snapshot: title }) => ({ kind, file, writer: vm.name, owner, title })),
  ];
}

/** Folders in which nothing may be done, and files that could not be looked at. */
export function sightProblems(facts: Facts): readonly Problem[] {
  const { files, capabilities } = facts;
  if (capabilities.driver !== 'qemu') {
    return [];
  }
  const denied = [...(files?.canAct ?? [])].flatMap(([folder, can]): readonly Problem[] =>
    can !== 'yes' && can.why === 'denied' ? [{ kind: 'denied', file: folder }] : [],
  );
  const wanted = factsToExamine(facts);
  const asked = [
    ...wanted.images.filter((file) => isUnseen(files?.images.get(file))),
    ...wanted.files.filter((file) => isUnseen(files?.files.get(file))),
  ];
  const unseen = asked.filter((file) => !isMoved(file, facts));
  return unseen.length === 0 ? denied : [...denied, { kind: 'notSeen', files: unseen }];
}

function isUnseen(seen: unknown): boolean {
  return seen === undefined || seen === 'unknown';
}

/** Less is not worth a guest's standing still. */
const leastLost = 1024 ** 2;

/**
 * | RAM that no snapshot has, in an image of the VM's | the VM | → |
 * |---------------------------------------------------|--------|---|
 * | a MiB or more | is saved or snapshotted just now | not judged: it becomes a snapshot |
 * | a MiB or more | otherwise                        | lostRam |
 */
function orphanedRamProblems(facts: Facts): readonly Problem[] {
  const { vm, files } = facts;
  if (vm.powerReason === 'saving' || vm.powerReason === 'snapshotting') {
    return [];
  }
  return [...ownImages(facts)].flatMap((file): readonly Problem[] => {
    const image = files?.images.get(file);
    const bytes = typeof image === 'object' ? (image.lostRamBytes ?? 0) : 0;
    return bytes < leastLost ? [] : [{ kind: 'lostRam', file, bytes, ...cureOf(file, facts) }];
  });
}

/**
 * QEMU puts RAM into the first disk's image, over what is left there of earlier.
 *
 * | the file                   | a snapshot with RAM inside | → |
 * |----------------------------|----------------------------|---|
 * | the first disk's           | can be taken               | nextSnapshot |
 * | the first disk's           | cannot                     | none, and why |
 * | any other: a layer below, another disk | any            | none |
 */
function cureOf(file: string, facts: Facts): Pick<ProblemOf<'lostRam'>, 'cure' | 'why'> {
  const [first] = snapshotableDisks(facts.vm);
  if (first?.source !== file) {
    return { cure: 'none' };
  }
  const vm = { connection: '', uuid: facts.vm.uuid };
  const title = freeTitle('Examined', facts.tree.snapshots);
  const create = { kind: 'create', vm, snapshotKind: 'memory', style: 'internal', title } as const;
  const decision = planCreate(create, assumeRunning(facts));
  return decision.kind === 'plan' ? { cure: 'nextSnapshot' } : { cure: 'none', why: decision.refusal };
}
