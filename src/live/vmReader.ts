// Reads the VMs of one connection into the picture, each at most once at a time. It refuses to know when to look.
import type { Hypervisor, VmHead } from '../driver/hypervisor.js';
import { Failure } from '../domain/failure.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { Vm, VmRef } from '../domain/vm.js';
import { asFailure } from '../domain/asFailure.js';
import type { Clock } from '../base/clock.js';
import type { Store } from './store.js';
import type { Aspect } from './staleness.js';
import type { VmView } from './views.js';

/** A VM whose read failed is left alone for so long, unless somebody asks for it. */
const afterFailureMs = 10_000;

interface PendingRead {
  /** Aspects to read as soon as the read under way is over; after a failure, what it owes to the next read. */
  readonly wanted: Set<Aspect>;
  /** Names for the aspect `roll`. */
  roll: readonly string[];
  run: Promise<void> | undefined;
  notBefore: number;
}

interface VmReaderOptions {
  readonly uri: string;
  readonly store: Store;
  readonly clock: Clock;
  /** Whether the snapshots of this VM are shown now. */
  readonly inAttention: (uuid: string) => boolean;
  /** Told when the snapshots of a VM have been read. */
  readonly afterTree: (uuid: string) => void;
}

/**
 * Whether another client's external snapshot came between the two reads: the disks are of before it, and would be taken
 * for ones that write into what it holds.
 */
function isOlder(
  { disks }: Vm,
  before: SnapshotTree | undefined,
  { snapshots, current: name }: SnapshotTree = { snapshots: [] },
): boolean {
  const current = snapshots.find((one) => one.name === name);
  const isNew = current !== undefined && before?.snapshots.some((one) => one.name === name) !== true;
  return (
    isNew &&
    current.disks.some(
      ({ target, location, file }) =>
        location === 'external' &&
        file !== undefined &&
        disks.some((disk) => disk.target === target && disk.source !== file),
    )
  );
}

export class VmReader {
  readonly #options: VmReaderOptions;
  readonly #readings = new Map<string, PendingRead>();
  #hypervisor: Hypervisor | undefined;

  constructor(options: VmReaderOptions) {
    this.#options = options;
  }

  setHypervisor(hypervisor: Hypervisor | undefined): void {
    this.#hypervisor = hypervisor;
    for (const reading of this.#readings.values()) {
      reading.notBefore = 0;
    }
  }

  ref(uuid: string): VmRef {
    return { connection: this.#options.uri, uuid };
  }

  view(uuid: string): VmView | undefined {
    return this.#options.store.vm(this.ref(uuid));
  }

  /** A read of it is under way, or failed a moment ago. */
  isResting(uuid: string): boolean {
    const reading = this.#readings.get(uuid);
    return reading !== undefined && (reading.run !== undefined || reading.notBefore > this.#options.clock.ticks());
  }

  /**
   * Reads these aspects of a VM into the picture, after the read under way if there is one, and of the snapshots
   * named by `roll` their content. Rejects with the Failure of the read, which the picture then shows too; a VM that
   * is gone is taken out of the picture (`notFound`).
   */
  read(uuid: string, aspects: Iterable<Aspect>, roll: readonly string[] = []): Promise<void> {
    const reading = this.#pendingRead(uuid);
    for (const aspect of aspects) {
      reading.wanted.add(aspect);
    }
    if (roll.length > 0) {
      reading.wanted.add('roll');
      reading.roll = roll;
    }
    reading.run ??= this.#drain(uuid, reading);
    return reading.run;
  }

  /** It is gone: of one that comes again nothing was tried. */
  forget(uuid: string): void {
    this.#readings.delete(uuid);
  }

  #pendingRead(uuid: string): PendingRead {
    let reading = this.#readings.get(uuid);
    if (reading === undefined) {
      reading = { wanted: new Set(), roll: [], run: undefined, notBefore: 0 };
      this.#readings.set(uuid, reading);
    }
    return reading;
  }

  async #drain(uuid: string, reading: PendingRead): Promise<void> {
    try {
      // `run` must hold this promise before the end below can take it away.
      await Promise.resolve();
      while (reading.wanted.size > 0) {
        const aspects = new Set(reading.wanted);
        reading.wanted.clear();
        await this.#readOnce(uuid, aspects, reading);
      }
    } finally {
      reading.run = undefined;
    }
  }

  async #readOnce(uuid: string, aspects: ReadonlySet<Aspect>, reading: PendingRead): Promise<void> {
    const hypervisor = this.#hypervisor;
    if (hypervisor === undefined) {
      throw new Failure('lost', { connection: this.#options.uri });
    }
    try {
      const before = this.view(uuid);
      const likely = before?.tree?.snapshots.map(({ name }) => name);
      const vm = aspects.has('vm') || before === undefined ? hypervisor.readVm(uuid) : undefined;
      // Beside the VM, for neither rests on the other; if that cannot be read, nobody asks what came of the tree.
      const tree = aspects.has('tree') ? hypervisor.readTree(uuid, likely) : undefined;
      tree?.catch(() => undefined);
      if (vm !== undefined) {
        this.#put(hypervisor, uuid, { vm: await vm });
      }
      const seen = aspects.has('look') && tree === undefined ? await this.#look(hypervisor, uuid) : 'same';
      if (seen === 'different' && vm === undefined) {
        // Another client's external snapshot, made without an event, changed the disks as well.
        this.#put(hypervisor, uuid, { vm: await hypervisor.readVm(uuid) });
      }
      if (tree !== undefined) {
        this.#putTree(hypervisor, uuid, await tree);
      } else if (seen !== 'same' && (this.#options.inAttention(uuid) || before?.tree !== undefined)) {
        this.#putTree(hypervisor, uuid, await hypervisor.readTree(uuid));
      } else if (aspects.has('roll')) {
        await this.#roll(hypervisor, uuid, reading.roll);
      }
      if (vm !== undefined && isOlder(await vm, before?.tree, this.view(uuid)?.tree)) {
        this.#put(hypervisor, uuid, { vm: await hypervisor.readVm(uuid) });
      }
      reading.notBefore = 0;
      this.#put(hypervisor, uuid, { failure: undefined });
    } catch (error) {
      for (const aspect of aspects) {
        reading.wanted.add(aspect);
      }
      throw this.#noteFailure(hypervisor, uuid, reading, asFailure(error));
    }
  }

  /** The cheap look at a VM's snapshots. */
  async #look(hypervisor: Hypervisor, uuid: string): Promise<'same' | 'different' | 'unknown'> {
    const before = this.view(uuid);
    if (!this.#options.inAttention(uuid)) {
      const snapshotCount = await hypervisor.countSnapshots(uuid);
      this.#put(hypervisor, uuid, { snapshotCount });
      // The tree of one that was looked into before is what rows and pages tell of it.
      const known = before?.tree?.snapshots.length ?? before?.snapshotCount ?? snapshotCount;
      return known === snapshotCount ? 'same' : 'different';
    }
    if (before?.tree === undefined) {
      return 'unknown';
    }
    const { count, current } = await hypervisor.readSnapshotMark(uuid);
    return before.tree.snapshots.length === count && before.tree.current === current ? 'same' : 'different';
  }

  #putTree(hypervisor: Hypervisor, uuid: string, tree: SnapshotTree): void {
    this.#put(hypervisor, uuid, { tree, snapshotCount: tree.snapshots.length });
    this.#options.afterTree(uuid);
  }

  async #roll(hypervisor: Hypervisor, uuid: string, names: readonly string[]): Promise<void> {
    const fresh = new Map((await hypervisor.readSnapshots(uuid, names)).map((snapshot) => [snapshot.name, snapshot]));
    const tree = this.view(uuid)?.tree;
    if (fresh.size < names.length) {
      // One was replaced by another, which the number does not tell.
      this.#putTree(hypervisor, uuid, await hypervisor.readTree(uuid));
    } else if (tree !== undefined) {
      const snapshots = tree.snapshots.map((snapshot) => fresh.get(snapshot.name) ?? snapshot);
      this.#put(hypervisor, uuid, { tree: { ...tree, snapshots } });
    }
  }

  /** Nothing that an ended connection still says goes into the picture. */
  #put(hypervisor: Hypervisor, uuid: string, patch: Parameters<Store['putVm']>[1]): void {
    if (this.#hypervisor === hypervisor) {
      this.#options.store.putVm(this.ref(uuid), patch);
    }
  }

  #noteFailure(hypervisor: Hypervisor, uuid: string, reading: PendingRead, failure: Failure): Failure {
    if (this.#hypervisor !== hypervisor || failure.kind === 'lost') {
      return failure;
    }
    if (failure.kind === 'notFound') {
      this.forget(uuid);
      this.#options.store.removeVm(this.ref(uuid));
      return failure;
    }
    reading.notBefore = this.#options.clock.ticks() + afterFailureMs;
    this.#put(hypervisor, uuid, { failure });
    return failure;
  }
}

/** What is shown of a VM that is listed but gave no answer yet. It refuses to guess. */
export function unreadVm(head: VmHead): Vm {
  return {
    uuid: head.uuid,
    name: head.name,
    power: 'unknown',
    powerReason: 'other',
    persistent: true,
    managedSave: false,
    memoryBytes: 0,
    disks: [],
    firmware: 'bios',
    agentChannel: false,
    agentConnected: false,
  };
}
