// The disk whose blocks a picture shows: which one, and when they are read again. Knows no page, only what is sent to
// it.
import type { EnginePort } from '../../engine/enginePort.js';
import { asFailure } from '../../domain/asFailure.js';
import { type VmView, vmKey } from '../../live/views.js';
import type { Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import type { BlockMap } from '../../domain/blockMap.js';
import { type VmRef, snapshotableDisks } from '../../domain/vm.js';
import { failureMessage } from '../../text/failures/failureMessage.js';
import type { NoBlocks, PictureBlocks } from './messages.js';

interface DiskServices {
  readonly engine: Pick<EnginePort, 'connections' | 'findVm' | 'refresh' | 'readBlockMap'>;
  readonly log: Log;
  readonly send: (message: PictureBlocks | NoBlocks) => void;
}

export class PictureDisk implements Disposable {
  readonly #ref: VmRef;
  readonly #services: DiskServices;
  readonly #reader: Pick<PictureReader<unknown>, 'ask' | 'stop' | 'dispose'>;
  #chosen: string | undefined;
  #map: BlockMap | undefined;
  /** What the blocks were read for: they are read again when it is another. */
  #readFor = '';

  constructor(ref: VmRef, chosen: string | undefined, services: DiskServices) {
    this.#ref = ref;
    this.#chosen = chosen;
    this.#services = services;
    const { engine, log, send } = services;
    this.#reader = new PictureReader({
      read: async (disk) => {
        // libvirt tells nobody that a VM stands on another file: what is known of its disks may be of before a
        // snapshot.
        await engine.refresh({ vm: ref });
        const { pictureBlocks } = await import('./pictureBlocks.js');
        return { map: await engine.readBlockMap(ref, disk), pictureBlocks };
      },
      done: ({ map, pictureBlocks }) => {
        this.#map = map;
        send(pictureBlocks(map, engine.findVm(ref)?.tree));
      },
      failed: (error, disk) => {
        this.#map = undefined;
        log.warn(`blocks of ${disk} of ${vmKey(ref)}: ${String(error)}`);
        send({ kind: 'noBlocks', disk, why: failureMessage(asFailure(error)) });
      },
    });
  }

  /** What was chosen last, if anything was. */
  get chosen(): string | undefined {
    return this.#chosen;
  }

  /** What was read last. */
  get map(): BlockMap | undefined {
    return this.#map;
  }

  choose(disk: string): void {
    this.#chosen = disk;
    this.markStale();
  }

  /** The next look reads, whatever has changed since the last one. */
  markStale(): void {
    this.#readFor = '';
  }

  /** Nobody waits any more. */
  stop(): void {
    this.#reader.stop();
  }

  dispose(): void {
    this.#reader.dispose();
  }

  /** Blocks are known of QEMU's images alone. */
  disksOf(view: VmView | undefined): readonly string[] {
    const connection = this.#services.engine.connections.find(({ uri }) => uri === this.#ref.connection);
    return view === undefined || connection?.capabilities?.driver !== 'qemu'
      ? []
      : snapshotableDisks(view.vm).map(({ target }) => target);
  }

  /**
   * Reads where snapshots, the layer on top, its size or the power changed: what the engine finds out while somebody
   * looks. Not while an operation is on the VM, which changes the very files.
   */
  look(view: VmView | undefined): void {
    const disks = this.disksOf(view);
    const disk = disks.find((one) => one === this.#chosen) ?? disks[0];
    if (view === undefined || disk === undefined || view.operation !== undefined) {
      return;
    }
    const { tree, layers, vm } = view;
    const shown = tree?.snapshots.map(({ name, title }) => [name, title]);
    // What grows, and what stands on another file: the rest of the layers is of snapshots, and told in several ways.
    const tops = layers?.disks.map(({ layers: [top] }) => [top?.file, top?.allocatedBytes]);
    const files = vm.disks.map(({ target, source }) => [target, source]);
    const readFor = JSON.stringify([disk, vm.power, files, tree?.current, shown, tops]);
    if (readFor !== this.#readFor) {
      this.#readFor = readFor;
      this.#reader.ask(disk);
    }
  }
}

// Reads the blocks of a picture's disk: one read at a time, a pause between two, and none that nobody waits for. Knows
// no page and no editor.

/** From the start of a read to the start of the next one. */
const pauseMs = 1_000;

interface ReaderHooks<Read> {
  readonly read: (disk: string) => Promise<Read>;
  readonly done: (read: Read) => void;
  readonly failed: (error: unknown, disk: string) => void;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

export class PictureReader<Read> implements Disposable {
  readonly #hooks: ReaderHooks<Read>;
  #wanted: string | undefined;
  #reading = false;
  #lastAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  /** How often nobody waited any more. */
  #stops = 0;

  constructor(hooks: ReaderHooks<Read>) {
    this.#hooks = hooks;
  }

  /** Reads this disk as soon as it may; an earlier wish that has not begun is forgotten. */
  ask(disk: string): void {
    this.#wanted = disk;
    this.#begin();
  }

  /** Nobody waits any more. What is being read is read to its end, and told to nobody. */
  stop(): void {
    this.#stops += 1;
    this.#wanted = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  dispose(): void {
    this.stop();
  }

  #begin(): void {
    if (this.#reading || this.#timer !== undefined || this.#wanted === undefined) {
      return;
    }
    const { now = () => performance.now() } = this.#hooks;
    const wait = this.#lastAt + pauseMs - now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#begin();
      }, wait);
      return;
    }
    const disk = this.#wanted;
    this.#wanted = undefined;
    this.#reading = true;
    this.#lastAt = now();
    void this.#read(disk);
  }

  async #read(disk: string): Promise<void> {
    const { read, done, failed } = this.#hooks;
    const stops = this.#stops;
    try {
      const found = await read(disk);
      if (stops === this.#stops) {
        done(found);
      }
    } catch (error) {
      if (stops === this.#stops) {
        failed(error, disk);
      }
    } finally {
      this.#reading = false;
      this.#begin();
    }
  }
}
