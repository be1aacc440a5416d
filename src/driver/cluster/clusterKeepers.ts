// The cluster on a host that libvirt runs on: which of its VMs it keeps, and a lease on one while we work at it.
import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../base/clock.js';
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import { Failure } from '../../domain/failure.js';
import type { HostFiles } from '../../domain/hostFiles.js';
import type { HeldVm, Keeper, KeptBy, VmKeepers } from '../../domain/keeper.js';
import { refuse } from '../../domain/refusal.js';
import type { Vm } from '../../domain/vm.js';
import type { HostLogin } from '../../hosts/hostLogin.js';
import { HostShell, type ShellAnswer } from '../../hosts/hostShell.js';
import {
  endedLeaseXml,
  type KeptResource,
  leaseXml,
  newLeaseId,
  readConfiguredVm,
  readKeptResources,
  readLeases,
  readResourceStates,
  type ResourceState,
} from './clusterXml.js';

interface ClusterHost {
  /** Absent: this computer. */
  readonly login?: HostLogin | undefined;
  readonly files: Pick<HostFiles, 'file'>;
  readonly log: Log;
  readonly clock?: Clock;
}

type VmName = Pick<Vm, 'uuid' | 'name'>;

/** A cluster whose lease nobody renews takes the VM back after so long. */
const leaseMs = 120_000;
const renewMs = 30_000;
/** For what the cluster does to the VM at this moment. */
const patienceMs = 30_000;
const againMs = 200;
/** As libvirt's longest string. */
const mostConfigBytes = '4194304';
/** In which the cluster does nothing to it. */
const restingRoles: ReadonlySet<string> = new Set(['Started', 'Stopped']);
/** Of Pacemaker, on all distributions. */
const monitor = '/usr/sbin/crm_mon';
/** Programs of system administration are not on everybody's path. */
const setUp = 'PATH="$PATH:/usr/sbin:/sbin"; export PATH\n';
/** Exits of crm_mon where Pacemaker does not run on this host (`CRM_EX_DISCONNECT`), and where it is not there. */
const nobodyThere: ReadonlySet<number> = new Set([102, 127]);

interface Look extends Keeper {
  readonly state: ResourceState | undefined;
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
      const look = await this.#look(shell, vm);
      if (typeof look === 'string') {
        return look;
      }
      const { state: _, ended: __, ...keeper } = look;
      return keeper;
    } catch (error) {
      this.#host.log.warn(`What the cluster keeps cannot be read: ${String(error)}`);
      return 'unknown';
    } finally {
      shell?.close();
    }
  }

  async hold(vm: VmName): Promise<HeldVm | undefined> {
    if (!(await this.#mayBe())) {
      return undefined;
    }
    let shell: HostShell | undefined;
    let held: HeldVm | undefined;
    let resource = '';
    try {
      shell = await this.#open();
      const look = await this.#look(shell, vm);
      if (typeof look !== 'string' && look.rests !== 'byPerson') {
        ({ resource } = look);
        held = await this.#lease(shell, vm, look);
      }
      return held;
    } catch (error) {
      throw error instanceof Failure ? error : notHeld(vm, resource, asFailure(error).line);
    } finally {
      if (held === undefined) {
        shell?.close();
      }
    }
  }

  /** Asked once: whoever installs a cluster connects again. What nobody can see may be there. */
  #mayBe(): Promise<boolean> {
    return (this.#hasPrograms ??= this.#host.files.file(monitor).then((seen) => seen !== 'missing'));
  }

  #open(): Promise<HostShell> {
    return HostShell.open(this.#host.login, { setUp, patienceMs });
  }

  async #look(shell: HostShell, vm: VmName): Promise<Look | Exclude<KeptBy, Keeper>> {
    const [seen, asked] = await Promise.all([
      shell.ask('crm_mon', '-1', '--output-as=xml'),
      shell.ask('cibadmin', '--query', '--scope', 'resources'),
    ]);
    if (nobodyThere.has(seen.code)) {
      return 'nobody';
    }
    if (seen.code !== 0 || asked.code !== 0) {
      this.#host.log.warn(`The cluster does not answer: ${seen.said} ${asked.said}`);
      return 'unknown';
    }
    const states = readResourceStates(textOf(seen));
    const cib = textOf(asked);
    const resource = await this.#resourceOf(shell, vm, readKeptResources(cib));
    if (resource === undefined) {
      return 'nobody';
    }
    const state = states.get(resource.id);
    const now = await hostTime(shell);
    const leases = readLeases(cib, resource.id);
    const isOurs = leases.some(({ endsAt }) => endsAt > now);
    return {
      resource: resource.id,
      config: resource.config,
      nodes: state?.nodes ?? [],
      rests: isOurs ? 'byUs' : state?.isManaged === false ? 'byPerson' : 'no',
      state,
      ended: leases.flatMap(({ id, endsAt }) => (endsAt > now ? [] : [id])),
    };
  }

  /** By the VM that its file describes: what the cluster calls it may be anything. */
  async #resourceOf(
    shell: HostShell,
    { uuid, name }: VmName,
    kept: readonly KeptResource[],
  ): Promise<KeptResource | undefined> {
    const read = await Promise.all(
      kept.map(async (resource) => {
        const answer = await shell.ask('head', '-c', mostConfigBytes, '--', resource.config);
        const told = answer.code === 0 ? this.#configuredVm(textOf(answer)) : {};
        // One that cannot be read is known by its name alone, as the agent itself knows it.
        const isIt = told.uuid === undefined ? (told.name ?? nameOfFile(resource.config)) === name : told.uuid === uuid;
        return isIt ? [resource] : [];
      }),
    );
    return read.flat()[0];
  }

  #configuredVm(xml: string): ReturnType<typeof readConfiguredVm> {
    try {
      return readConfiguredVm(xml);
    } catch (error) {
      this.#host.log.debug(`what a cluster starts a VM from cannot be read: ${String(error)}`);
      return {};
    }
  }

  async #lease(shell: HostShell, vm: VmName, { resource, ended }: Look): Promise<HeldVm> {
    const { log } = this.#host;
    const id = newLeaseId(randomBytes(6).toString('hex'));
    const write = async (): Promise<ShellAnswer> => {
      const endsAt = (await hostTime(shell)) + leaseMs;
      return shell.ask(
        'cibadmin',
        '--modify',
        '--scope',
        'resources',
        '--xml-text',
        leaseXml({ resource, id, endsAt }),
      );
    };
    const drop = (lease: string): Promise<ShellAnswer> =>
      shell.ask('cibadmin', '--delete', '--xml-text', endedLeaseXml(lease));
    try {
      requireDone(vm, resource, await write());
      await this.#untilItRests(shell, vm, resource);
      await Promise.all(ended.map(drop));
    } catch (error) {
      await drop(id).catch((lost: unknown) => log.warn(`the lease ${id} ends by itself: ${String(lost)}`));
      throw error;
    }
    let timer = this.#clock.setTimer(renewMs, () => void renew());
    let isOver = false;
    const renew = async (): Promise<void> => {
      try {
        const { code, said } = await write();
        if (code !== 0) {
          log.warn(`the lease of ${resource} was not made longer: ${said}`);
        }
      } catch (error) {
        log.warn(`the lease of ${resource} was not made longer: ${String(error)}`);
      }
      if (!isOver) {
        timer = this.#clock.setTimer(renewMs, () => void renew());
      }
    };
    return {
      giveBack: async () => {
        isOver = true;
        timer.dispose();
        try {
          // What its monitor saw meanwhile is forgotten: it looks where the VM is before it does anything.
          const refreshed = await shell.ask('crm_resource', '--refresh', '--resource', resource);
          const dropped = await drop(id);
          for (const { code, said } of [refreshed, dropped]) {
            if (code !== 0) {
              log.warn(`${resource} is not given back to the cluster before ${leaseMs / 1000} s are over: ${said}`);
            }
          }
        } catch (error) {
          log.warn(
            `${resource} is not given back to the cluster before ${leaseMs / 1000} s are over: ${String(error)}`,
          );
        } finally {
          shell.close();
        }
      },
    };
  }

  /** What it had begun when the lease was written, it does to the end. */
  async #untilItRests(shell: HostShell, vm: VmName, resource: string): Promise<void> {
    const until = this.#clock.ticks() + patienceMs;
    for (;;) {
      const seen = await shell.ask('crm_mon', '-1', '--output-as=xml');
      requireDone(vm, resource, seen);
      const state = readResourceStates(textOf(seen)).get(resource);
      if (state !== undefined && !state.isManaged && restingRoles.has(state.role)) {
        return;
      }
      if (this.#clock.ticks() > until) {
        throw notHeld(vm, resource, state?.isManaged === false ? state.role : 'maintenance has no effect');
      }
      await new Promise<void>((resolve) => this.#clock.setTimer(againMs, resolve));
    }
  }
}

function requireDone(vm: VmName, resource: string, { code, out, said }: ShellAnswer): void {
  if (code !== 0) {
    throw notHeld(vm, resource, said === '' ? out.toString('utf8') : said);
  }
}

function notHeld({ name }: VmName, resource: string, message: string): Failure {
  const { refusal } = refuse('clusterKeepsOn', { vm: name, resource, message });
  return new Failure('refused', { vm: name, refusal });
}

/** Milliseconds since 1970 on that host: its clock counts for a lease. */
async function hostTime(shell: HostShell): Promise<number> {
  return Number(textOf(await shell.ask('date', '-u', '+%s')).trim()) * 1000;
}

function textOf({ out }: ShellAnswer): string {
  return out.toString('utf8');
}

function nameOfFile(path: string): string {
  return path.replace(/^.*\//u, '').replace(/\.xml$/u, '');
}
