// What has to be looked at before a request can be decided for good, and the parts that several operations are asked
// for alike: reads are dear, so each operation names its own. Knows no rule, and reads nothing.
import { ownClaims } from '../domain/chains/claimedFiles.js';
import { stateCopies } from '../domain/chains/stateCopies.js';
import { actingFolder } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import { asksForWritten } from '../domain/chains/strayQemu.js';
import { imagesBelowUndescribed } from '../domain/chains/undescribedBranch.js';
import type { Snapshot } from '../domain/snapshot.js';
import { activePath, findSnapshot } from '../domain/snapshotTree.js';
import { isActive, snapshotableDisks, xmlChain } from '../domain/vm.js';

/** What fresh facts must hold beside VM, tree and capabilities, for a request to be decided for good. */
export interface RequiredFacts {
  readonly blockJobs: boolean;
  /** Names of the snapshots whose frozen disks the decision rests on. */
  readonly frozenDisks: readonly string[];
  /** Every other VM on the connection: somebody else may rest on what goes or changes. */
  readonly otherVms: boolean;
  readonly agent: boolean;
  /** libvirt's checkpoints. */
  readonly checkpoints?: boolean;
  /**
   * Whether RAM can be kept while the guest runs on: as far as can be seen, or with a try, for which libvirt marks the
   * VM.
   */
  readonly seamless?: 'look' | 'try';
  /** What QEMU says against saving the RAM: libvirt marks a VM that is asked. */
  readonly ramBlockers?: boolean;
  /** What a snapshot of a running guest's RAM has left in QEMU. */
  readonly stream?: boolean;
  /** The limits of its disks and networks. */
  readonly tuning?: boolean;
  /** Whether debuggers can connect. */
  readonly debugger?: boolean;
  /** Which files somebody has open to write to. */
  readonly written: boolean;
  /** The images in the VM's folders that no VM names: one may rest on what goes or changes. */
  readonly strays?: boolean;
  /** What a VM that runs starts with next time. */
  readonly configured?: boolean;
  /** What the VM is configured with, and what it was when these snapshots were taken; without any, neither is read. */
  readonly hardware?: readonly string[];
  /** What the VM is configured with. */
  readonly hardwareNow?: boolean;
  /** Snapshots of which a VM is to be made. */
  readonly startNeeds?: readonly string[];
  /** Files with RAM that is to come back or to go: whose it is. */
  readonly savedRam?: readonly string[];
  /** UUID of the VM whose files our record may name. */
  readonly made?: string;
}

/**
 * The snapshots whose hardware is compared, to skip a checkpoint where nothing changed since the current snapshot, or
 * since the base of a leaf of the layout.
 */
export function hardwareSince({ tree, capabilities }: KnownFacts, ...others: readonly string[]): readonly string[] {
  const path = activePath(tree);
  const since = path.slice(
    Math.max(
      0,
      path.findLastIndex(({ trailers }) => trailers.auto !== 'layout'),
    ),
  );
  return capabilities.driver === 'qemu' ? [...new Set([...since.map(({ name }) => name), ...others])] : [];
}

/** What is known before anything is asked for. */
export type KnownFacts = Pick<Facts, 'vm' | 'tree' | 'capabilities'>;

export const noFacts: RequiredFacts = {
  blockJobs: false,
  frozenDisks: [],
  otherVms: false,
  agent: false,
  written: false,
};

/** The facts for an operation that may save RAM. Most VMs are not asked, for libvirt marks those that are. */
export function factsOfRam({ vm, capabilities: { driver, readOnly } }: Pick<KnownFacts, 'vm' | 'capabilities'>): {
  readonly ramBlockers?: true;
} {
  return driver === 'qemu' && !readOnly && isActive(vm.power) && vm.ramInDoubt === true ? { ramBlockers: true } : {};
}

/** The facts for an operation that changes files which snapshots of any branch may rest on. */
export function factsOfAll({ vm, tree }: KnownFacts): RequiredFacts {
  return {
    blockJobs: isActive(vm.power),
    frozenDisks: tree.snapshots.map(({ name }) => name),
    otherVms: true,
    strays: true,
    agent: false,
    written: true,
  };
}

/**
 * The facts for a delete of these: a removed tag changes nothing for images that rest on that image, and it stays while
 * a program has the image open.
 */
export function factsOfDeleted(names: readonly string[], known: KnownFacts): RequiredFacts {
  const { vm, tree } = known;
  const there = names.flatMap((name) => findSnapshot(tree, name) ?? []);
  return {
    ...(hasExternal(tree)
      ? factsOfAll(known)
      : {
          ...noFacts,
          blockJobs: isActive(vm.power),
          frozenDisks: there.map(({ name }) => name),
          strays: false,
          written: asksForWritten(known),
        }),
    savedRam: there.flatMap(savedRamOf),
  };
}

export function hasExternal({ snapshots }: Facts['tree']): boolean {
  return snapshots.some(({ style }) => style === 'external');
}

/** Where its RAM is kept in a file of its own. */
export function savedRamOf(snapshot: Snapshot | undefined): readonly string[] {
  return snapshot?.memory.file === undefined ? [] : [snapshot.memory.file];
}

/** Absolute paths on the hypervisor's host, without doubles. */
export interface RequiredFiles {
  /** Each with every file that it rests on, down to the one without a backing file. */
  readonly images: readonly string[];
  readonly files: readonly string[];
  /** Those of them whose content counts, and that are small. */
  readonly sums?: readonly string[];
  /** Free space, what is in them, and whether files can be made and removed there. */
  readonly folders: readonly string[];
  /** Whether what is in them can be changed by us. */
  readonly changes?: readonly string[];
}

export const noFiles: RequiredFiles = { images: [], files: [], folders: [] };

/** What the VM's disks stand on. */
export function presentFiles({ vm }: Facts): readonly string[] {
  return snapshotableDisks(vm).flatMap(({ source }) => source ?? []);
}

/** Asked for before the files, so that they can be looked at. */
export function configuredFiles({ configured = [] }: Facts): readonly string[] {
  return configured.flatMap(({ device, source }) => (device === 'disk' ? (source ?? []) : []));
}

/** The files for a delete of these. */
export function filesOfDeleted(names: readonly string[], facts: Facts): RequiredFiles {
  const present = presentFiles(facts);
  if (hasExternal(facts.tree)) {
    return withMergedImages(filesOfSnapshots(names, [...present, ...imagesBelowUndescribed(facts)], [], facts), facts);
  }
  return filesIn(facts, present, copiesOfState(names, facts));
}

/**
 * The overlays of a VM that is off are merged by us, and whatever may stand on one is put on what takes it. While it is
 * on, what stands beside its chain stays where it is: see `overlayLeftRefusal`.
 */
export function withMergedImages(wanted: RequiredFiles, facts: Facts): RequiredFiles {
  const { tree, frozenDisks } = facts;
  const frozen = [...(frozenDisks?.values() ?? [])].flatMap((disks) => disks.flatMap(({ source }) => source ?? []));
  const made = tree.snapshots
    .flatMap(({ disks, revertDisks = [] }) => [...disks, ...revertDisks])
    .flatMap(({ file }) => file ?? []);
  const all = isActive(facts.vm.power) ? made : [...presentFiles(facts), ...frozen, ...made];
  const seen = [...new Set(all.filter((path) => path.startsWith('/')))];
  const images = [...new Set([...wanted.images, ...seen])];
  return isActive(facts.vm.power) ? { ...wanted, images } : { ...wanted, images, changes: seen };
}

function copiesOfState(names: readonly string[], { vm, tree }: Facts): readonly string[] {
  return names.flatMap((name) => stateCopies(vm, findSnapshot(tree, name) ?? { name }));
}

export function filesOfSnapshots(
  names: readonly string[],
  present: readonly string[],
  files: readonly string[],
  facts: Facts,
): RequiredFiles {
  const { tree, frozenDisks } = facts;
  const images = [...present];
  const others = [...files];
  const sums = copiesOfState(names, facts);
  for (const name of names) {
    images.push(...(frozenDisks?.get(name) ?? []).flatMap((disk) => xmlChain(disk).slice(0, 1)));
    const snapshot = findSnapshot(tree, name);
    images.push(...[...(snapshot?.disks ?? []), ...(snapshot?.revertDisks ?? [])].flatMap(({ file }) => file ?? []));
    others.push(...(snapshot?.memory.file === undefined ? [] : [snapshot.memory.file]));
    others.push(...copiesOfState([name], facts));
  }
  return { ...filesIn(facts, images, others), ...(sums.length === 0 ? {} : { sums }) };
}

/** With all that the VM and its snapshots name: only so it shows whether another path leads to one of these. */
export function withClaimed(wanted: RequiredFiles, facts: Facts): RequiredFiles {
  const { images, files } = wanted;
  const claims = [...ownClaims(facts)].filter((path) => path.startsWith('/') && !images.includes(path));
  return { ...wanted, files: [...new Set([...files, ...claims])] };
}

/** Without doubles, and with their folders. */
export function filesIn(facts: Facts, images: readonly string[], files: readonly string[]): RequiredFiles {
  const absolute = (paths: readonly string[]): readonly string[] => [
    ...new Set(paths.filter((path) => path.startsWith('/'))),
  ];
  return {
    images: absolute(images),
    files: absolute(files),
    folders: [...new Set(absolute([...images, ...files]).map((file) => actingFolder(file, facts)))],
  };
}
