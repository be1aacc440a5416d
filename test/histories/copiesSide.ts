// Backups beside a history: some of them before an operation, some while it runs. Each is restored on another daemon,
// and compared with what the model said when it was made. Knows the extension's code for backups.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../src/domain/failure.js';
import { libvirtHypervisor } from '../../src/driver/connection/openLibvirt.js';
import { Engine } from '../../src/engine/engine.js';
import { backUpVms } from '../../src/wings/copies/repository/backUpVms.js';
import { bringBack } from '../../src/wings/copies/restore/bringBack.js';
import { resticSource } from '../../src/wings/copies/restore/copySource.js';
import { lookAtVm, type VmLook } from '../../src/transfer/lookAtVm.js';
import { hostHere } from '../../src/transfer/vmHost.js';
import { Restic } from '../../src/wings/copies/repository/restic.js';
import { type LiveRig, startLiveRig } from '../libvirtd/engineRig.js';
import { silentLog } from '../silentLog.js';
import type { Model } from '../oracle/model.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { Beside } from './episode.js';
import type { Found } from './history.js';
import { type Random, seededRandom } from './random.js';

export interface CopiesCount {
  made: number;
  /** The copies that were created while an operation ran. */
  meanwhile: number;
  restored: number;
  /** RAM that came back in a restored VM. */
  ram: number;
  /** By the kind of the fault. */
  readonly refused: Record<string, number>;
}

interface Kept {
  readonly id: string;
  /** What the VM may have been at that moment: one, unless an operation ran meanwhile. */
  readonly models: readonly Model[];
}

const beforeShare = 0.15;
const meanwhileShare = 0.15;
const restoreShare = 0.1;

/** What may be said while nothing else is done with the VM, and while something is. */
const honest: ReadonlySet<string> = new Set(['running', 'internalRunning']);
const honestMeanwhile: ReadonlySet<string> = new Set([...honest, 'changed', 'unfinished', 'busy', 'missing']);

export class CopiesSide implements Beside {
  readonly #random: Random;
  readonly #kept: Kept[] = [];
  #running: { readonly models: Model[]; readonly ended: Promise<string | undefined> } | undefined;

  private constructor(
    readonly here: LiveRig,
    /** As the one of a schedule, in another process than that of the operations. */
    readonly engine: Engine,
    readonly there: LiveRig,
    readonly vm: OracleVm,
    readonly restic: Restic,
    seed: number,
    readonly count: CopiesCount,
  ) {
    this.#random = seededRandom(seed);
  }

  static async start(here: LiveRig, vm: OracleVm, seed: number, count: CopiesCount): Promise<CopiesSide> {
    const there = await startLiveRig();
    await there.engine.connect(there.uri);
    const { dir, env } = there.daemon;
    const key = join(dir, 'key');
    await writeFile(key, 'the key of all tests', { mode: 0o600 });
    const environment = { PATH: process.env['PATH'], ...env, RESTIC_CACHE_DIR: join(dir, 'cache-of-restic') };
    const { signal } = new AbortController();
    const restic = await Restic.open(join(dir, 'repository'), { environment, signal, passwordFile: key });
    await restic.run(['init']);
    const engine = new Engine({
      open: libvirtHypervisor(silentLog, here.daemon.env),
      log: silentLog,
      journal: { folder: join(here.daemon.dir, 'journal') },
    });
    engine.setConnections([here.uri]);
    await engine.connect(here.uri);
    return new CopiesSide(here, engine, there, vm, restic, seed, count);
  }

  async before(model: Model): Promise<Found | undefined> {
    if (this.#running !== undefined) {
      this.#running.models.push(model);
      return undefined;
    }
    // With internal snapshots, only a VM that is off can be backed up.
    const chosen = this.#random.next() / (model.power === 'off' ? 2 : 1);
    if (chosen < meanwhileShare) {
      this.#running = { models: [model], ended: this.#copy(honestMeanwhile) };
      // Who awaits it comes later.
      this.#running.ended.catch(() => undefined);
      return undefined;
    }
    if (chosen < meanwhileShare + beforeShare) {
      const id = await this.#copy(honest);
      return id === undefined ? undefined : this.#keep({ id, models: [model] });
    }
    return undefined;
  }

  async after(model: Model): Promise<Found | undefined> {
    const running = this.#running;
    if (running === undefined) {
      return undefined;
    }
    const id = await running.ended;
    this.#running = undefined;
    if (id === undefined) {
      return undefined;
    }
    this.count.meanwhile++;
    return this.#keep({ id, models: between([...running.models, model]) });
  }

  /** Every backup once more: all that was done since has broken none. */
  async end(): Promise<Found | undefined> {
    // Its console is a socket that the restored VM has, too.
    await this.here.daemon.virsh(['destroy', this.vm.name]);
    for (const kept of this.#kept) {
      const found = await this.#restore(kept, true);
      if (found !== undefined) {
        return found;
      }
    }
    await this.restic.run(['check', '--read-data']);
    return undefined;
  }

  async stop(): Promise<void> {
    await this.#running?.ended.catch(() => undefined);
    this.engine.dispose();
    await this.there.stop();
  }

  async #keep(kept: Kept): Promise<Found | undefined> {
    this.#kept.push(kept);
    return this.#random.chance(restoreShare) ? this.#restore(this.#random.pick(this.#kept), false) : undefined;
  }

  /** @returns its ID; undefined where it was refused */
  async #copy(allowed: ReadonlySet<string>): Promise<string | undefined> {
    try {
      const view = this.engine.findVm(await this.here.ref(this.vm.name))!;
      const look = (): Promise<VmLook> => lookAtVm(this.engine, view, hostHere(this.here.daemon.env));
      const { signal } = new AbortController();
      const wish = { create: false, signal };
      const [made] = await backUpVms(this.engine, this.restic, [{ view, look }], wish, {
        onProgress: () => undefined,
        onMade: () => undefined,
        onFailure: (_, error) => {
          throw error;
        },
      });
      this.count.made++;
      return made?.id;
    } catch (error) {
      const kind =
        error instanceof Failure && error.reason !== undefined
          ? error.reason
          : error instanceof Failure
            ? error.kind
            : undefined;
      if (kind === undefined || !allowed.has(kind)) {
        throw error;
      }
      this.count.refused[kind] = (this.count.refused[kind] ?? 0) + 1;
      return undefined;
    }
  }

  async #restore({ id, models }: Kept, withRam: boolean): Promise<Found | undefined> {
    const { engine, daemon, uri } = this.there;
    const folder = join(daemon.dir, 'restored');
    await mkdir(folder, { recursive: true });
    const { signal } = new AbortController();
    const { present, name } = await bringBack(engine, await resticSource(this.restic, id), {
      isolated: false,
      connection: uri,
      folder,
      host: hostHere(daemon.env),
      signal,
    });
    this.count.restored++;
    const vm = new OracleVm(daemon.virsh, { ...this.vm.guest, name });
    const wrongs: (readonly string[])[] = [];
    let right: Model | undefined;
    for (const model of models) {
      const expected = asRestored(model, present);
      const { differences } = await vm.compare(expected, 'everything');
      if (differences.length === 0) {
        right = expected;
        break;
      }
      wrongs.push(differences.map(({ what }) => `restored ${id}: ${what}`));
    }
    if (right === undefined) {
      return { about: 'data', what: wrongs.flat() };
    }
    const found = withRam ? await this.#revertThere(vm, right) : undefined;
    await this.there.virsh('undefine', name, '--snapshots-metadata', '--managed-save');
    await rm(folder, { recursive: true });
    return found;
  }

  /** To RAM, where a snapshot has some, else to any other. */
  async #revertThere(vm: OracleVm, model: Model): Promise<Found | undefined> {
    const all = [...model.snapshots.values()];
    const withRam = all.filter(({ kind, power }) => kind === 'memory' && power === 'running');
    const to = [...this.#random.shuffled(withRam), ...this.#random.shuffled(all)][0];
    if (to === undefined) {
      return undefined;
    }
    const { engine, uri } = this.there;
    await engine.refresh({ connection: uri });
    const ref = await this.there.ref(vm.name);
    try {
      await engine.runOperation({ kind: 'revert', vm: ref, snapshot: to.name, after: 'asSnapshot' });
    } catch (error) {
      const reason = error instanceof Failure ? error.details.refusal?.reason : undefined;
      if (reason === undefined) {
        throw error;
      }
      this.count.refused[reason] = (this.count.refused[reason] ?? 0) + 1;
      return undefined;
    }
    // A revert keeps what nobody else would, as a snapshot of its own.
    const { snapshots } = await engine.readTree(ref);
    const layout = snapshots.find(({ name, trailers }) => trailers.auto === 'layout' && !model.snapshots.has(name));
    const reverted = model.reverted(to.name);
    const { differences } = await vm.compare(layout === undefined ? reverted : reverted.created(layout), 'everything');
    this.count.ram += withRam.length > 0 ? 1 : 0;
    if ((await this.there.virsh('domstate', vm.name)) !== 'shut off') {
      await this.there.virsh('destroy', vm.name);
    }
    return differences.length === 0
      ? undefined
      : { about: 'data', what: differences.map(({ what }) => `reverted to ${to.name} in a restored VM: ${what}`) };
  }
}

/** Off, and where it was running, in the state of its current snapshot. */
function asRestored(model: Model, present: boolean): Model {
  const { current } = model;
  return present || current === undefined
    ? model.power === 'off'
      ? model.powered('forceOff')
      : model
    : model.reverted(current, 'off');
}

/** An operation goes through these: its new snapshots may be there before its end. */
function between(models: readonly Model[]): readonly Model[] {
  return models.flatMap((model, index) => {
    const next = models[index + 1];
    const fresh = [...(next?.snapshots.values() ?? [])].filter(({ name }) => !model.snapshots.has(name));
    let at = model;
    return [model, ...fresh.map((snapshot) => (at = at.created(snapshot)))];
  });
}
