// Which files the other VMs of a connection use, so that nothing is taken from under them. Refuses to judge the use.
import type { Hypervisor, NamedByVm, VmHead } from '../driver/hypervisor.js';
import type { Log } from '../base/log.js';
import type { FileFacts, Observation } from '../domain/hostFiles.js';
import type { FrozenFile, OtherVm } from '../domain/facts.js';
import { imageChain } from '../domain/chains/backingChain.js';
import { externalTargets } from '../domain/chains/deletedFiles.js';
import { identitiesOf } from '../domain/chains/samePath.js';
import { snapshotableDisks, type VmDisk } from '../domain/vm.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, within } from '../base/clock.js';
import { mapLimited } from '../base/mapLimited.js';
import { ChainReader, type Formats, formatsOf, readFiles } from './hostFacts.js';

const atOnce = 8;
/** A VM that gives no answer for so long, because something in libvirt holds it, counts as one that cannot be read. */
const patienceMs = 30_000;
/** One of which an answer is due for longer holds nobody up again; what an operation of ours holds is known. */
const knownMs = 3_000;
const late = 'late' as const;

/** What a VM and its snapshots name, before anything is followed. */
interface NamedFiles {
  readonly mark: string;
  /** Images, whose chains are to be followed. */
  readonly images: readonly string[];
  readonly formats: Formats;
  /** Below them, where a running VM tells its whole chain. */
  readonly told: ReadonlyMap<string, readonly string[]>;
  readonly plain: readonly string[];
  /** What its disks are on. */
  readonly writes: readonly string[];
  /** The file that each external snapshot froze. */
  readonly froze: readonly FrozenFile[];
  /** What has no path here. */
  readonly pathless: readonly string[];
}

interface Readable {
  readonly head: VmHead;
  readonly unread: 'no';
  readonly named: NamedFiles;
}

interface Unreadable {
  readonly head: VmHead;
  readonly unread: 'yes';
  readonly before: NamedFiles | undefined;
}

/** What was seen of all that they name. */
interface FollowedFiles {
  readonly chains: ChainReader;
  readonly plain: ReadonlyMap<string, Observation<FileFacts>>;
}

/** With what each of its files is, whatever path leads to it. */
export interface ReadVm extends OtherVm {
  readonly identities: ReadonlyMap<string, readonly string[]>;
}

export interface OtherVmOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** An operation of ours runs on it: where it gives no answer, it uses no file that it did not use before. */
  readonly isHeld: (uuid: string) => boolean;
}

/**
 * What the other VMs of one connection use. What a VM names is read again only when its disks or the names of its
 * snapshots changed: a revert of it changes the former; the files themselves are looked at each time, for nothing tells
 * when another program changed them.
 */
export class OtherVmFacts {
  readonly #options: OtherVmOptions;
  readonly #named = new Map<string, NamedFiles>();
  readonly #silent = new Set<string>();

  constructor(options: OtherVmOptions) {
    this.#options = options;
  }

  async read(hypervisor: Hypervisor, except: string): Promise<readonly ReadVm[]> {
    const expected = new Set([...this.#named].flatMap(([uuid, named]) => (uuid === except ? [] : [named])));
    // Most name what they named before: their files are looked at beside them.
    const [all, expectedChains] = await Promise.all([
      this.#readAll(hypervisor, except),
      this.#follow(hypervisor, expected),
    ]);
    const readable = new Set(all.flatMap((one) => (one.unread === 'yes' ? [] : [one.named])));
    const same = readable.size === expected.size && [...readable].every((named) => expected.has(named));
    // What one names now may make another read the same file as another format: then all of them are followed again.
    const chains = same ? expectedChains : await this.#follow(hypervisor, readable);
    return all.map((one) => (one.unread === 'yes' ? unreadVm(one) : readVmOf(one, chains)));
  }

  async #readAll(hypervisor: Hypervisor, except: string): Promise<readonly (Readable | Unreadable)[]> {
    const heads = await hypervisor.listVms();
    const there = new Set(heads.map(({ uuid }) => uuid));
    [...this.#named.keys()].filter((uuid) => !there.has(uuid)).forEach((uuid) => this.#named.delete(uuid));
    const others = heads.filter(({ uuid }) => uuid !== except);
    const all = await mapLimited(others, atOnce, (head) => this.#one(hypervisor, head));
    return all.flatMap((one) => (one === 'gone' ? [] : [one]));
  }

  /** All of them in one walk: where chains meet, who comes second sees what lies below only when all have come down. */
  async #follow({ files }: Hypervisor, all: ReadonlySet<NamedFiles>): Promise<FollowedFiles> {
    const { log, clock } = this.#options;
    const chains = new ChainReader(files, 'head', log, clock);
    all.forEach(({ formats }) => chains.know(formats));
    // A medium has no layers to be followed, but it may be somebody's image under another name.
    const told = [...all].flatMap((named) => [...named.plain, ...[...named.told.values()].flat()]);
    const [plain] = await Promise.all([
      readFiles(files, new Set(told), log, clock),
      chains.follow([...all].flatMap(({ images }) => images)),
    ]);
    return { chains, plain };
  }

  async #one(hypervisor: Hypervisor, head: VmHead): Promise<Readable | Unreadable | 'gone'> {
    const { uuid, name } = head;
    const before = this.#named.get(uuid);
    const asUnread = (why: string): Readable | Unreadable => {
      if (before !== undefined && this.#options.isHeld(uuid)) {
        return { head, named: before, unread: 'no' };
      }
      this.#options.log.warn(`the files of VM ${name} count as not seen: ${why}`);
      return { head, unread: 'yes', before };
    };
    try {
      const isKnown = this.#silent.has(uuid) || (before !== undefined && this.#options.isHeld(uuid));
      const reading = this.#read(hypervisor, uuid);
      const named = await within(this.#options.clock, isKnown ? knownMs : patienceMs, reading, late);
      if (named === late) {
        this.#noteSilent(uuid, reading);
        return asUnread('it gives no answer');
      }
      this.#named.set(uuid, named);
      return { head, named, unread: 'no' };
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind === 'lost' || failure.kind === 'cancelled') {
        throw failure;
      }
      if (failure.kind === 'notFound') {
        this.#named.delete(uuid);
        return 'gone';
      }
      return asUnread(`${failure.kind}: ${failure.message}`);
    }
  }

  /** Until it answers, whatever it says. */
  #noteSilent(uuid: string, reading: Promise<unknown>): void {
    if (!this.#options.isHeld(uuid)) {
      this.#silent.add(uuid);
      const forget = (): unknown => this.#silent.delete(uuid);
      reading.then(forget, forget);
    }
  }

  async #read(hypervisor: Hypervisor, uuid: string): Promise<NamedFiles> {
    const vm = await hypervisor.readReferences(uuid);
    const mark = JSON.stringify([vm.snapshots, vm.disks, vm.nvram, vm.configured, vm.savedDisks, vm.mentions]);
    const before = this.#named.get(uuid);
    if (before?.mark === mark) {
      return before;
    }
    const tree = vm.snapshots.length === 0 ? { snapshots: [] } : await hypervisor.readTree(uuid);
    const frozen = await mapLimited(tree.snapshots, atOnce, ({ name }) => frozenDisks(hypervisor, uuid, name));
    const overlays = tree.snapshots.flatMap(({ disks, revertDisks }) => [...disks, ...(revertDisks ?? [])]);
    const froze = tree.snapshots.flatMap((snapshot, at) =>
      externalTargets(snapshot).flatMap((target) => {
        const file = frozen[at]?.find((disk) => disk.target === target)?.source;
        return file === undefined ? [] : [{ file, snapshot: snapshot.title, isTop: true as const }];
      }),
    );
    const memory = tree.snapshots.map((snapshot) => snapshot.memory.file);
    const others = [...overlays, ...(vm.savedDisks ?? [])];
    const plain = [vm.nvram, ...memory, ...(vm.mentions ?? [])];
    return { mark, froze, ...namedBy(vm, [...(vm.configured ?? []), ...frozen.flat()], others, plain) };
  }
}

/** When the chains have been followed. */
function readVmOf({ head: { uuid, name, active }, named }: Readable, { chains, plain }: FollowedFiles): ReadVm {
  const files = new Set(named.plain);
  const unread = new Set(named.pathless);
  for (const image of named.images) {
    const chain = imageChain(image, chains.images);
    const told = named.told.get(image);
    [...chain.files, ...(told ?? [])].forEach((file) => files.add(file));
    if ((chain.last === undefined || chain.last === 'unknown') && told === undefined) {
      unread.add(chain.files.at(-1) ?? image);
    }
  }
  const froze = new Map(named.froze.map((one) => [one.file, one]));
  for (const { file: top, snapshot } of named.froze) {
    imageChain(top, chains.images).files.forEach((file) => froze.set(file, froze.get(file) ?? { file, snapshot }));
  }
  const below = named.writes.flatMap((disk) => {
    const [, ...lower] = new Set([...imageChain(disk, chains.images).files, ...(named.told.get(disk) ?? [])]);
    return lower.map((file) => ({ disk, file }));
  });
  return {
    uuid,
    name,
    active,
    files: [...files],
    unread: [...unread],
    writes: named.writes,
    below,
    froze: [...froze.values()],
    identities: new Map(
      [...files].map((file) => [file, identitiesOf(file, chains.images.get(file) ?? plain.get(file))]),
    ),
  };
}

/**
 * What it named before may be its files still, and it may have got others since: even where it had none, it is unread.
 */
function unreadVm({ head: { uuid, name }, before }: Unreadable): ReadVm {
  const { images = [], plain = [], pathless = [], writes = [] } = before ?? {};
  const files = [...images, ...plain];
  const identities = new Map(files.map((file) => [file, identitiesOf(file, undefined)]));
  return { uuid, name, files, writes, unread: [...(images.length === 0 ? [name] : images), ...pathless], identities };
}

/** One that vanished between two looks names nothing. */
async function frozenDisks(hypervisor: Hypervisor, uuid: string, snapshot: string): Promise<readonly VmDisk[]> {
  try {
    return (await hypervisor.readFrozen(uuid, snapshot)).disks;
  } catch (error) {
    const failure = asFailure(error);
    if (failure.kind === 'notFound') {
      return [];
    }
    throw failure;
  }
}

function namedBy(
  vm: NamedByVm,
  frozen: readonly VmDisk[],
  overlays: readonly { readonly file?: string }[],
  others: readonly (string | undefined)[],
): Omit<NamedFiles, 'mark' | 'froze'> {
  const images = new Set<string>();
  const told = new Map<string, readonly string[]>();
  const plain = new Set(others.filter((file) => file !== undefined));
  const pathless: string[] = [];
  for (const disk of [...vm.disks, ...frozen]) {
    if (disk.source === undefined) {
      if (disk.sourceType !== 'file' && disk.sourceType !== 'block' && disk.sourceType !== 'network') {
        pathless.push(`${vm.name}: ${disk.target}`);
      }
    } else if (disk.device === 'cdrom' || disk.device === 'floppy') {
      plain.add(disk.source);
    } else {
      images.add(disk.source);
      disk.backing?.forEach((file) => plain.add(file));
    }
  }
  for (const { source, backing } of vm.disks) {
    if (source !== undefined && backing !== undefined) {
      told.set(source, backing);
    }
  }
  overlays.forEach(({ file }) => file !== undefined && images.add(file));
  const writes = snapshotableDisks(vm).flatMap(({ source }) => source ?? []);
  return {
    writes,
    images: [...images],
    formats: formatsOf([...vm.disks, ...frozen]),
    told,
    plain: [...plain],
    pathless,
  };
}
