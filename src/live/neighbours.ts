// The VMs of the other connections that lead to the same host: a file that goes may be theirs. Refuses to judge the
// use.
import type { Hypervisor } from '../driver/hypervisor.js';
import { asksForTheSame, isSameHost, mayShareHost } from '../driver/sharedHost.js';
import { isSameHostname } from '../base/hostname.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, within } from '../base/clock.js';
import type { ConnectionView } from './views.js';
import type { OtherVmFacts, ReadVm } from './otherVmFacts.js';

/** A connection that is not open is given so long to open; one that answers, so long to answer. */
const openMs = 10_000;
const readMs = 30_000;
const late = 'late' as const;

/** What is needed of another connection. */
export interface Neighbour {
  readonly uri: string;
  readonly otherVms: Pick<OtherVmFacts, 'read'>;
  /** What is known of it. */
  readonly view: Pick<ConnectionView, 'capabilities' | 'failure'> | undefined;
  open(): Promise<Hypervisor>;
}

export interface NeighbourVms {
  readonly vms: readonly ReadVm[];
  /** URIs of the connections whose VMs could not be asked for. */
  readonly unasked: readonly string[];
}

interface NeighboursOptions {
  readonly uri: string;
  readonly clock: Clock;
  readonly log: Log;
  /** All connections that the editor knows but this one. */
  readonly all: () => readonly Neighbour[];
}

export class Neighbours {
  readonly #options: NeighboursOptions;

  constructor(options: NeighboursOptions) {
    this.#options = options;
  }

  /** @param uuid of the VM that the question is about, on this connection */
  async read(own: Hypervisor, uuid: string): Promise<NeighbourVms> {
    const near = this.#options
      .all()
      .filter(
        ({ uri, view }) => mayShareHost(this.#options.uri, uri) || isSameHost(view?.capabilities, own.capabilities),
      );
    const seen = await Promise.all(near.map((one) => this.#ask(one, own, uuid)));
    return {
      vms: seen.flatMap((vms) => (vms === 'unasked' ? [] : vms)),
      unasked: near.flatMap(({ uri }, at) => (seen[at] === 'unasked' ? [uri] : [])),
    };
  }

  /**
   * | the other connection                                   | → |
   * |--------------------------------------------------------|---|
   * | refused us before                                      | unasked: it may ask a person for a password each time |
   * | does not run, and has no VMs                           | none |
   * | does not open otherwise, or gives no answer            | unasked |
   * | leads to a host of another name; is no QEMU's          | its files are others |
   * | asks for the same, and has this very VM                | its VMs are those of this connection |
   * | otherwise                                              | its VMs, each under its name and the connection's |
   */
  async #ask(one: Neighbour, own: Hypervisor, uuid: string): Promise<readonly ReadVm[] | 'unasked'> {
    const { clock, log } = this.#options;
    if (one.view?.failure?.kind === 'denied') {
      return 'unasked';
    }
    try {
      const hypervisor = await within(clock, openMs, one.open(), late);
      if (hypervisor === late) {
        return 'unasked';
      }
      const { driver, hostname } = hypervisor.capabilities;
      if (driver !== 'qemu' || !isSameHostname(hostname, own.capabilities.hostname)) {
        return [];
      }
      const vms = await within(clock, readMs, this.#read(one, hypervisor, uuid), late);
      return vms === late ? 'unasked' : vms;
    } catch (error) {
      const { kind, message, details } = asFailure(error);
      if (details.hasNoVms === true) {
        return [];
      }
      log.info(`which files the VMs of ${one.uri} use is not known: ${kind}: ${message}`);
      return 'unasked';
    }
  }

  async #read(one: Neighbour, hypervisor: Hypervisor, uuid: string): Promise<readonly ReadVm[]> {
    const asksSame = asksForTheSame(one.uri, this.#options.uri);
    const isSame = asksSame && (await hypervisor.listVms()).some((head) => head.uuid === uuid);
    const vms = isSame ? [] : await one.otherVms.read(hypervisor, 'nobody');
    const elsewhere = asksSame ? {} : { isElsewhere: true as const };
    return vms.map((vm) => ({ ...vm, ...elsewhere, name: `${vm.name} (${one.uri})` }));
  }
}
