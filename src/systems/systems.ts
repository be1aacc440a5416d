// All that is done with virtual systems: they are made, named and forgotten, checkpointed and reverted as one, and what
// broke off is brought to its end.
import { type Clock, systemClock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { type AutomaticActions, mayAct } from '../domain/automaticActions.js';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import { type Refusal, refuse } from '../domain/refusal.js';
import {
  isMember,
  type MemberOutcome,
  type StoredSystem,
  type SystemPoint,
  type VirtualSystem,
  findSystemByName,
} from '../domain/system.js';
import type { Vm } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';
import { type GroupEntry, GroupJournal } from '../journal/groupJournal.js';
import { thisPlace } from '../journal/place.js';
import { maxMembers, type StoredSystems, SystemStore } from '../journal/systemStore.js';
import { originHere } from '../journal/originText.js';
import { ageRefusal, foreignRefusal } from '../operations/originRefusal.js';
import { GroupCompletion } from './groupCompletion.js';
import { GroupRun, type RunWish, type SystemResult } from './groupRun.js';
import { type ObservedSystem, observeSystem } from './observedSystem.js';
import type { MemberObservation } from './standing.js';
import { requireOrder, type Start, untilAllUp, withStart } from './startOrder.js';
import {
  type CheckpointWish,
  newId,
  planCheckpoint,
  planDelete,
  planRevert,
  refOf,
  findMember,
  type SystemPlan,
} from './systemPlan.js';
import {
  planPower,
  type PowerWish,
  runPower,
  type SystemPowerAction,
  type SystemPowerPlan,
  type SystemPowerResult,
} from './systemPower.js';

export interface SystemsOptions {
  readonly engine: EnginePort;
  /** The folder of the journal. */
  readonly folder: string;
  readonly log: Log;
  readonly shell?: string;
  readonly isProtected: (vm: Vm) => boolean;
  readonly automatic: () => AutomaticActions;
  readonly clock?: Clock;
}

interface RecoveryOutcome {
  /** `explain`: it stays as it is, for a person to look. */
  readonly to: 'after' | 'before' | 'explain' | 'nothing';
  readonly members: readonly MemberOutcome[];
  /** What had been begun. */
  readonly kind?: GroupEntry['kind'];
  /** Why nothing is done by itself. */
  readonly why?: Refusal;
}

export interface RecoveredSystem extends RecoveryOutcome {
  readonly entry: GroupEntry;
}

export class Systems {
  readonly #options: SystemsOptions;
  readonly #store: SystemStore;
  readonly #groups: GroupJournal;
  readonly #clock: Clock;

  constructor(options: SystemsOptions) {
    const { folder, log, shell, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#store = new SystemStore(folder, log);
    this.#groups = new GroupJournal(folder, log, undefined, shell);
  }

  list(): Promise<StoredSystems> {
    return this.#store.list();
  }

  /** By its name or id. */
  async find(nameOrId: string): Promise<StoredSystem | undefined> {
    return findSystemByName((await this.list()).systems, nameOrId);
  }

  /** @throws Failure `exists`, `invalid`, `journal` */
  async make(name: string, views: readonly VmView[]): Promise<VirtualSystem> {
    await this.#requireFree(name);
    const members = views.map(({ ref, vm }) => ({ ...refOf({ ...ref, name: vm.name }), name: vm.name }));
    const isTwice = members.some((one, at) => members.findIndex(isMember(one)) !== at);
    if (members.length === 0 || members.length > maxMembers || isTwice) {
      throw new Failure('invalid', { doing: 'group VMs into a system' });
    }
    const system = { id: newId(), name, members };
    await this.#store.put(system);
    return system;
  }

  async rename({ system }: StoredSystem, name: string): Promise<void> {
    await this.#requireFree(name);
    await this.#store.put({ ...system, name });
  }

  /** @throws Failure `exists`, `invalid`, `journal` */
  async renamePoint({ system, points }: StoredSystem, point: SystemPoint, title: string): Promise<void> {
    requireName(title, 'name a restore point');
    if (points.some((one) => one.auto === undefined && one.title === title && one.id !== point.id)) {
      throw new Failure('exists');
    }
    await this.#store.putPoint(system.id, { ...point, title });
  }

  /** Renames a restore point of a lab whose file has changed. @throws Failure `journal` */
  async relabel({ system }: StoredSystem, point: SystemPoint, title: string, isLeft: boolean): Promise<void> {
    const { auto: _, ...rest } = point;
    await this.#store.putPoint(system.id, { ...rest, title, ...(isLeft && { auto: 'layer' }) });
  }

  /** Touches no VM and no snapshot. @throws Failure `refused` while something on it is unfinished */
  async forget({ system }: StoredSystem): Promise<void> {
    const entry = await this.#findInterrupted(system);
    if (entry !== undefined) {
      throw this.#interruptedFailure(entry);
    }
    await this.#store.forget(system.id);
  }

  /**
   * What a member comes after, and what is waited for until it counts as up. Resolves to the system as it is then.
   * @throws Failure `invalid` where members would wait for each other in a circle
   */
  async setStart({ system }: StoredSystem, uuid: string, start: Start): Promise<VirtualSystem> {
    const ordered = { ...system, members: withStart(system.members, uuid, start) };
    requireOrder(ordered.members);
    await this.#store.put(ordered);
    return ordered;
  }

  /** Never rejects: what cannot be seen is told so. */
  async look(stored: StoredSystem): Promise<ObservedSystem> {
    const { system } = stored;
    const looked = await Promise.all(
      system.members.map(async (member): Promise<MemberObservation> => {
        try {
          const { vm, tree } = await findMember(this.#options.engine, member);
          return { connection: 'connected', vm, ...(tree !== undefined && { tree }) };
        } catch (error) {
          const { kind } = asFailure(error);
          const isAway = this.#isAway(member.connection);
          return kind === 'notFound' && !isAway ? { connection: 'connected' } : { connection: 'away' };
        }
      }),
    );
    return observeSystem(stored, looked, await this.#findInterrupted(system));
  }

  async planCheckpoint({ system }: StoredSystem, wish: CheckpointWish): Promise<SystemPlan> {
    await this.#recoverInterrupted(system);
    return planCheckpoint(this.#options.engine, system, wish);
  }

  async planRevert(stored: StoredSystem, point: SystemPoint): Promise<SystemPlan> {
    await this.#recoverInterrupted(stored.system);
    return planRevert(this.#options.engine, stored, point);
  }

  async planDelete(stored: StoredSystem, point: SystemPoint): Promise<SystemPlan> {
    await this.#recoverInterrupted(stored.system);
    return planDelete(this.#options.engine, stored, point);
  }

  async planPower({ system }: StoredSystem, kind: SystemPowerAction): Promise<SystemPowerPlan> {
    await this.#recoverInterrupted(system);
    return planPower(this.#options.engine, system, kind);
  }

  /** Never rejects. */
  runPower(plan: SystemPowerPlan, wish: PowerWish): Promise<SystemPowerResult> {
    return runPower(plan, wish, { engine: this.#options.engine, clock: this.#clock });
  }

  /** Waits, also where others start them. @throws Failure of the first that did not come up, as `untilAllUp` */
  untilUp({ system }: StoredSystem, atMostMs: number, signal: AbortSignal): Promise<void> {
    return untilAllUp(system.members, atMostMs, { engine: this.#options.engine, clock: this.#clock, signal });
  }

  /** @throws Failure before anything is touched, else SystemFailure */
  async run(plan: SystemPlan, wish: RunWish = {}): Promise<SystemResult> {
    if (plan.members.length === 0) {
      // All its snapshots are gone already.
      await this.#store.forgetPoint(plan.system.id, plan.point.id);
      return { members: [], durationMs: 0 };
    }
    const { engine, log, isProtected } = this.#options;
    const parts = { engine, log, isProtected, store: this.#store, groups: this.#groups, clock: this.#clock };
    return new GroupRun(parts).run(plan, wish);
  }

  /**
   * What broke off on a system is brought to its end. `automatic`: only where it began here, within the hour, on VMs
   * that nobody protects, as far as the settings allow it. `asked`: a person wants it.
   */
  async recover(system: VirtualSystem, cause: 'automatic' | 'asked'): Promise<RecoveryOutcome> {
    const entry = await this.#findInterrupted(system);
    return entry === undefined ? { to: 'nothing', members: [] } : this.#recover(entry, cause);
  }

  /** Recovers all systems whose connections are open. Never rejects. */
  async recoverAll(): Promise<readonly RecoveredSystem[]> {
    const found: RecoveredSystem[] = [];
    for (const entry of (await this.#groups.readInterrupted()).entries) {
      if (entry.members.some(({ connection }) => this.#isAway(connection))) {
        continue;
      }
      try {
        found.push({ ...(await this.#recover(entry, 'automatic')), entry });
      } catch (error) {
        this.#options.log.info(
          `what was interrupted on ${entry.system.name} is left for now: ${asFailure(error).line}`,
        );
      }
    }
    return found;
  }

  /** A person has seen to it: nothing is touched. */
  async dismiss(system: VirtualSystem): Promise<void> {
    const entry = await this.#findInterrupted(system);
    const open = entry === undefined ? 'gone' : await this.#groups.lock(entry.id);
    if (open === 'busy') {
      throw new Failure('busy');
    }
    if (open !== 'gone') {
      await open.end();
    }
  }

  async #recover(entry: GroupEntry, cause: 'automatic' | 'asked'): Promise<RecoveryOutcome> {
    const { engine, log } = this.#options;
    await Promise.all(entry.members.map((member) => engine.connect(member.connection)));
    const why = await this.#obstacle(entry, cause);
    if (why !== undefined) {
      return { to: 'explain', members: [], kind: entry.kind, why };
    }
    const open = await this.#groups.lock(entry.id);
    if (typeof open === 'string') {
      if (open === 'busy') {
        throw new Failure('busy', {
          vm: entry.system.name,
          ...(entry.writer.editor !== undefined && { editor: entry.writer.editor }),
        });
      }
      return { to: 'nothing', members: [] };
    }
    try {
      const requests = entry.members.map((member): OperationRequest => {
        const { connection, uuid, snapshot } = member;
        return { kind: 'revert', vm: { connection, uuid }, snapshot, after: 'asBefore' };
      });
      return await engine.leaseAll({ id: entry.id, requests }, async (lease) => {
        const completion = new GroupCompletion({ engine, log, store: this.#store, clock: this.#clock });
        return { ...(await completion.recover(lease, open)), kind: entry.kind };
      });
    } catch (error) {
      await open.leave();
      const { refusal } = asFailure(error).details;
      if (refusal === undefined) {
        throw error;
      }
      return { to: 'explain', members: [], kind: entry.kind, why: refusal };
    }
  }

  async #obstacle(entry: GroupEntry, cause: 'automatic' | 'asked'): Promise<Refusal | undefined> {
    const { engine, automatic, isProtected } = this.#options;
    const place = await thisPlace();
    for (const member of entry.members) {
      const { name: vm, daemon } = member;
      const capabilities = engine.connections.find(({ uri }) => uri === member.connection)?.capabilities;
      const origin = { ...entry.place, ...(daemon && { daemon }) };
      const here = originHere(place, capabilities, this.#clock.now());
      const foreign = foreignRefusal(vm, origin, here);
      if (foreign !== undefined || cause === 'asked') {
        if (foreign !== undefined) {
          return foreign.refusal;
        }
        continue;
      }
      const view = engine.findVm(member);
      if (member.protected || (view !== undefined && isProtected(view.vm))) {
        return refuse('protectedVm', { vm }).refusal;
      }
      if (!mayAct('recover', automatic())) {
        return refuse('notByItself', { vm, setting: automatic() }).refusal;
      }
      const age = ageRefusal(vm, origin, entry.moment?.at ?? entry.startedAt, here);
      if (age !== undefined) {
        return age.refusal;
      }
    }
    return undefined;
  }

  #isAway(connection: string): boolean {
    return this.#options.engine.connections.find(({ uri }) => uri === connection)?.state !== 'connected';
  }

  async #findInterrupted({ id }: VirtualSystem): Promise<GroupEntry | undefined> {
    return (await this.#groups.readInterrupted()).entries.find(({ system }) => system.id === id);
  }

  /** What broke off goes first, as far as that may be done by itself. */
  async #recoverInterrupted(system: VirtualSystem): Promise<void> {
    const entry = await this.#findInterrupted(system);
    if (entry !== undefined && (await this.#recover(entry, 'automatic')).to === 'explain') {
      throw this.#interruptedFailure(entry);
    }
  }

  #interruptedFailure({ system, members: [first] }: GroupEntry): Failure {
    const { refusal } = refuse('systemInterrupted', { vm: first?.name ?? '', system: system.name });
    return new Failure('refused', { refusal });
  }

  async #requireFree(name: string): Promise<void> {
    requireName(name, 'name a system of VMs');
    if ((await this.find(name)) !== undefined) {
      throw new Failure('exists');
    }
  }
}

function requireName(name: string, doing: string): void {
  if (name.trim() === '' || name.length > 200) {
    throw new Failure('invalid', { doing });
  }
}
