// Refuses a snapshot whose frozen files another VM, a program or the host writes to, or would: libvirt does not prevent
// that. Reads the definitions of the VMs and the kernel's locks from the facts. Judges no content.
import { backingFileOf, chainOfFrozen } from './fileUse.js';
import { externalTargets } from './deletedFiles.js';
import type { Facts, FrozenFile } from '../facts.js';
import { type RefusedDecision, refuse } from '../refusal.js';
import type { Snapshot } from '../snapshot.js';
import { isActive, snapshotableDisks } from '../vm.js';
import { wholeChain } from './backingChain.js';
import type { OtherUser } from './otherVms.js';

interface FrozenWriter {
  /** The VM that writes, or would. */
  readonly writer: string;
  readonly target: string;
  readonly file: string;
}

/**
 * | a disk of another VM is                  | that VM is | → |
 * |------------------------------------------|------------|---|
 * | the file that the snapshot froze         | any        | it writes into it |
 * | a file below that                        | on         | the same |
 * | a file below that                        | off        | none: it is what linked clones were made of |
 */
export function writersInto(snapshot: Snapshot, facts: Facts): readonly FrozenWriter[] {
  return externalTargets(snapshot).flatMap((target) => {
    const frozen = backingFileOf(facts, snapshot.name, target);
    const below = chainOfFrozen(snapshot, target, facts);
    return (facts.otherVms ?? []).flatMap(({ name: writer, active, writes = [] }) => {
      const file = writes.find((one) => one === frozen || (active === true && below.includes(one)));
      return file === undefined ? [] : [{ writer, target, file }];
    });
  });
}

/**
 * | the file that it froze, or one below it, is   | what we noted of the snapshot   | → |
 * |-----------------------------------------------|---------------------------------|---|
 * | a disk of another VM that is on               | any                             | writtenByOther |
 * | a disk of another VM that is off              | nothing                         | writtenByOther: it may have been on |
 * | a disk of another VM that is off              | holds                           | ok |
 * | open to write, while this VM is off           | any                             | heldByProgram |
 * | used by the host itself                       | any                             | usedByHost |
 *
 * @param when `now`: earlier writers do not count
 */
export function frozenWriterRefusal(
  snapshot: Snapshot,
  facts: Facts,
  when: 'ever' | 'now' = 'ever',
): RefusedDecision | undefined {
  const { vm, otherVms = [], frozenRecords = [], written, files } = facts;
  const isNoted = when === 'now' || frozenRecords.some(({ createdAt }) => createdAt === snapshot.createdAt);
  const found = writersInto(snapshot, facts).find(
    ({ writer }) => !isNoted || otherVms.some(({ name, active }) => name === writer && active === true),
  );
  if (found !== undefined) {
    const { writer: other, target: disk, file } = found;
    return refuse('writtenByOther', { vm: vm.name, snapshot: snapshot.title, disk, file, other });
  }
  const chains = externalTargets(snapshot).flatMap((target) => chainOfFrozen(snapshot, target, facts));
  const open = (isActive(vm.power) ? [] : chains).find((file) => {
    const image = files?.images.get(file);
    return typeof image === 'object' && image.real !== undefined && written?.has(image.real) === true;
  });
  return open === undefined ? usedByHostRefusal(chains, facts) : refuse('heldByProgram', { vm: vm.name, file: open });
}

/** Refuses if the kernel of the host writes to any of these files. */
export function usedByHostRefusal(
  files: readonly string[],
  { vm, files: seen }: Pick<Facts, 'vm' | 'files'>,
): RefusedDecision | undefined {
  for (const file of files) {
    const image = seen?.images.get(file);
    if (typeof image === 'object' && image.hostUse !== undefined) {
      return refuse('usedByHost', { vm: vm.name, file, ...image.hostUse });
    }
  }
  return undefined;
}

/** Another VM's disk that is built on one of this VM, or the other way round: a start of the lower one damages it. */
export function builtOnDisks({ vm, otherVms = [] }: Facts, files: ReadonlySet<string>): readonly BuiltOn[] {
  const own = new Set(snapshotableDisks(vm).flatMap(({ source }) => source ?? []));
  return otherVms.flatMap(({ name, writes = [], below = [] }): readonly BuiltOn[] => {
    const above = below.find(({ file }) => own.has(file));
    const under = writes.find((file) => files.has(file) && !own.has(file));
    return [
      ...(above === undefined ? [] : [{ owner: vm.name, above: name, file: above.file }]),
      ...(under === undefined ? [] : [{ owner: name, above: vm.name, file: under }]),
    ];
  });
}

interface BuiltOn {
  /** Whose disk the file is. */
  readonly owner: string;
  /** One of whose disks is built on it. */
  readonly above: string;
  readonly file: string;
}

/** Another VM that is on, and one of whose disks is a disk of this VM while it is off, or a file below one. */
export function otherWriterOf(facts: Facts): FrozenWriter | undefined {
  const { vm, otherVms = [] } = facts;
  for (const disk of snapshotableDisks(vm)) {
    const chain = new Set(wholeChain(disk, facts).slice(isActive(vm.power) ? 1 : 0));
    for (const { name: writer, active, writes = [] } of otherVms) {
      const file = active === true ? writes.find((one) => chain.has(one)) : undefined;
      if (file !== undefined) {
        return { writer, target: disk.target, file };
      }
    }
  }
  return undefined;
}

/** Another VM that is built on a disk of this one, which is on. */
export function otherReaderOf({ vm, otherVms = [] }: Facts): OtherUser | undefined {
  const own = isActive(vm.power) ? snapshotableDisks(vm).flatMap(({ source }) => source ?? []) : [];
  for (const { name, files, writes = [] } of otherVms) {
    const file = own.find((one) => files.includes(one) && !writes.includes(one));
    if (file !== undefined) {
      return { vm: name, file };
    }
  }
  return undefined;
}

interface ForeignFrozenFile extends FrozenFile {
  /** The VM whose snapshot it is. */
  readonly owner: string;
}

/** What this VM would write into, of which a snapshot of another one needs every byte. */
export function foreignFrozenFiles({ vm, otherVms = [] }: Facts): readonly ForeignFrozenFile[] {
  const own = new Set(snapshotableDisks(vm).flatMap(({ source }) => source ?? []));
  return otherVms.flatMap(({ name: owner, froze = [] }) => {
    const needed = froze.filter(({ file }) => own.has(file));
    const found = needed.find(({ isTop }) => isTop === true) ?? needed[0];
    return found === undefined ? [] : [{ owner, ...found }];
  });
}
