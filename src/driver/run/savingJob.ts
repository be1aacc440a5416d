// Whether somebody saves a VM at this moment: what pauses it for a snapshot is over soon, and what pauses it although
// nobody saves it has died. Ends nothing and waits for nothing.
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_CONTROL_JOB, VIR_DOMAIN_CONTROL_OCCUPIED, VIR_DOMAIN_JOB_NONE } from '../../libvirt/flags.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { jobHolder } from '../toFailure.js';

/** libvirt itself waits for half a minute for the job that it is to tell of. */
const patienceMs = 1_000;

export class SavingJobs {
  readonly #connection: Connection;
  readonly #patienceMs: number;
  /** By VM: a question that libvirt has not answered yet, for it waits for the job. Never two of one VM. */
  readonly #waiting = new Map<string, Promise<boolean>>();
  /** By VM: what was answered last, since it is paused. */
  readonly #answered = new Map<string, boolean>();

  constructor(connection: Connection, patience = patienceMs) {
    this.#connection = connection;
    this.#patienceMs = patience;
  }

  /**
   * | control info says        | job statistics                 | → |
   * |--------------------------|--------------------------------|---|
   * | job, or asking QEMU      | –                              | true |
   * | anything else            | a job of whatever kind         | true |
   * | anything else            | no answer yet: they wait for a job | as the answer before, or true |
   * | anything else            | waited in vain, and it is said for whom | true |
   * | anything else            | waited in vain, and it is not: 11.3, killed in a snapshot, now and then keeps a job at which nobody works | false |
   * | anything else            | none, or another error         | false |
   */
  async goesOn(dom: Domain): Promise<boolean> {
    const { state } = await this.#connection.call('domainGetControlInfo', { dom, flags: 0 });
    if (state === VIR_DOMAIN_CONTROL_JOB || state === VIR_DOMAIN_CONTROL_OCCUPIED) {
      return true;
    }
    let waiting = this.#waiting.get(dom.uuid);
    if (waiting === undefined) {
      waiting = this.#ask(dom)
        .then((goesOn) => {
          this.#answered.set(dom.uuid, goesOn);
          return goesOn;
        })
        .finally(() => this.#waiting.delete(dom.uuid));
      this.#waiting.set(dom.uuid, waiting);
    }
    return this.#soon(waiting, this.#answered.get(dom.uuid) ?? true);
  }

  /** It is not paused to be saved. */
  forget({ uuid }: Pick<Domain, 'uuid'>): void {
    this.#answered.delete(uuid);
  }

  async #ask(dom: Domain): Promise<boolean> {
    try {
      const { type } = await this.#connection.call('domainGetJobStats', { dom, flags: 0 });
      return type !== VIR_DOMAIN_JOB_NONE;
    } catch (error) {
      if (error instanceof LibvirtError) {
        return jobHolder(error) === 'worker';
      }
      throw error;
    }
  }

  async #soon(waiting: Promise<boolean>, otherwise: boolean): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(otherwise), this.#patienceMs);
    });
    try {
      return await Promise.race([waiting, late]);
    } finally {
      clearTimeout(timer);
      // If the caller stops waiting, nobody else handles the end of the call.
      waiting.catch(() => undefined);
    }
  }
}
