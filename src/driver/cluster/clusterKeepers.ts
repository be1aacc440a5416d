// The cluster on a host that libvirt runs on: which of its VMs it keeps, and a lease on one while we work at it.
import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../base/clock.js';
import type { Disposable } from '../../base/disposable.js';
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import { Failure } from '../../domain/failure.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { HeldVm, Keeper, KeptBy, VmKeepers } from '../../domain/keeper.js';
import { refuse } from '../../domain/refusal.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import { HostShell, type ShellAnswer, ShellEnded, ShellSilent } from '../../hosts/hostShell.js';
import { ask, notHeld, resourcesOf, textOf, type VmName } from './clusterResources.js';
import {
  endedLeaseXml,
  hasQuorum,
  leaseXml,
  newLeaseId,
  readKeptResources,
  readLeases,
  readNodesFor,
  readResourceStates,
  type ResourceState,
  noClusterExits,
} from './clusterXml.js';

interface ClusterHost {
  /** Absent: this computer. */
  readonly login?: HostLogin | undefined;
  readonly files: Pick<HostFiles, 'file'>;
  readonly log: Log;
  readonly clock?: Clock;
}

/** A cluster whose lease nobody renews takes the VM back after so long. */
const leaseMs = 120_000;
const renewMs = 30_000;
/** For what the cluster does to the VM at this moment. */
const patienceMs = 30_000;
const againMs = 200;
/** No cluster is started, and has taken up a VM, in less. */
const sameMomentMs = 2_000;
/** In which the cluster does nothing to it. */
const restingRoles: ReadonlySet<string> = new Set(['Started', 'Stopped']);
/** The monitor of Pacemaker, on all distributions. */
const monitor = '/usr/sbin/crm_mon';
/** Programs of system administration are not on everybody's path. */
const setUp = 'PATH="$PATH:/usr/sbin:/sbin"; export PATH\n';

interface Look extends Keeper {
  /** Ids of leases of ours that nobody holds any more. */
  readonly ended: readonly string[];
}

export function clusterKeepers(host: ClusterHost): VmKeepers {
  return new ClusterKeepers(host);
}

class ClusterKeepers implements VmKeepers {
  readonly #host: ClusterHost;
  readonly #clock: Clock;
  #hasPrograms: Promise<boolean> | undefined;
  /** In ticks: when the host said last that no cluster runs. */
  #noClusterAt = -Infinity;

  constructor(host: ClusterHost) {
    this.#host = host;
    this.#clock = host.clock ?? systemClock;
  }

  async of(vm: VmName): Promise<KeptBy> {
    if (!(await this.#mayBe())) {
      return 'nobody';
    }
    let shell: HostShell | undefined;
    try {
      shell = await this.#open();
      const looks = await this.#look(shell, vm);
      if (typeof looks === 'string') {
        return looks;
      }
      const { ended: _, ...keeper } = looks.find(({ rests }) => rests !== 'byPerson') ?? looks[0];
      return { ...keeper, elsewhere: looks.flatMap(({ elsewhere }) => elsewhere) };
    } catch (error) {
      this.#host.log.warn(`What the cluster keeps cannot be read: ${String(error)}`);
      return 'unknown';
    } finally {
      shell?.close();
    }
  }

  async hold(vm: VmName): Promise<HeldVm | undefined> {
    // Who is about to act has just asked: a shell more would take as long as all the rest of a short operation.
    if (!(await this.#mayBe()) || this.#clock.ticks() - this.#noClusterAt < sameMomentMs) {
      return undefined;
    }
    let shell: HostShell | undefined;
    let held: HeldVm | undefined;
    let resource = '';
    try {
      shell = await this.#open();
      const looks = await this.#look(shell, vm);
      const kept = typeof looks === 'string' ? [] : looks.filter(({ rests }) => rests !== 'byPerson');
      if (kept[0] !== undefined) {
        ({ resource } = kept[0]);
        if (kept[0].withoutQuorum === true) {
          const { refusal } = refuse('clusterWithoutQuorum', { vm: vm.name, resource });
          throw new Failure('refused', { vm: vm.name, refusal });
        }
        held = await this.#lease(shell, vm, kept);
      }
      return held;
    } catch (error) {
      if (error instanceof ShellEnded && !(error instanceof ShellSilent)) {
        throw new Failure('lost', { vm: vm.name, doing: 'ask the cluster', libvirtMessage: error.message });
      }
      throw error instanceof Failure ? error : notHeld(vm, resource, asFailure(error).line);
    } finally {
      if (held === undefined) {
        shell?.close();
      }
    }
  }

  /** Asked once: after a cluster is installed, the user connects again. What nobody can see may be there. */
  #mayBe(): Promise<boolean> {
    return (this.#hasPrograms ??= this.#host.files.file(monitor).then(
      (seen) => seen !== 'missing',
      () => {
        this.#hasPrograms = undefined;
        return true;
      },
    ));
  }

  #open(): Promise<HostShell> {
    return HostShell.open(this.#host.login, { setUp, patienceMs });
  }

  /** Reads each resource that is the VM: one, unless the cluster is misconfigured. */
  async #look(shell: HostShell, vm: VmName): Promise<readonly [Look, ...Look[]] | Exclude<KeptBy, Keeper>> {
    const seen = await ask(shell, 'crm_mon', '-1', '--output-as=xml');
    if (noClusterExits.has(seen.code)) {
      this.#noClusterAt = this.#clock.ticks();
      return 'nobody';
    }
    // Who hangs there hangs in the others, too.
    const [asked, node] =
      seen.code === 0
        ? await Promise.all([
            ask(shell, 'cibadmin', '--query', '--scope', 'configuration'),
            ask(shell, 'crm_node', '--name'),
          ])
        : [seen, seen];
    if (seen.code !== 0 || asked.code !== 0) {
      this.#host.log.warn(`The cluster does not answer: ${seen.said} ${asked.said}`);
      return 'unknown';
    }
    const states = readResourceStates(textOf(seen));
    const cib = textOf(asked);
    const here = node.code === 0 ? textOf(node).trim() : shell.host;
    const nodesFor = (resource: string): readonly string[] => readNodesFor(textOf(seen), cib, resource);
    const kept = readKeptResources(cib).map((one) => ({ ...one, mayBeHere: nodesFor(one.id).includes(here) }));
    const resources = await resourcesOf(shell, vm, kept, this.#host.log);
    const withoutQuorum = !hasQuorum(textOf(seen));
    const now = await hostTime(shell);
    const [first, ...more] = resources.map(({ id: resource, config }): Look => {
      const state = states.get(resource);
      const leases = readLeases(cib, resource);
      const isOurs = leases.some(({ endsAt }) => endsAt > now);
      return {
        resource,
        config,
        mayRunOn: nodesFor(resource),
        elsewhere: (state?.nodes ?? []).filter((name) => name !== here),
        ...(state?.isToBeOff === true && { toBeOff: true }),
        ...(withoutQuorum && { withoutQuorum }),
        rests: isOurs ? 'byUs' : state !== undefined && isAtRest(state) ? 'byPerson' : 'no',
        ended: leases.flatMap(({ id, endsAt }) => (endsAt > now ? [] : [id])),
      };
    });
    return first === undefined ? 'nobody' : [first, ...more];
  }

  async #lease(first: HostShell, vm: VmName, kept: readonly Look[]): Promise<HeldVm> {
    const { log } = this.#host;
    const leases = kept.map(({ resource }) => ({ resource, id: newLeaseId(randomBytes(6).toString('hex')) }));
    const names = kept.map(({ resource }) => resource).join(', ');
    let shell = first;
    const openAgain = async (): Promise<void> => {
      shell = shell.isOpen ? shell : await this.#open();
    };
    let writtenAt = this.#clock.now();
    let endsAt = Infinity;
    const write = async (lease: (typeof leases)[number]): Promise<ShellAnswer> => {
      const now = await hostTime(shell);
      // What is over is not begun anew: the cluster may have started the VM.
      if (now >= endsAt) {
        endsAt = -Infinity;
        throw notHeld(vm, lease.resource, 'the lease is over');
      }
      writtenAt = this.#clock.now();
      endsAt = now + leaseMs;
      const xml = leaseXml({ ...lease, endsAt });
      return ask(shell, 'cibadmin', '--modify', '--scope', 'resources', '--xml-text', xml);
    };
    const drop = (lease: string): Promise<ShellAnswer> =>
      ask(shell, 'cibadmin', '--delete', '--xml-text', endedLeaseXml(lease));
    try {
      for (const lease of leases) {
        requireDone(vm, lease.resource, await write(lease));
      }
      for (const { resource } of leases) {
        await this.#untilItRests(shell, vm, resource);
      }
      await Promise.all(kept.flatMap(({ ended }) => ended).map(drop));
    } catch (error) {
      await Promise.all(leases.map(({ id }) => drop(id))).catch((lost: unknown) =>
        log.warn(`the lease of ${names} ends by itself: ${String(lost)}`),
      );
      throw error;
    }
    let renewing = Promise.resolve();
    const renew = async (): Promise<void> => {
      try {
        await openAgain();
        const written = await Promise.all(leases.map(write));
        const [failed] = written.filter(({ code }) => code !== 0);
        if (failed !== undefined) {
          throw new Error(failed.said);
        }
      } catch (error) {
        log.warn(`the lease of ${names} was not made longer: ${String(error)}`);
      }
      if (!isOver) {
        timer = setTimer();
      }
    };
    const setTimer = (): Disposable => this.#clock.setTimer(renewMs, () => void (renewing = renew()));
    let timer = setTimer();
    let isOver = false;
    return {
      requireStill: async () => {
        // By the time of day: a host that sleeps counts no ticks.
        if (Math.abs(this.#clock.now() - writtenAt) > renewMs * 2) {
          await renewing;
          await openAgain();
          for (const lease of leases) {
            requireDone(vm, lease.resource, await write(lease));
          }
        }
      },
      giveBack: async () => {
        isOver = true;
        timer.dispose();
        // It would come after the end.
        await renewing;
        try {
          await openAgain();
          for (const { resource, id } of leases) {
            // What its monitor saw meanwhile is forgotten: it looks where the VM is before it does anything.
            const refreshed = await ask(shell, 'crm_resource', '--refresh', '--resource', resource);
            const dropped = await drop(id);
            const [failed] = [refreshed, dropped].filter(({ code }) => code !== 0);
            if (failed !== undefined) {
              throw new Error(failed.said);
            }
          }
        } catch (error) {
          log.warn(`${names} is not given back to the cluster before ${leaseMs / 1000} s are over: ${String(error)}`);
        } finally {
          shell.close();
        }
      },
    };
  }

  /** What it had begun when the lease was written, it does to the end. */
  async #untilItRests(shell: HostShell, vm: VmName, resource: string): Promise<void> {
    const until = this.#clock.ticks() + patienceMs;
    // What was decided just before is begun, and seen, a moment later.
    for (let isSeen = false; ;) {
      const seen = await ask(shell, 'crm_mon', '-1', '--output-as=xml');
      requireDone(vm, resource, seen);
      const state = readResourceStates(textOf(seen)).get(resource);
      const rests = state !== undefined && isAtRest(state);
      if (rests && isSeen) {
        return;
      }
      isSeen = rests;
      if (this.#clock.ticks() > until) {
        throw notHeld(vm, resource, state?.isManaged === false ? state.role : 'maintenance has no effect');
      }
      await new Promise<void>((resolve) => this.#clock.setTimer(againMs, resolve));
    }
  }
}

/** Somebody has told the cluster so, and what it was about before is done. */
function isAtRest({ isManaged, role }: ResourceState): boolean {
  return !isManaged && restingRoles.has(role);
}

function requireDone(vm: VmName, resource: string, { code, out, said }: ShellAnswer): void {
  if (code !== 0) {
    throw notHeld(vm, resource, said === '' ? out.toString('utf8') : said);
  }
}

/** Milliseconds since 1970 on that host: its clock counts for a lease. */
async function hostTime(shell: HostShell): Promise<number> {
  const seconds = textOf(await shell.ask('date', '-u', '+%s')).trim();
  if (!/^\d+$/u.test(seconds)) {
    throw new Error('the host does not tell the time');
  }
  return Number(seconds) * 1000;
}
