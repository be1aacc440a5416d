// Carries out what was planned for a system: all members, or none. One entry in the journal says before anything is
// touched what is done with each; where one fails, the others go back to where they were. Refuses to decide what is
// done.
import { isDeepStrictEqual } from 'node:util';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { OperationResult } from '../domain/operation.js';
import { identifyDaemon } from '../domain/origin.js';
import type { MemberOutcome, SystemMember, SystemPoint } from '../domain/system.js';
import type { Vm } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { GroupLease, GroupLeaseWish } from '../engine/operationService.js';
import type { RunOperationOptions } from '../engine/operationRunner.js';
import { vmKey } from '../live/views.js';
import type { GroupHead, GroupJournal, GroupMember, OpenGroup } from '../journal/groupJournal.js';
import type { SystemStore } from '../journal/systemStore.js';
import { GroupCompletion } from './groupCompletion.js';
import { type PlannedMember, replan, snapshotOfPresent, newId, refOf, type SystemPlan } from './systemPlan.js';
import { idInLog } from './memberEnds.js';
import { powerTogether } from './powerTogether.js';
import { withoutWaiters } from './startGate.js';
import { SystemMoment } from './systemMoment.js';

interface GroupRunOptions {
  readonly engine: EnginePort;
  readonly store: Pick<SystemStore, 'list' | 'putPoint' | 'forgetPoint'>;
  readonly groups: Pick<GroupJournal, 'begin' | 'readInterrupted' | 'lock'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly isProtected: (vm: Vm) => boolean;
}

export interface RunWish extends Pick<GroupLeaseWish, 'signal' | 'onWait'> {
  /** Called with each member whose own part is done. */
  readonly onDone?: (member: SystemMember) => void;
  /** Called, after a revert, with each that is started again and up. */
  readonly onUp?: (member: SystemMember) => void;
}

export interface SystemResult {
  /** That was made or gone back to; of a delete what is left of it, if anything is. */
  readonly point?: SystemPoint;
  /** The restore point of the state that a revert left, for its undo. */
  readonly kept?: SystemPoint;
  readonly members: readonly MemberOutcome[];
  readonly durationMs: number;
  /** How long the members that ran stood still, at most; absent where none did. */
  readonly pausedMs?: number;
}

interface GroupDecision {
  readonly plan: SystemPlan;
  /** The id of the operation that each undoes, by `vmKey`. */
  readonly undone: ReadonlyMap<string, string>;
}

type OwnOptions = Pick<RunOperationOptions, 'signal' | 'undoes' | 'system' | 'moment'>;

export class GroupRun {
  readonly #options: GroupRunOptions;
  readonly #completion: GroupCompletion;

  constructor(options: GroupRunOptions) {
    this.#options = options;
    this.#completion = new GroupCompletion(options);
  }

  /** @throws Failure before anything is touched, else SystemFailure: what became of each member is in it */
  async run(agreed: SystemPlan, wish: RunWish = {}): Promise<SystemResult> {
    const { engine, groups, clock } = this.#options;
    const begunAt = clock.ticks();
    const id = newId();
    const requests = agreed.members.map(({ plan }) => plan.request);
    return engine.leaseAll({ ...wish, id, requests }, async (lease) => {
      const plan = await replan(engine, agreed, clock.now());
      const undone = await this.#findUndone(plan);
      const open = await groups.begin(this.#head(id, plan));
      let isOpen = true;
      const withdraw = async (): Promise<void> => {
        if (isOpen) {
          isOpen = false;
          await open.end();
        }
      };
      try {
        await lease.requireAlone(withdraw);
      } catch (error) {
        // Nothing is touched: an entry that stays open would hold all members for as long as this process lives.
        await withdraw();
        throw error;
      }
      const result = await this.#forward(lease, { plan, undone }, open, wish);
      return { ...result, durationMs: Math.round(clock.ticks() - begunAt) };
    });
  }

  async #forward(
    lease: GroupLease,
    decided: GroupDecision,
    open: OpenGroup,
    wish: RunWish,
  ): Promise<Omit<SystemResult, 'durationMs'>> {
    const { clock } = this.#options;
    const { plan } = decided;
    const running = plan.kind === 'delete' ? [] : plan.members.filter(({ state }) => state === 'running');
    const from = clock.ticks();
    try {
      let pausedMs: number | undefined;
      if (plan.kind === 'checkpoint' && running.length > 0) {
        pausedMs = await this.#saveTogether(lease, decided, open, wish, running.length);
      } else {
        await this.#pauseAll(lease, running, open, wish);
        await this.#each(decided, open, wish, (own, options) => runOwn(lease, own, options));
      }
      const kept = await this.#completion.keep(open);
      const ended = await this.#completion.release(lease, open, wish);
      if (plan.kind === 'revert' && running.length > 0) {
        pausedMs = clock.ticks() - from;
      }
      return { ...kept, members: ended, ...(pausedMs !== undefined && { pausedMs: Math.round(pausedMs) }) };
    } catch (error) {
      const failures = error instanceof MembersFailed ? error.failures : new Map<string, Failure>();
      throw await this.#completion.fail(lease, open, asFailure(error), failures);
    }
  }

  /** They stay so until all are reverted. */
  async #pauseAll(
    lease: GroupLease,
    running: SystemPlan['members'],
    open: OpenGroup,
    { signal }: RunWish,
  ): Promise<void> {
    if (running.length === 0) {
      return;
    }
    const pauses = running.map(({ member }) => ({ kind: 'power', vm: refOf(member), action: 'pause' }) as const);
    const begun = await powerTogether(lease, pauses, { clock: this.#options.clock, signal, ifOneFails: 'nobody' });
    if (begun.failures.size > 0) {
      throw new MembersFailed(begun.failures);
    }
    await open.put({ moment: { at: begun.at, ...spreadOf(running, begun.spreadMs) } });
  }

  /** @returns how long the members that ran were paused, at most */
  async #saveTogether(
    lease: GroupLease,
    decided: GroupDecision,
    open: OpenGroup,
    wish: RunWish,
    running: number,
  ): Promise<number | undefined> {
    const { members } = decided.plan;
    const put = (at: number): Promise<void> => open.put({ moment: { at } });
    const moment = new SystemMoment({ members: members.length, running, clock: this.#options.clock, onReady: put });
    const cancel = (): void => moment.shut(new Failure('cancelled', { doing: 'createSnapshot' }));
    wish.signal?.addEventListener('abort', cancel, { once: true });
    const paused: number[] = [];
    try {
      await this.#each(decided, open, wish, async (own, options) => {
        const done = await moment.saving(own.state === 'running', (common) =>
          runOwn(lease, own, { ...options, moment: common }),
        );
        paused.push(...(own.state === 'running' ? [done?.guestPausedMs ?? []].flat() : []));
      });
    } finally {
      wish.signal?.removeEventListener('abort', cancel);
    }
    const { at = 0 } = open.entry.moment ?? {};
    await open.put({ moment: { at, ...spreadOf({ length: running }, moment.spreadMs) } });
    return paused.length === 0 ? undefined : Math.max(...paused);
  }

  /** Side by side; all are waited for, be it that one fails. */
  async #each(
    { plan, undone }: GroupDecision,
    open: OpenGroup,
    { signal, onDone }: RunWish,
    runMember: (own: PlannedMember, options: OwnOptions) => Promise<unknown>,
  ): Promise<void> {
    const { engine } = this.#options;
    const failures = new Map<string, Failure>();
    await Promise.all(
      plan.members.map(async (own) => {
        const { member } = own;
        try {
          const undoes = undone.get(vmKey(member));
          const { id, name } = plan.system;
          await runMember(own, {
            system: { id, name },
            ...(signal !== undefined && { signal }),
            ...(undoes !== undefined && { undoes }),
          });
          const { checkpoint, snapshot } = own.plan;
          const madeAt = timesOf(engine.findVm(member)?.tree, checkpoint ?? snapshot)[0]?.[1];
          await open.put({
            done: [...open.entry.done, member.uuid],
            ...(madeAt !== undefined && { made: { ...open.entry.made, [member.uuid]: madeAt } }),
          });
          onDone?.(member);
        } catch (error) {
          failures.set(vmKey(member), asFailure(error));
        }
      }),
    );
    if (failures.size > 0) {
      const own = withoutWaiters(failures);
      throw new MembersFailed(own.size > 0 ? own : failures);
    }
  }

  /**
   * Finds the revert that a system's undo undoes: its id in the log of each member. Read while the guests still run.
   */
  async #findUndone({ point, members }: SystemPlan): Promise<ReadonlyMap<string, string>> {
    const { engine, log } = this.#options;
    const found = await Promise.all(
      (point.auto === 'revert' ? members : []).map(async ({ member, plan: { request } }) => {
        if (request.kind !== 'revert') {
          return [];
        }
        const undoes = await idInLog({ engine, log }, member, (look) => look.undoneByRevertTo(request.snapshot)?.entry);
        return undoes === undefined ? [] : [[vmKey(member), undoes] as const];
      }),
    );
    return new Map(found.flat());
  }

  #head(id: string, { kind, system, point, members, ends }: SystemPlan): GroupHead {
    const { engine, isProtected } = this.#options;
    return {
      id,
      kind,
      system: { id: system.id, name: system.name },
      point: {
        id: point.id,
        title: point.title,
        ...(kind === 'checkpoint' && (point.auto === 'work' || point.auto === 'layer') && { auto: point.auto }),
        ...(kind === 'checkpoint' && point.by !== undefined && { by: point.by }),
        ...(kind === 'checkpoint' && point.git !== undefined && { git: point.git }),
      },
      ...(kind === 'revert' && { kept: newId() }),
      members: members.map((planned): GroupMember => {
        const { member, view, plan, state } = planned;
        const { current } = plan.before;
        const capabilities = engine.connections.find(({ uri }) => uri === member.connection)?.capabilities;
        const end = ends.get(vmKey(member));
        const kept = kind === 'revert' ? snapshotOfPresent(planned) : undefined;
        if (kind === 'revert' && kept === undefined) {
          throw new Failure('failed', { doing: 'keep what a revert leaves', vm: view.vm.name });
        }
        return {
          ...refOf(member),
          name: view.vm.name,
          state,
          ...(current !== undefined && { current }),
          times: Object.fromEntries(timesOf(view.tree, current, plan.snapshot)),
          snapshot: plan.snapshot ?? '',
          ...(kind === 'revert' && plan.checkpoint !== undefined && { checkpoint: plan.checkpoint }),
          ...(kind === 'revert' && plan.spared !== undefined && { spared: plan.spared }),
          ...(end !== undefined && { end: end.state === 'paused' && end.kind !== 'memory' ? 'off' : end.state }),
          ...(end !== undefined && { withRam: end.kind === 'memory' }),
          protected: isProtected(view.vm),
          ...(capabilities && { daemon: identifyDaemon(capabilities) }),
        };
      }),
    };
  }
}

/**
 * Its names are in the journal: under others it would not be found again. What was brought to its end all the same is
 * done.
 */
async function runOwn(
  lease: GroupLease,
  { plan, view: { tree } }: PlannedMember,
  options: OwnOptions,
): Promise<OperationResult | undefined> {
  const { request, snapshot, checkpoint, steps } = plan;
  const made = steps.find((step) => step.kind === 'createSnapshot');
  const asked =
    request.kind === 'create' && made !== undefined ? { ...request, snapshotKind: made.snapshotKind } : request;
  try {
    return await lease.run(asked, {
      ...options,
      allows: (fresh, now) =>
        fresh.snapshot === snapshot &&
        fresh.checkpoint === checkpoint &&
        isDeepStrictEqual(timesOf(now.tree, snapshot), timesOf(tree, snapshot)),
    });
  } catch (error) {
    if (asFailure(error).details.recovered === 'after') {
      return undefined;
    }
    throw error;
  }
}

/** None of one VM alone. */
function spreadOf({ length }: { readonly length: number }, ms: number): { readonly spreadMs?: number } {
  return length > 1 ? { spreadMs: Math.ceil(ms * 10) / 10 } : {};
}

/** The first of them speaks for all. */
class MembersFailed extends Failure {
  constructor(readonly failures: ReadonlyMap<string, Failure>) {
    const [first = new Failure('failed')] = failures.values();
    super(first.kind, first.details, { cause: first });
  }
}

/** The times of those that exist, by name. */
function timesOf(
  tree: SnapshotTree | undefined,
  ...names: readonly (string | undefined)[]
): readonly (readonly [name: string, createdAt: number])[] {
  return (tree?.snapshots ?? []).flatMap(({ name, createdAt }) => (names.includes(name) ? [[name, createdAt]] : []));
}
