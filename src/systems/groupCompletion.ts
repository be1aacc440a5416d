// How what was begun on a system ends: its restore point is kept and the members are let go on, or all of them go back
// to where they were. The same when all went well, when a member failed, and when a process died in the middle.
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import { isMember, type MemberOutcome, type SystemMember, type SystemPoint } from '../domain/system.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { GroupLease } from '../engine/operationService.js';
import { type VmView, vmKey } from '../live/views.js';
import type { GroupEntry, GroupMember, OpenGroup } from '../journal/groupJournal.js';
import type { SystemStore } from '../journal/systemStore.js';
import { isHalfWay, outcomeOf, pointMember, idInLog } from './memberEnds.js';
import { endOf, type Standing, standingOf } from './standing.js';
import { startInOrder, untilUp } from './startOrder.js';
import { refOf, SystemFailure } from './systemPlan.js';
import { type GroupStart, powerTogether } from './powerTogether.js';

interface GroupCompletionOptions {
  readonly engine: EnginePort;
  readonly store: Pick<SystemStore, 'list' | 'putPoint' | 'forgetPoint'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface KeptPoints {
  readonly point?: SystemPoint;
  readonly kept?: SystemPoint;
}

type Failures = ReadonlyMap<string, Failure>;

interface ReleaseWish {
  readonly signal?: AbortSignal | undefined;
  /** Called with each that is up. */
  readonly onUp?: (member: SystemMember) => void;
}

interface Release {
  readonly failures: Failures;
  /** By `vmKey`: of those that failed the ones that run all the same, and do not count as up. */
  readonly running: ReadonlySet<string>;
  readonly clocks?: GroupStart['clocks'];
}

const standingOutcomes = { before: 'asBefore', after: 'done', unclear: 'unclear' } as const;
const never = new AbortController().signal;

export class GroupCompletion {
  readonly #options: GroupCompletionOptions;

  constructor(options: GroupCompletionOptions) {
    this.#options = options;
  }

  /** What a person is to find later is written down. Until then all can go back. */
  async keep({ entry }: OpenGroup): Promise<KeptPoints> {
    const { store, log } = this.#options;
    const { system, point, kept, moment, members, startedAt } = entry;
    const views = await this.#look(entry);
    const at = {
      createdAt: moment?.at ?? startedAt,
      ...(moment?.spreadMs !== undefined && { spreadMs: moment.spreadMs }),
    };
    const stored = (await store.list()).systems.find((one) => one.system.id === system.id);
    switch (entry.kind) {
      case 'checkpoint': {
        const made = { ...point, ...at, members: members.map((one) => pointMember(one, one.snapshot, views)) };
        await store.putPoint(system.id, made);
        return { point: made };
      }
      case 'revert': {
        const left: SystemPoint = {
          id: kept ?? point.id,
          title: point.title,
          ...at,
          members: members.map((one) => pointMember(one, keptOf(one), views)),
          auto: 'revert',
        };
        await store.putPoint(system.id, left);
        // Only the last one is undone; the snapshots of the others go as those of any revert.
        for (const older of stored?.points.filter(({ auto, id }) => auto === 'revert' && id !== left.id) ?? []) {
          await store.forgetPoint(system.id, older.id).catch((error: unknown) => log.warn(asFailure(error).line));
        }
        const to = stored?.points.find(({ id }) => id === point.id);
        return { kept: left, ...(to !== undefined && { point: to }) };
      }
      case 'delete': {
        const known = stored?.points.find(({ id }) => id === point.id);
        const gone = members.filter((one) => standingOf(entry, one, views.get(vmKey(one))) === 'after');
        const there = known?.members.filter((one) => !gone.some(isMember(one))) ?? [];
        const isThere = there.some((one) => members.some(isMember(one)));
        if (known === undefined || !isThere) {
          await store.forgetPoint(system.id, point.id);
          return {};
        }
        const rest = { ...known, members: there };
        await store.putPoint(system.id, rest);
        return { point: rest };
      }
    }
  }

  /** The members go on, in their order. What fails now undoes nothing. */
  async release(lease: GroupLease, open: OpenGroup, wish: ReleaseWish = {}): Promise<readonly MemberOutcome[]> {
    const { entry } = open;
    const { failures, running, clocks }: Release =
      entry.kind === 'checkpoint'
        ? { failures: await this.#resume(lease, entry), running: new Set() }
        : await this.#start(lease, entry, wish);
    await open.end();
    return entry.members.map((member) => {
      const key = vmKey(member);
      const clockBehindMs = clocks?.get(key);
      return {
        ...outcomeOf(member, failures.has(key) && !running.has(key) ? 'notStarted' : 'done', failures),
        ...(clockBehindMs !== undefined && { clockBehindMs }),
      };
    });
  }

  /** @returns what is thrown: the failure, knowing what became of each member */
  async fail(lease: GroupLease, open: OpenGroup, failure: Failure, failures: Failures): Promise<SystemFailure> {
    const members =
      open.entry.kind === 'delete'
        ? await this.#outcomesOfDelete(open, failures)
        : await this.#goBack(lease, open, failures);
    const isBefore = members.every(({ outcome }) => outcome === 'asBefore');
    const { stateNow: _, ...details } = failure.details;
    const recovered = isBefore ? 'before' : open.entry.kind === 'delete' ? 'partly' : 'explained';
    const kind = failure.kind === 'refused' ? 'stopped' : failure.kind;
    return new SystemFailure(new Failure(kind, { ...details, recovered }, { cause: failure }), members);
  }

  /** By the facts, when the process that ran it is gone. `explain`: it stays, and a person has to look. */
  async recover(
    lease: GroupLease,
    open: OpenGroup,
  ): Promise<{ readonly to: 'after' | 'before' | 'explain'; readonly members: readonly MemberOutcome[] }> {
    const { entry } = open;
    const views = await this.#look(entry);
    const standings = entry.members.map((member) => standingOf(entry, member, views.get(vmKey(member))));
    switch (endOf(entry, standings)) {
      case 'explain': {
        await open.leave();
        return {
          to: 'explain',
          members: entry.members.map((member, at) => outcomeOf(member, standingOutcomes[standings[at] ?? 'unclear'])),
        };
      }
      case 'finish':
        await this.keep(open);
        return { to: 'after', members: await this.release(lease, open) };
      case 'back': {
        const members = await this.#goBack(lease, open, new Map());
        return { to: members.every(({ outcome }) => outcome === 'asBefore') ? 'before' : 'explain', members };
      }
    }
  }

  async #outcomesOfDelete(open: OpenGroup, failures: Failures): Promise<readonly MemberOutcome[]> {
    const { entry } = open;
    try {
      await this.keep(open);
      await open.end();
    } catch (error) {
      this.#options.log.error(`what is left of the restore point is not written down: ${asFailure(error).line}`);
      await open.leave();
    }
    // One that failed may be gone nevertheless.
    const views = await this.#look(entry);
    return entry.members.map((member) => {
      const outcome = standingOutcomes[standingOf(entry, member, views.get(vmKey(member)))];
      return outcomeOf(member, outcome, outcome === 'done' ? new Map() : failures);
    });
  }

  /**
   * | operation  | a member stands | → |
   * |------------|-----------------|---|
   * | checkpoint | after           | resumed, where it ran; then its new snapshot is deleted |
   * | revert     | after           | reverted to its own checkpoint; resumed, where it ran |
   * | either     | before          | resumed, where it ran |
   * | either     | unclear         | left to a person |
   */
  async #goBack(lease: GroupLease, open: OpenGroup, failures: Failures): Promise<readonly MemberOutcome[]> {
    const { entry } = open;
    const unsettled = new Map<string, Failure>();
    const views = await this.#look(entry);
    const standings = new Map<string, Standing>(
      entry.members.map((member) => {
        const own = failures.get(vmKey(member));
        const isHalf = own !== undefined && isHalfWay(own);
        return [vmKey(member), isHalf ? 'unclear' : standingOf(entry, member, views.get(vmKey(member)), own)];
      }),
    );
    const those = entry.members.filter((member) => standings.get(vmKey(member)) === 'after');
    const undo = (
      members: readonly GroupMember[],
      request: (member: GroupMember) => OperationRequest,
    ): Promise<unknown> =>
      Promise.all(
        members.map(async (member) => {
          const { id, name } = entry.system;
          // The log shall not tell that what is taken back stands.
          const did = entry.kind === 'checkpoint' ? 'create' : entry.kind;
          const undoes = await idInLog(this.#options, member, (look) => look.ofSystem(id, did));
          await lease
            .run(request(member), { unasked: true, system: { id, name }, ...(undoes !== undefined && { undoes }) })
            .catch((error: unknown) => unsettled.set(vmKey(member), asFailure(error)));
        }),
      );
    if (entry.kind === 'revert') {
      await undo(those, (member) => ({
        kind: 'revert',
        vm: { connection: member.connection, uuid: member.uuid },
        snapshot: keptOf(member),
        after: member.state === 'off' ? 'off' : 'paused',
        // It was in nobody's hands since, unless a process died: then what somebody may have done is kept.
        checkpointFirst: failures.size === 0,
      }));
    }
    const known = entry.members.filter(
      (member) => standings.get(vmKey(member)) !== 'unclear' && !unsettled.has(vmKey(member)),
    );
    for (const [key, failure] of await this.#resume(lease, { ...entry, members: known })) {
      unsettled.set(key, failure);
    }
    if (entry.kind === 'checkpoint') {
      await undo(those, ({ connection, uuid, snapshot }) => ({
        kind: 'delete',
        vm: { connection, uuid },
        snapshot,
        scope: 'one',
      }));
    }
    const members = entry.members.map((member) => {
      const key = vmKey(member);
      const isUnclear = standings.get(key) === 'unclear' || unsettled.has(key);
      return outcomeOf(member, isUnclear ? 'unclear' : 'asBefore', new Map([...unsettled, ...failures]));
    });
    await (members.some(({ outcome }) => outcome === 'unclear') ? open.leave() : open.end());
    return members;
  }

  /**
   * Those that ran and stand still; all that can go on do. One that cannot be read is tried, so that its failure is
   * told.
   */
  async #resume(lease: GroupLease, entry: GroupEntry): Promise<Failures> {
    const views = await this.#look(entry);
    const refs = entry.members.filter((member) => {
      const power = views.get(vmKey(member))?.vm.power;
      return member.state === 'running' && (power === undefined || power === 'paused');
    });
    const { clock } = this.#options;
    // Who was taken back has RAM of another time; all others stood still.
    const why = entry.kind === 'revert' ? 'revert' : 'stop';
    const requests = refs.map((member) => resumeOf(member, why));
    return (await powerTogether(lease, requests, { clock, ifOneFails: 'others' })).failures;
  }

  /** Starts the members that nobody waits for; those with RAM continue at the same moment. */
  async #start(lease: GroupLease, entry: GroupEntry, { signal = never, onUp }: ReleaseWish): Promise<Release> {
    const { engine, clock, store } = this.#options;
    const views = await this.#look(entry);
    const stored = (await store.list()).systems.find(({ system }) => system.id === entry.system.id);
    const due = entry.members.filter(
      (member) => member.end === 'running' && views.get(vmKey(member))?.vm.power !== 'running',
    );
    const ordered = due.map((own): SystemMember => stored?.system.members.find(isMember(own)) ?? own);
    const isFree = ({ after = [] }: SystemMember): boolean => !ordered.some(({ uuid }) => after.includes(uuid));
    const isPaused = (ref: SystemMember): boolean => views.get(vmKey(ref))?.vm.power === 'paused';
    const first = ordered.filter((member) => isFree(member) && isPaused(member));
    const requests = first.map((member) => resumeOf(member, 'revert'));
    const resumed = await powerTogether(lease, requests, { clock, ifOneFails: 'others' });
    const failures = new Map(resumed.failures);
    const clocks = new Map(resumed.clocks);
    const [begun, running] = [new Set<string>(), new Set<string>()];
    const later = await startInOrder(ordered, {
      start: async (member) => {
        const failure = resumed.failures.get(vmKey(member));
        if (failure !== undefined) {
          throw failure;
        }
        if (!first.includes(member)) {
          const start = { kind: 'power', vm: refOf(member), action: 'start' } as const;
          const { clockBehindMs } = await lease.run(isPaused(member) ? resumeOf(member, 'revert') : start);
          if (clockBehindMs !== undefined) {
            clocks.set(vmKey(member), clockBehindMs);
          }
        }
        begun.add(vmKey(member));
      },
      untilUp: (member, wait) => untilUp(member, wait, { engine, clock, signal }),
      onUp,
    });
    for (const member of ordered) {
      const failure = later.get(member.uuid);
      const key = vmKey(member);
      if (failure !== undefined) {
        failures.set(key, failure);
        // One that went off while it was waited for does not run.
        if (begun.has(key) && engine.findVm(member)?.vm.power === 'running') {
          running.add(key);
        }
      }
    }
    return { failures, running, clocks };
  }

  /** Read afresh; without those that cannot be. */
  async #look({ members }: Pick<GroupEntry, 'members'>): Promise<ReadonlyMap<string, ViewWithTree>> {
    const { engine, log } = this.#options;
    const seen = await Promise.all(
      members.map(async ({ connection, uuid, name }) => {
        try {
          await engine.refresh({ vm: { connection, uuid } });
        } catch (error) {
          log.warn(`${name} cannot be read: ${asFailure(error).line}`);
          return [];
        }
        const view = engine.findVm({ connection, uuid });
        return hasTree(view) ? [[vmKey({ connection, uuid }), view] as const] : [];
      }),
    );
    return new Map(seen.flat());
  }
}

type ViewWithTree = VmView & { readonly tree: NonNullable<VmView['tree']> };

function hasTree(view: VmView | undefined): view is ViewWithTree {
  return view?.tree !== undefined;
}

function resumeOf(member: SystemMember, clock: 'revert' | 'stop'): Extract<OperationRequest, { kind: 'power' }> {
  return { kind: 'power', vm: refOf(member), action: 'resume', clock };
}

/** The snapshot that has what a revert of it left: its checkpoint, or the one that had it already. */
function keptOf({ checkpoint, spared, current }: GroupMember): string {
  return checkpoint ?? spared ?? current ?? '';
}
