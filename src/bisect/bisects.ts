// What every shell does with bisects: begin one, go on with one that was broken off, end one, look at all.
import type { Log } from '../base/log.js';
import type { Bisect, BisectKnowledge } from '../domain/bisect.js';
import { Failure } from '../domain/failure.js';
import type { VmRef, Vm } from '../domain/vm.js';
import { type BisectNews, BisectRun } from './bisectRun.js';
import { BisectStop } from './bisectStop.js';
import { BisectStore, fitsStore, type LockedBisect, type StoredBisects } from './bisectStore.js';
import type { AskVerdict } from './checks.js';
import { CloneProbes, type ProbesEngine } from './cloneProbes.js';
import { isOver } from './finding.js';
import { availableParallelism, freemem } from 'node:os';

/** What is left to the rest of the computer. */
const reserveBytes = 1024 ** 3;
/** The most clones at once where no number is requested. */
const mostUnasked = 4;

interface HostRoom {
  readonly freeBytes: number;
  readonly processors: number;
}

/** Undefined where the VMs are another computer's. */
function roomHere(uri: string): HostRoom | undefined {
  return /^[a-z]+(?:\+unix)?:\/\/\//u.test(uri)
    ? { freeBytes: freemem(), processors: availableParallelism() }
    : undefined;
}

/**
 * | clones   | room    | asked for | at once                                                         |
 * |----------|---------|-----------|-----------------------------------------------------------------|
 * | any      | unknown | n         | n                                                               |
 * | any      | unknown | –         | 1                                                               |
 * | off      | known   | n         | n                                                               |
 * | started  | known   | n         | n, or as many as there is RAM for                               |
 * | any      | known   | –         | one for two processors, 4, or as many as there is RAM for       |
 *
 * One at least. Where a person looks, one at a time.
 */
export function atOnce(
  { jobs, start, check }: Pick<Bisect, 'jobs' | 'start' | 'check'>,
  { memoryBytes }: Pick<Vm, 'memoryBytes'>,
  room: HostRoom | undefined,
): number {
  if (check.kind === 'person') {
    return 1;
  }
  if (room === undefined) {
    return jobs ?? 1;
  }
  const fitting = start === 'off' ? Number.POSITIVE_INFINITY : (room.freeBytes - reserveBytes) / memoryBytes;
  const wanted = jobs ?? Math.min(mostUnasked, room.processors / 2);
  return Math.max(1, Math.floor(Math.min(fitting, wanted)));
}

interface BisectsOptions {
  readonly engine: ProbesEngine;
  /** The folder of the journal. */
  readonly folder: string;
  readonly log: Log;
  /** The environment of programs that run on this computer. */
  readonly environment: NodeJS.ProcessEnv;
}

interface BisectWork {
  readonly ask?: AskVerdict;
  readonly onNews?: (news: BisectNews, bisect: Bisect) => void;
}

/** Held by this process until `release`. */
export interface OpenBisect {
  readonly bisect: Bisect;
  /** To its end, or until the signal is aborted; what was found is kept, whatever it rejects with. */
  run(work: BisectWork, signal: AbortSignal): Promise<BisectKnowledge>;
  release(): Promise<void>;
}

export class Bisects {
  readonly #options: BisectsOptions;
  readonly #store: BisectStore;

  constructor(options: BisectsOptions) {
    this.#options = options;
    this.#store = new BisectStore(options.folder, options.log);
  }

  list(): Promise<StoredBisects> {
    return this.#store.list();
  }

  of(vm: VmRef): Promise<Bisect | undefined> {
    return this.#store.of(vm);
  }

  /**
   * In place of one that has ended.
   * @throws BisectStop `unfinished`, `atWork`, `tooLong`, `unreadable`; Failure `journal`
   */
  async begin(bisect: Bisect): Promise<OpenBisect> {
    if (!fitsStore(bisect)) {
      throw new BisectStop({ kind: 'tooLong' });
    }
    const held = await this.#lock(bisect.vm, bisect.vmName);
    try {
      const before = await held.read();
      if (before !== undefined && !isOver(before)) {
        throw new BisectStop({ kind: 'unfinished', vm: bisect.vmName });
      }
      await held.put(bisect);
    } catch (error) {
      await held.release();
      throw error;
    }
    return this.#open(bisect, held);
  }

  /** @throws BisectStop `noBisect`, `atWork`; Failure `journal` */
  async resume(vm: VmRef, vmName: string): Promise<OpenBisect> {
    const { bisect, held } = await this.#take(vm, vmName);
    return this.#open(bisect, held);
  }

  /**
   * Its clones are removed, and it is forgotten. @throws BisectStop `noBisect`, `atWork`; Failure where a clone stays
   */
  async end(vm: VmRef, vmName: string, work: Pick<BisectWork, 'onNews'> = {}): Promise<Bisect> {
    const { bisect, held } = await this.#take(vm, vmName);
    const run = this.#runOf(bisect, held, work);
    try {
      await run.removeProbes();
      const [left] = run.bisect.probes;
      if (left !== undefined) {
        throw new Failure('failed', { vm: left.name, connection: vm.connection, doing: 'remove a clone' });
      }
    } catch (error) {
      await held.release();
      throw error;
    }
    await held.forget();
    return bisect;
  }

  #open(bisect: Bisect, held: LockedBisect): OpenBisect {
    return {
      bisect,
      run: (work, signal) => this.#runOf(bisect, held, work).run(signal),
      release: () => held.release(),
    };
  }

  #runOf(bisect: Bisect, held: LockedBisect, { ask, onNews }: BisectWork = {}): BisectRun {
    const { engine, environment, log } = this.#options;
    return new BisectRun({
      bisect,
      held,
      probes: new CloneProbes({ engine, bisect, environment, ...(ask !== undefined && { ask }) }),
      atOnce: this.atOnce(bisect),
      log,
      ...(onNews !== undefined && { onNews }),
    });
  }

  /** Clones at once, as there is room now. */
  atOnce(bisect: Pick<Bisect, 'vm' | 'jobs' | 'start' | 'check'>): number {
    const view = this.#options.engine.findVm(bisect.vm);
    return view === undefined ? 1 : atOnce(bisect, view.vm, roomHere(bisect.vm.connection));
  }

  async #take(vm: VmRef, vmName: string): Promise<{ readonly bisect: Bisect; readonly held: LockedBisect }> {
    if ((await this.#store.of(vm)) === undefined) {
      throw new BisectStop({ kind: 'noBisect', vm: vmName });
    }
    const held = await this.#lock(vm, vmName);
    // Not earlier: until now somebody else may have written to it, or ended it.
    const bisect = await held.read().catch(async (error: unknown) => {
      await held.release();
      throw error;
    });
    if (bisect === undefined) {
      await held.release();
      throw new BisectStop({ kind: 'noBisect', vm: vmName });
    }
    return { bisect, held };
  }

  async #lock(vm: VmRef, vmName: string): Promise<LockedBisect> {
    const held = await this.#store.lock(vm);
    if (held === 'busy') {
      throw new BisectStop({ kind: 'atWork', vm: vmName });
    }
    return held;
  }
}
