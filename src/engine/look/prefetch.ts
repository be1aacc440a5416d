// The parts of the facts that do not rest on the state of the VM itself, each read once in a look, however often it is
// asked for: so they can be under way while the VM is read.
import type { Configuration, Hypervisor } from '../../driver/hypervisor.js';
import type { Log } from '../../base/log.js';
import type { MadeFiles } from '../../journal/madeFiles.js';
import type { ImageLocks } from '../../domain/hostFiles.js';
import { forbidsMerges } from '../../domain/capabilities.js';
import type { SavedRam } from '../../domain/snapshot.js';
import type { RequiredFacts } from '../../operations/requiredFacts.js';
import { asFailure } from '../../domain/asFailure.js';
import { readLocks } from '../../live/hostFacts.js';
import type { Neighbours, NeighbourVms } from '../../live/neighbours.js';
import type { OtherVmFacts } from '../../live/otherVmFacts.js';

/** Snapshots beyond so many wait until it is certain that they are wanted. */
const mostBegun = 32;

export interface FactsSources {
  readonly hypervisor: Hypervisor;
  readonly otherVms: Pick<OtherVmFacts, 'read'>;
  /** Absent: no other connection is known. */
  readonly neighbours?: Neighbours;
  /** Absent: nobody asks for what we made. */
  readonly made?: Pick<MadeFiles, 'of'>;
  readonly log: Log;
}

/** Reads one VM for one check: all that it returns was read after its creation. */
export class Prefetch {
  readonly #sources: FactsSources;
  readonly #uuid: string;
  readonly #frozen = new Map<string, Promise<Configuration | undefined>>();
  readonly #saved = new Map<string, Promise<SavedRam | undefined>>();
  #configured: Promise<Configuration> | undefined;
  #others: Promise<NeighbourVms> | undefined;
  #locks: Promise<ImageLocks | undefined> | undefined;

  constructor(sources: FactsSources, uuid: string) {
    this.#sources = sources;
    this.#uuid = uuid;
  }

  /**
   * What will be asked for if the VM is still as it was known. A failure reaches the later question, if there is one.
   */
  begin({ frozenDisks, savedRam = [], otherVms, written }: RequiredFacts): void {
    const begun: readonly Promise<unknown>[] = [
      ...(written ? [this.locks()] : []),
      ...frozenDisks.slice(0, mostBegun).map((name) => this.frozenConfiguration(name)),
      ...savedRam.slice(0, mostBegun).map((file) => this.savedRam(file)),
      ...(otherVms ? [this.otherVms()] : []),
    ];
    begun.forEach((reading) => void reading.catch(() => undefined));
  }

  otherVms(): Promise<NeighbourVms> {
    return (this.#others ??= this.#readOthers());
  }

  async #readOthers(): Promise<NeighbourVms> {
    const { hypervisor, otherVms, neighbours } = this.#sources;
    const [own, near] = await Promise.all([
      otherVms.read(hypervisor, this.#uuid),
      neighbours?.read(hypervisor, this.#uuid),
    ]);
    return { vms: [...own, ...(near?.vms ?? [])], unasked: near?.unasked ?? [] };
  }

  locks(): Promise<ImageLocks | undefined> {
    const { hypervisor, log } = this.#sources;
    const confined = forbidsMerges(hypervisor.capabilities) ? this.#uuid : undefined;
    return (this.#locks ??= readLocks(hypervisor.files, log, confined));
  }

  savedRam(file: string): Promise<SavedRam | undefined> {
    return once(this.#saved, file, () => this.#sources.hypervisor.readSavedRam(file));
  }

  configuration(): Promise<Configuration> {
    return (this.#configured ??= this.#sources.hypervisor.readConfigured(this.#uuid));
  }

  /** Undefined for a snapshot that is not there (any more). */
  frozenConfiguration(name: string): Promise<Configuration | undefined> {
    return once(this.#frozen, name, () => this.#readFrozen(name));
  }

  async #readFrozen(name: string): Promise<Configuration | undefined> {
    try {
      return await this.#sources.hypervisor.readFrozen(this.#uuid, name);
    } catch (error) {
      const failure = asFailure(error);
      if (failure.kind === 'notFound') {
        return undefined;
      }
      throw failure;
    }
  }
}

function once<T>(begun: Map<string, Promise<T>>, key: string, read: () => Promise<T>): Promise<T> {
  const before = begun.get(key);
  if (before !== undefined) {
    return before;
  }
  const reading = read();
  begun.set(key, reading);
  return reading;
}
