// What has to be looked at before a request can be decided for good: reads are dear, so each kind of request names its
// own. Knows no rule, and reads nothing.
import { layersOf } from '../domain/chains/fileUse.js';
import { asksForWritten } from '../domain/chains/lostQemu.js';
import { nvramCopy } from '../domain/chains/nvramCopy.js';
import { actingFolder } from '../domain/chains/overlayFiles.js';
import type { OperationRequest } from '../domain/operation.js';
import type { Facts } from '../domain/facts.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { descendantsOf, findSnapshot, leafFirst } from '../domain/snapshotTree.js';
import { isActive, snapshotableDisks } from '../domain/vm.js';

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
  /** Which files somebody has open to write to. */
  readonly written: boolean;
  /** The images in the VM's folders that no VM names: one may rest on what goes or changes. */
  readonly strays?: boolean;
  /** What a VM that runs starts with next time. */
  readonly configured?: boolean;
  /** Files with RAM that is to come back or to go: whose it is. */
  readonly savedRam?: readonly string[];
}

/**
 * | request                 | snapshots of the VM | block jobs | frozen disks of      | others    | agent          |
 * |-------------------------|---------------------|------------|----------------------|-----------|----------------|
 * | create                  | any                 | yes        | none                 | no        | VM active, quiesce asked for |
 * | revert                  | internal only       | yes        | the one to revert to | yes       | VM active      |
 * | delete                  | internal only       | yes        | those that go        | no        | no             |
 * | revert, delete          | some external       | yes        | all                  | yes       | as above       |
 * | rename                  | any                 | no         | none                 | no        | no             |
 * | repair: thaw, resume after a save | any       | no         | none                 | no        | VM active      |
 * | repair: keep the VM     | any                 | yes        | none                 | no        | no             |
 * | repair, other           | any                 | yes        | all                  | yes       | no             |
 * | resume after a revert   | any                 | no         | the external ones    | no        | no             |
 * | start                   | some external       | no         | none                 | yes       | no             |
 * | consolidate             | any                 | yes        | all                  | yes       | no             |
 * | prune                   | internal only       | yes        | those that go        | no        | no             |
 * | prune                   | some external       | yes        | all                  | yes       | no             |
 * | describe, other power   | any                 | no         | none                 | no        | no             |
 *
 * A VM that is off has no block jobs, and the test driver has neither. A tag that goes out of an image changes nothing for
 * whoever rests on that image. What no rule asks for is not looked at: a guest's agent and other VMs take longer to ask
 * than the whole rest.
 *
 * Others are VMs, images that no VM names, and programs that have images open. A start asks for the VMs alone.
 *
 * Which files are open is also asked for where the request looks at images, and that can tell of a QEMU that libvirt has lost
 * (`asksForWritten`).
 */
export function requiredFacts(
  request: OperationRequest,
  facts: Pick<Facts, 'vm' | 'tree' | 'capabilities'>,
): RequiredFacts {
  const own = factsFor(request, facts);
  if (facts.capabilities.driver !== 'qemu' || !minds(request)) {
    return own;
  }
  return { ...own, checkpoints: true, ...(mayBeUntold(facts.vm) ? { configured: true } : {}) };
}

/** libvirt gives a volume whose format nobody says one when the VM starts. */
function mayBeUntold({ power, persistent, disks }: Facts['vm']): boolean {
  return isActive(power) && persistent && disks.some(({ volume, format }) => volume !== undefined && format === 'raw');
}

/** What makes or changes snapshots may be refused by libvirt beside checkpoints; the state of the VM and stray files may not. */
function minds(request: OperationRequest): boolean {
  return request.kind !== 'power' && (request.kind !== 'repair' || 'snapshot' in request.repair);
}

function factsFor(
  request: OperationRequest,
  { vm, tree, capabilities }: Pick<Facts, 'vm' | 'tree' | 'capabilities'>,
): RequiredFacts {
  const nothing: RequiredFacts = { blockJobs: false, frozenDisks: [], otherVms: false, agent: false, written: false };
  if (capabilities.driver !== 'qemu') {
    return nothing;
  }
  const external = tree.snapshots.filter(({ style }) => style === 'external');
  const all = tree.snapshots.map(({ name }) => name);
  const active = isActive(vm.power);
  const written = asksForWritten({ vm, tree });
  switch (request.kind) {
    case 'describe':
    case 'rename':
      return nothing;
    case 'power': {
      const resumes = request.action === 'resume' && vm.powerReason === 'fromSnapshot';
      // Who has a file below the VM's disk open is known only when it is known who else stands on it.
      const otherVms = request.action === 'start' && external.length > 0;
      return {
        ...nothing,
        otherVms,
        written: request.action === 'start' && written,
        frozenDisks: resumes ? external.map(({ name }) => name) : [],
      };
    }
    case 'create':
      return { ...nothing, blockJobs: active, agent: active && vm.agentChannel && request.quiesce === true, written };
    case 'repair':
      if (request.repair.kind === 'keepVm') {
        return { ...nothing, blockJobs: active };
      }
      return request.repair.kind === 'thawGuest' || request.repair.kind === 'resumeAfterSave'
        ? { ...nothing, agent: active && vm.agentChannel }
        : {
            blockJobs: active,
            frozenDisks: all,
            otherVms: true,
            strays: true,
            agent: false,
            written: true,
            ...(request.repair.kind === 'configureDisks' ? { configured: active } : {}),
            ...(request.repair.kind === 'keepDisks' || request.repair.kind === 'finishDelete'
              ? { savedRam: savedRamOf(findSnapshot(tree, request.repair.snapshot)) }
              : {}),
          };
    case 'consolidate':
      return {
        blockJobs: active,
        frozenDisks: all,
        otherVms: true,
        strays: true,
        agent: false,
        written: true,
        savedRam: tree.snapshots.flatMap(savedRamOf),
      };
    case 'prune': {
      const touched = request.snapshots.filter((name) => findSnapshot(tree, name) !== undefined);
      const some = external.length > 0;
      return {
        blockJobs: active,
        frozenDisks: some ? all : touched,
        otherVms: some,
        strays: some,
        agent: false,
        written: some,
        savedRam: touched.flatMap((name) => savedRamOf(findSnapshot(tree, name))),
      };
    }
    case 'revert':
    case 'delete': {
      const touched = request.kind === 'revert' ? [request.snapshot] : doomedBy(request, tree).map(({ name }) => name);
      const others = request.kind === 'revert' || external.length > 0;
      return {
        blockJobs: active,
        frozenDisks: external.length > 0 ? all : touched.filter((name) => findSnapshot(tree, name) !== undefined),
        otherVms: others,
        strays: others,
        agent: request.kind === 'revert' && active && vm.agentChannel,
        written: others,
        savedRam: touched.flatMap((name) => savedRamOf(findSnapshot(tree, name))),
      };
    }
  }
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
  /** Free space, what is in them, and whether files can be made and removed there. */
  readonly folders: readonly string[];
  /** Whether what is in them can be changed by us. */
  readonly changes?: readonly string[];
}

/**
 * | request           | images                                                 | files                                |
 * |-------------------|--------------------------------------------------------|--------------------------------------|
 * | create            | the VM's disks                                         | the VM's NVRAM                       |
 * | revert, leaveFrozenFiles | the VM's disks, what the snapshot froze         | NVRAM, whether it can be changed, and its copy; the memory file |
 * | delete, internal snapshots only | the VM's disks                           | NVRAM copies                         |
 * | delete, finishDelete | the VM's disks, what those that go froze, and the overlays made over it | their memory files, NVRAM copies |
 * | forgetSnapshot, keepDisks, makeCurrent | the VM's disks, what the snapshot froze | its memory file, NVRAM copy       |
 * | configureDisks    | the VM's disks, those that it starts with                | none                                 |
 * | removeTag         | the VM's disks, the image                              | none                                 |
 * | removeFiles       | the VM's disks, those that hold no memory              | those that do                        |
 * | start             | the VM's disks, the overlays of its snapshots           | none                                 |
 * | rename            | none                                                   | its NVRAM copy                       |
 * | consolidate       | the VM's disks, what its snapshots froze, the overlays made over it; off: whether the disks and their bases can be changed | memory files, NVRAM copies |
 * | prune             | as a delete of each                                    | as a delete of each                  |
 * | the rest          | none                                                   | none                                 |
 *
 * The folders are those of all that is named here; for a device, the one that its overlays would stand in.
 *
 * @param facts with the frozen disks that `requiredFacts` names
 */
export function requiredFiles(request: OperationRequest, facts: Facts): RequiredFiles {
  const { vm, capabilities } = facts;
  if (capabilities.driver !== 'qemu') {
    return { images: [], files: [], folders: [] };
  }
  const present = snapshotableDisks(vm).flatMap(({ source }) => source ?? []);
  const variables = vm.nvram === undefined ? [] : [vm.nvram];
  switch (request.kind) {
    case 'describe':
      return { images: [], files: [], folders: [] };
    case 'power':
      return request.action === 'start'
        ? { ...filesIn(facts, [...present, ...overlaysOf(facts)], []), folders: [] }
        : { images: [], files: [], folders: [] };
    case 'rename':
      return filesIn(facts, [], vm.nvram === undefined ? [] : [nvramCopy(vm.nvram, request.snapshot)]);
    case 'create':
      return filesIn(facts, present, variables);
    case 'revert':
      return { ...ofSnapshots([request.snapshot], present, variables, facts), changes: variables };
    case 'delete':
      return ofDeleted(namesOf(doomedBy(request, facts.tree)), present, facts);
    case 'prune':
      return ofDeleted(request.snapshots, present, facts);
    case 'consolidate': {
      const below = vm.disks.flatMap(({ backing = [] }) => backing);
      const seen = ofSnapshots(namesOf(facts.tree.snapshots), [...present, ...below], [], facts);
      return isActive(vm.power) ? seen : { ...seen, changes: present.filter((path) => path.startsWith('/')) };
    }
    case 'repair':
      switch (request.repair.kind) {
        case 'removeTag':
          return filesIn(facts, [...present, request.repair.file], []);
        case 'removeFiles': {
          const isMemory = (file: string): boolean => file.endsWith('.mem');
          const { files } = request.repair;
          const images = files.filter((file) => !isMemory(file));
          return { ...filesIn(facts, [...present, ...images], files.filter(isMemory)), changes: files };
        }
        case 'leaveFrozenFiles':
          return { ...ofSnapshots([request.repair.snapshot], present, variables, facts), changes: variables };
        case 'finishDelete':
        case 'forgetSnapshot':
        case 'keepDisks':
        case 'makeCurrent':
          return ofSnapshots([request.repair.snapshot], present, [], facts);
        case 'configureDisks':
          return filesIn(facts, [...present, ...configuredFiles(facts)], []);
        case 'keepVm':
        case 'resumeAfterSave':
        case 'thawGuest':
          return { images: [], files: [], folders: [] };
      }
  }
}

/** Asked for before the files, so that they can be looked at. */
export function configuredFiles({ configured = [] }: Facts): readonly string[] {
  return configured.flatMap(({ device, source }) => (device === 'disk' ? (source ?? []) : []));
}

function overlaysOf({ tree }: Facts): readonly string[] {
  return tree.snapshots.flatMap(({ disks }) => disks.flatMap(({ file }) => file ?? []));
}

function ofDeleted(names: readonly string[], present: readonly string[], facts: Facts): RequiredFiles {
  const { vm, tree } = facts;
  if (tree.snapshots.some(({ style }) => style === 'external')) {
    return ofSnapshots(names, present, [], facts);
  }
  const { nvram } = vm;
  return filesIn(facts, present, nvram === undefined ? [] : names.map((name) => nvramCopy(nvram, name)));
}

function ofSnapshots(
  names: readonly string[],
  present: readonly string[],
  files: readonly string[],
  facts: Facts,
): RequiredFiles {
  const { vm, tree, frozenDisks } = facts;
  const images = [...present];
  const others = [...files];
  for (const name of names) {
    images.push(...(frozenDisks?.get(name) ?? []).flatMap((disk) => layersOf(disk).slice(0, 1)));
    const snapshot = findSnapshot(tree, name);
    images.push(...(snapshot?.disks ?? []).flatMap(({ file }) => file ?? []));
    others.push(...(snapshot?.memory.file === undefined ? [] : [snapshot.memory.file]));
    others.push(...(vm.nvram === undefined ? [] : [nvramCopy(vm.nvram, name)]));
  }
  return filesIn(facts, images, others);
}

function filesIn(facts: Facts, images: readonly string[], files: readonly string[]): RequiredFiles {
  const absolute = (paths: readonly string[]): readonly string[] => [
    ...new Set(paths.filter((path) => path.startsWith('/'))),
  ];
  return {
    images: absolute(images),
    files: absolute(files),
    folders: [...new Set(absolute([...images, ...files]).map((file) => actingFolder(file, facts)))],
  };
}

/** In the order in which they would go: children before their parents. */
function doomedBy(
  { snapshot, scope }: Extract<OperationRequest, { kind: 'delete' }>,
  tree: SnapshotTree,
): readonly Snapshot[] {
  switch (scope) {
    case 'one':
      return leafFirst(tree, snapshot).slice(-1);
    case 'withDescendants':
      return leafFirst(tree, snapshot);
    case 'descendants':
      return descendantsOf(tree, snapshot).toReversed();
  }
}

function namesOf(snapshots: readonly Snapshot[]): readonly string[] {
  return snapshots.map(({ name }) => name);
}
