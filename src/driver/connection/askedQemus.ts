// What is asked of VMs' QEMUs and guest agents, which may hang: no question waits for ever, and none holds up what is
// asked of other VMs. Changes nothing but guards that somebody has left on.
import type { Connection } from '../../libvirt/connection.js';
import type { Domain } from '../../libvirt/structs.js';
import type { Log } from '../../base/log.js';
import type { Capabilities } from '../../domain/capabilities.js';
import type { VmStatistics } from '../../domain/diskStatistics.js';
import type { Seamless } from '../../domain/seamless.js';
import { isActive, type Vm, snapshotableDisks } from '../../domain/vm.js';
import { type AgentState, readAgent } from '../run/guestAgent.js';
import { isBackgroundSaveLeft, readBlockers } from '../run/monitor.js';
import type { StepOutcome } from '../hypervisor.js';
import { dropLeftGuard, probeSeamless } from '../run/probeSeamless.js';
import type { SeamlessAccess } from '../run/stepContext.js';
import { requireAnswering, whileAnswered, heldFor } from '../run/unanswered.js';
import type { LibvirtReader } from './libvirtReader.js';
import type { OtherConnections } from './otherConnections.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import { systemClock, within } from '../../base/clock.js';

interface AskedQemusOptions {
  /** The one that stays: a call that waits keeps one of the few places there. */
  readonly connection: Connection;
  readonly others: OtherConnections;
  readonly reader: LibvirtReader;
  readonly capabilities: Capabilities;
  readonly log: Log;
}

export class AskedQemus {
  readonly #options: AskedQemusOptions;
  #denied: string | undefined;

  constructor(options: AskedQemusOptions) {
    this.#options = options;
  }

  readDiskStatistics(uuids?: readonly string[]): Promise<ReadonlyMap<string, VmStatistics>> {
    const { connection, others, reader } = this.#options;
    return pastHungVms({
      ask: (on) => reader.readDiskStatistics(uuids, on),
      active: async () => (await reader.listVms()).filter(({ active }) => active),
      control: connection,
      useAnother: (act) => others.use(act),
    });
  }

  async blockJobs(vm: Vm): Promise<readonly string[]> {
    return this.#options.capabilities.driver === 'qemu' && isActive(vm.power)
      ? this.#askWhileAnswered(vm, (connection, dom) => readBlockJobs(connection, dom, vm))
      : [];
  }

  /** A guest that does not run cannot answer. */
  async agent({ name, uuid, power, agentChannel }: Vm): Promise<AgentState> {
    const { capabilities, others } = this.#options;
    if (capabilities.driver !== 'qemu' || !agentChannel || !isActive(power) || power === 'paused') {
      return 'silent';
    }
    return others.use((connection) => readAgent({ connection, dom: domainOf({ name, uuid }) }));
  }

  /** Not given up: what it has switched on it must switch off. */
  seamless(vm: Vm, how: 'look' | 'try', access: SeamlessAccess | undefined): Promise<Seamless> {
    const { capabilities, log, others } = this.#options;
    return others.use((connection) =>
      probeSeamless({ connection, dom: domainOf(vm), vm, capabilities, access, denied: this.#denied, log }, how),
    );
  }

  /** A denial is the host's, whichever VM met it, until a seamless snapshot succeeds. */
  noteSeamless({ seamless, notSeamless }: StepOutcome): void {
    if (seamless === true) {
      this.#denied = undefined;
    } else if (notSeamless !== undefined && /permission denied/iu.test(notSeamless)) {
      this.#denied = notSeamless;
    }
  }

  isStreamLeft(vm: Vm): Promise<boolean> {
    return this.#askWhileAnswered(vm, (connection, dom) => isBackgroundSaveLeft({ connection, dom }), 'another');
  }

  ramBlockers(vm: Vm): Promise<readonly string[]> {
    return this.#askWhileAnswered(vm, (connection, dom) => readBlockers({ connection, dom }), 'another');
  }

  /** @returns the names of those that had one */
  async dropLeftGuards(passOver: ReadonlySet<string>): Promise<readonly string[]> {
    const { capabilities, log, reader } = this.#options;
    if (capabilities.driver !== 'qemu' || capabilities.readOnly) {
      return [];
    }
    const had: string[] = [];
    for (const vm of (await reader.listVms()).filter(({ uuid, active }) => active && !passOver.has(uuid))) {
      try {
        const isLeft = await this.#askWhileAnswered(
          vm,
          (connection, dom) => dropLeftGuard({ connection, dom }),
          'another',
        );
        had.push(...(isLeft ? [vm.name] : []));
      } catch (error) {
        // One that is busy, or off by now, hides nothing of the others.
        log.warn(`whether QEMU guards the RAM of ${vm.name} still is not known: ${String(error)}`);
      }
    }
    return had;
  }

  /** While its QEMU answers; rejects with a Failure `busy` where it does not. */
  async #askWhileAnswered<T>(
    vm: Pick<Vm, 'name' | 'uuid'>,
    ask: (connection: Connection, dom: Domain) => Promise<T>,
    on: 'any' | 'another' = 'any',
  ): Promise<T> {
    const { connection: control, others } = this.#options;
    const dom = domainOf(vm);
    const held = await requireAnswering(control, dom);
    return held === undefined && on === 'any'
      ? whileAnswered(ask(control, dom), { control, dom })
      : others.use((connection) => whileAnswered(ask(connection, dom), { control, dom }));
  }
}

function domainOf({ name, uuid }: Pick<Vm, 'name' | 'uuid'>): Domain {
  return { name, uuid, id: -1 };
}

/**
 * The first disk alone: where QEMU does not answer, each further call would take one more of the few that may be under
 * way.
 */
async function readBlockJobs(connection: Connection, dom: Domain, vm: Vm): Promise<readonly string[]> {
  const [first, ...others] = snapshotableDisks(vm);
  const ask = async (target: string): Promise<readonly string[]> => {
    const call = connection.call('domainGetBlockJobInfo', { dom, path: target, flags: 0 });
    // "Not running": it was switched off since, and has no jobs.
    const info = await undefinedOnCode(errorCodes.VIR_ERR_OPERATION_INVALID, call);
    return info !== undefined && info.found !== 0 ? [target] : [];
  };
  const jobs = first === undefined ? [] : await ask(first.target);
  return [...jobs, ...(await Promise.all(others.map(({ target }) => ask(target)))).flat()];
}

/**
 * A question about many VMs that libvirt answers without those that something holds, and in which it waits itself for a
 * QEMU that does not answer: asked once more, that VM is held by the first question.
 */
const patienceMs = 2_000;

const isLate = Symbol('late');

interface Asking<T> {
  readonly ask: (on?: Connection) => Promise<T>;
  readonly active: () => Promise<readonly Pick<Domain, 'name' | 'uuid'>[]>;
  readonly control: Connection;
  readonly useAnother: (act: (connection: Connection) => Promise<T>) => Promise<T>;
}

/** The first answer. It asks again as often as one more VM is held than before. */
async function pastHungVms<T>({ ask, active, control, useAnother }: Asking<T>): Promise<T> {
  const asked = [ask()];
  for (let heldBefore = 0; ;) {
    const answer = await within(systemClock, patienceMs, Promise.race(asked), isLate);
    if (answer !== isLate) {
      return answer;
    }
    const held = await Promise.all((await active()).map((vm) => heldFor(control, { ...vm, id: -1 })));
    const heldNow = held.filter((one) => one?.by === 'monitor').length;
    if (heldNow > heldBefore) {
      heldBefore = heldNow;
      asked.push(useAnother(ask));
    }
  }
}
