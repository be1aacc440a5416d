// The saving of RAM while the guest runs on: it ends by itself only where the guest writes more slowly than it is
// saved. Where it does not, the guest is stopped in time, and libvirt lets it run on when all is written. Knows no
// files.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import type { PowerReason } from '../../domain/vm.js';
import type { StepContext } from './stepContext.js';
import { readPower } from '../powerState.js';

/** What libvirt counts of the job, in bytes. */
export interface SaveProgress {
  /** The size of the RAM. */
  readonly total: number;
  /** How much was not written since it last changed, as far as QEMU has looked. */
  readonly remaining: number;
  /** To the file: the same page as often as it was changed. */
  readonly written: number;
  readonly perSecond: number;
}

/** The limit as a multiple of the RAM: the excess was written more than once. */
const mostRounds = 2;

/**
 * | written so far                                            | → |
 * |-----------------------------------------------------------|---|
 * | twice the RAM                                             | the guest must stop |
 * | so much that the rest might not fit, were it stopped now  | the guest must stop |
 * | less                                                      | it runs on |
 *
 * What a guest that stands still has left is its RAM at most, and no more than QEMU knows of with what it has written.
 *
 * @param mostBytes that the file may take; undefined: not known
 */
export function mustStop({ total, remaining, written }: SaveProgress, mostBytes?: number): boolean {
  const rest = Math.min(total, remaining + written);
  return total > 0 && (written >= mostRounds * total || (mostBytes !== undefined && written + rest > mostBytes));
}

/** Somebody must look at these; nobody may run such a guest on. */
const notOurs: ReadonlySet<PowerReason> = new Set<PowerReason>(['ioError', 'crashed']);

type Context = Pick<StepContext, 'connection' | 'dom' | 'log'>;

export class LiveSave {
  readonly #context: Context;
  readonly #mostBytes: number | undefined;
  #stopping: Promise<void> | undefined;
  #hasStopped = false;
  #gaveUpAt: number | undefined;

  constructor(context: Context, mostBytes?: number) {
    this.#context = context;
    this.#mostBytes = mostBytes;
  }

  /** The guest was stopped for the end of it. */
  get hasStopped(): boolean {
    return this.#hasStopped;
  }

  /** Bytes written when it was cancelled, because the guest could not be stopped. */
  get gaveUpAt(): number | undefined {
    return this.#gaveUpAt;
  }

  /** At each look at the job. Another client may have let the guest run on meanwhile: then it is stopped again. */
  async follow(soFar: SaveProgress, looking: Connection): Promise<void> {
    if (this.#stopping !== undefined || !(this.#hasStopped || mustStop(soFar, this.#mostBytes))) {
      return;
    }
    const { dom } = this.#context;
    if ((await readPower(looking, dom)).power === 'running') {
      this.#stopping = this.#stop(soFar).finally(() => (this.#stopping = undefined));
    }
  }

  /**
   * On the step's own connection, which stays until it is answered: libvirt may come to it only after the end of the
   * job.
   */
  async #stop({ written, perSecond }: SaveProgress): Promise<void> {
    const { connection, dom, log } = this.#context;
    log.info(
      `the guest writes to its RAM as fast as ${perSecond} bytes a second are saved: stopped after ${written} bytes`,
    );
    try {
      this.#hasStopped = true;
      await connection.call('domainSuspend', { dom });
    } catch (error) {
      log.warn(`the guest could not be stopped for the end of its snapshot: ${String(error)}`);
      if (error instanceof LibvirtError && error.code !== errorCodes.VIR_ERR_OPERATION_INVALID) {
        this.#gaveUpAt = written;
        await this.#cancel();
      }
    }
  }

  async #cancel(): Promise<void> {
    const { connection, dom, log } = this.#context;
    try {
      await connection.call('domainAbortJob', { dom });
    } catch (error) {
      log.warn(`the snapshot could not be cancelled: ${String(error)}`);
    }
  }

  /** After the end of the job. Where libvirt came to our stop only behind it, nobody else lets the guest run on. */
  async settle(): Promise<void> {
    const { connection, dom, log } = this.#context;
    try {
      await this.#stopping;
      if (this.#hasStopped) {
        const { power, powerReason } = await readPower(connection, dom);
        if (power === 'paused' && !notOurs.has(powerReason)) {
          await connection.call('domainResume', { dom });
        }
      }
    } catch (error) {
      log.warn(`whether the guest runs on is not known: ${String(error)}`);
    }
  }
}
