// Gathers what a decision rests on. Reads are dear, so only what the rules of the request ask for is read, and what
// belongs together at once. It refuses to decide.
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import type { Log } from '../log/log.js';
import { examinationNeeds } from '../doctor/examinationNeeds.js';
import { type FileNeeds, fileNeeds, type Needs, needs } from '../plans/needs.js';
import type { OneSnapshot } from '../journal/snapshotRecords.js';
import type { VmLayers } from '../model/layers.js';
import type { OperationRequest } from '../model/operation.js';
import { folderOf } from '../chains/overlayFiles.js';
import type { AutoSnapshot, OtherVm, Situation, Step } from '../model/plan.js';
import type { BrokenOff } from '../model/recovery.js';
import { namedFiles } from '../chains/fileUse.js';
import { pathsByIdentity } from '../chains/samePath.js';
import type { SnapshotTree } from '../model/snapshot.js';
import { isActive, type Vm, type VmRef } from '../model/vm.js';
import { asFailure } from './asFailure.js';
import { fewAtOnce } from './fewAtOnce.js';
import { type Formats, formatsOf, readHostFacts } from './hostFacts.js';
import type { Keeping } from './keeping.js';
import { keptSnapshots } from './keptSnapshots.js';
import type { OtherVmFacts, SeenVm } from './otherVmFacts.js';

const atOnce = 32;

/** What we know of a VM beside what the hypervisor tells. */
export interface OwnKnowledge {
  readonly records?: readonly AutoSnapshot[];
  readonly marks?: readonly OneSnapshot[];
  readonly layers?: VmLayers | undefined;
  readonly ranSince?: readonly string[] | undefined;
}

export async function readOwnKnowledge(
  { records, marks }: Pick<Keeping, 'records' | 'marks'>,
  ref: VmRef,
): Promise<OwnKnowledge> {
  const [ofRecords, ofMarks] = await Promise.all([records.of(ref), marks.of(ref)]);
  return { records: ofRecords, marks: ofMarks };
}

/** @param nowMs milliseconds since 1970 */
export function knownSituation(
  { capabilities }: Hypervisor,
  vm: Vm,
  tree: SnapshotTree,
  nowMs: number,
  { records, marks, layers, ranSince }: OwnKnowledge = {},
): Situation {
  return {
    vm,
    tree,
    capabilities,
    now: nowMs / 1000,
    ...(records === undefined ? {} : { autoSnapshots: records }),
    ...(marks === undefined ? {} : { kept: keptSnapshots(tree, marks).map(({ name }) => name) }),
    ...(layers === undefined ? {} : { layers }),
    ...(ranSince === undefined ? {} : { ranSince }),
  };
}

export interface SituationSources {
  readonly hypervisor: Hypervisor;
  readonly otherVms: OtherVmFacts;
  readonly log: Log;
}

/** Which facts somebody asks for: the rules of a request, or of something wider. */
export interface Asked {
  readonly needs: Needs;
  /** Told when the frozen disks are there, which name the files. */
  readonly files: (situation: Situation) => FileNeeds;
  /** Told once more when the folders were listed, for what is in them. */
  readonly again?: (situation: Situation) => FileNeeds;
}

export function askedBy(request: OperationRequest, known: Situation): Asked {
  return {
    needs: needs(request, known),
    files: (situation) => {
      const wanted = fileNeeds(request, situation);
      // A file that is to go for good may be named in another way by a snapshot that has nothing else to do with it.
      return request.type === 'repair' && request.repair.what === 'removeFiles'
        ? { ...wanted, files: [...new Set([...wanted.files, ...absolute(namedFiles(situation))])] }
        : wanted;
    },
  };
}

function absolute(paths: Iterable<string>): readonly string[] {
  return [...paths].filter((path) => path.startsWith('/'));
}

/** Everything that can be looked at. */
export function askedByDoctor({ vm, tree, capabilities }: Situation): Asked {
  const isQemu = capabilities.driver === 'qemu';
  const active = isQemu && isActive(vm.power);
  const frozenDisks = isQemu ? tree.snapshots.map(({ name }) => name) : [];
  return {
    needs: { blockJobs: active, frozenDisks, otherVms: isQemu, agent: active && vm.agentChannel },
    files: examinationNeeds,
    again: examinationNeeds,
  };
}

/**
 * What can have become of an operation that broke off: the files that it was to make or remove are looked at too, and
 * all snapshots, for it may be that none of those that it named is left.
 */
export function askedByRecovery({ request, plan }: BrokenOff, known: Situation): Asked {
  return {
    needs: askedByDoctor(known).needs,
    files: (situation) => {
      const wanted = fileNeeds(request, situation);
      const { images, files } = filesOf(plan.steps);
      const present = situation.vm.disks.flatMap(({ source }) => (source?.startsWith('/') === true ? [source] : []));
      return {
        ...wanted,
        images: [...new Set([...wanted.images, ...images, ...present])],
        files: [...new Set([...wanted.files, ...files])],
        folders: [...new Set([...wanted.folders, ...[...images, ...files].map(folderOf)])],
      };
    },
  };
}

function filesOf(steps: readonly Step[]): { readonly images: readonly string[]; readonly files: readonly string[] } {
  const images: string[] = [];
  const files: string[] = [];
  for (const step of steps) {
    switch (step.do) {
      case 'createSnapshot':
        images.push(...step.disks.flatMap(({ file }) => file ?? []));
        files.push(...(step.memoryFile === undefined ? [] : [step.memoryFile]));
        break;
      case 'adoptSnapshot':
        images.push(...step.made.disks.flatMap(({ file }) => file ?? []), ...step.below.map(({ file }) => file));
        break;
      case 'createOverlays':
        images.push(...step.overlays.flatMap(({ file, backing }) => [file, backing]));
        break;
      case 'defineFromSnapshot':
        images.push(...step.disks.map(({ file }) => file));
        break;
      case 'restoreMemory':
        images.push(...step.disks.map(({ file }) => file));
        files.push(step.file);
        break;
      case 'removeFiles':
        // Overlays go only where they are known to be empty; RAM is no image.
        images.push(...step.files.filter((file) => !file.endsWith('.mem')));
        files.push(...step.files);
        break;
      case 'removeTag':
        images.push(step.file);
        break;
      case 'copyFile':
        files.push(step.from, step.to);
        break;
      case 'blockCommit':
        images.push(step.top, step.base);
        break;
      case 'commitImages':
        images.push(...step.disks.flatMap(({ top, base }) => [top, base]));
        break;
      case 'makeCurrent':
      case 'revert':
      case 'deleteSnapshot':
      case 'describeSnapshot':
      case 'forgetSnapshot':
      case 'redefineAs':
      case 'reparent':
      case 'clearUnfinishedDelete':
      case 'makePersistent':
      case 'power':
      case 'startPaused':
      case 'dropManagedSave':
      case 'waitUntil':
      case 'thawGuest':
      case 'setGuestClock':
        break;
    }
  }
  return { images, files };
}

/** Part after part; who cannot wait for the last one takes what is there. */
export class SituationReader {
  readonly #sources: SituationSources;
  #situation: Situation;

  constructor(sources: SituationSources, known: Situation) {
    this.#sources = sources;
    this.#situation = known;
  }

  get soFar(): Situation {
    return this.#situation;
  }

  /** Nothing may run on the VM meanwhile. Rejects with the Failure of a read. */
  async read(asked: Asked): Promise<Situation> {
    const { hypervisor, otherVms } = this.#sources;
    const { vm } = this.#situation;
    let seenVms: readonly SeenVm[] = [];
    await Promise.all([
      this.#frozenAndFiles(asked),
      this.#part(
        asked.needs.blockJobs,
        () => hypervisor.readBlockJobs(vm),
        (blockJobs) => ({ blockJobs }),
      ),
      this.#part(
        asked.needs.agent,
        () => hypervisor.probeAgent(vm),
        (agent) => ({ agent }),
      ),
      this.#part(
        asked.needs.otherVms,
        () => otherVms.read(hypervisor, vm.uuid),
        (others) => {
          seenVms = others;
          return { otherVms: others.map(withoutIdentities) };
        },
      ),
    ]);
    // Each part may be the last to come: only now is it known which paths of the one lead to files of the others.
    this.#situation = inOwnWords(this.#situation, seenVms);
    return this.#situation;
  }

  async #frozenAndFiles(asked: Asked): Promise<void> {
    const { hypervisor, log } = this.#sources;
    const { uuid } = this.#situation.vm;
    const { frozenDisks: names } = asked.needs;
    await this.#part(
      names.length > 0,
      () => fewAtOnce(names, atOnce, async (name) => [name, await readFrozenDisks(hypervisor, uuid, name)] as const),
      (disks) => ({
        // A snapshot that vanished between the two looks is not there to be asked: `disks` is undefined then.
        frozenDisks: new Map(disks.flatMap(([name, own]) => (own === undefined ? [] : [[name, own] as const]))),
      }),
    );
    for (const wanted of [asked.files, asked.again]) {
      const needed = wanted?.(this.#situation) ?? { images: [], files: [], folders: [] };
      const { images, files, folders } = needed;
      await this.#part(
        images.length + files.length + folders.length > 0,
        () => readHostFacts(hypervisor.files, needed, log, formatsIn(this.#situation)),
        (seen) => ({ files: seen }),
      );
    }
  }

  async #part<T>(wanted: boolean, read: () => Promise<T>, keep: (value: T) => Partial<Situation>): Promise<void> {
    if (wanted) {
      const part = keep(await read());
      this.#situation = { ...this.#situation, ...part };
    }
  }
}

/** Rules compare paths as text: files of other VMs get the names by which this one knows them too. */
function inOwnWords(situation: Situation, others: readonly SeenVm[]): Situation {
  const { files } = situation;
  if (others.length === 0) {
    return situation;
  }
  const own = pathsByIdentity([...namedFiles(situation), ...pathsOf(files)], files);
  const otherVms = others.map((other): OtherVm => {
    const names = new Set([...other.files, ...other.identities.flatMap((identity) => own.get(identity) ?? [])]);
    return { ...withoutIdentities(other), files: [...names] };
  });
  return { ...situation, otherVms };
}

function formatsIn({ vm, frozenDisks }: Situation): Formats {
  return formatsOf([...vm.disks, ...[...(frozenDisks?.values() ?? [])].flat()]);
}

function pathsOf(files: Situation['files']): readonly string[] {
  return files === undefined ? [] : [...files.images.keys(), ...files.files.keys()];
}

function withoutIdentities({ uuid, name, files, unread }: SeenVm): OtherVm {
  return { uuid, name, files, unread };
}

async function readFrozenDisks(
  hypervisor: Hypervisor,
  uuid: string,
  name: string,
): Promise<readonly Vm['disks'][number][] | undefined> {
  try {
    return await hypervisor.readFrozenDisks(uuid, name);
  } catch (error) {
    const failure = asFailure(error);
    if (failure.kind === 'notFound') {
      return undefined;
    }
    throw failure;
  }
}
