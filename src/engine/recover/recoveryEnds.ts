// How recoveries end: the entry is left or closed, why something stays unfinished is kept, and listeners are told.
import type { BegunMove } from '../../journal/begunMoves.js';
import { type JournalEntry, stuck } from '../../journal/entry.js';
import type { OpenEntry } from '../../journal/journal.js';
import { Emitter } from '../../base/emitter.js';
import type { Log } from '../../base/log.js';
import { Failure } from '../../domain/failure.js';
import type { InterruptedOperation, Recovery } from '../../operations/interrupted.js';
import type { RecoveryState, RecoveryReport } from '../../domain/recoveryReport.js';
import { type Refusal, refuse } from '../../domain/refusal.js';
import type { Store } from '../../live/store.js';
import { moveInterrupted } from '../leases/busyElsewhere.js';
import type { Lease } from '../leases/leases.js';
import type { Persistence } from '../../journal/persistence.js';
import {
  type LoggedOperation,
  loggedSnapshotsOf,
  type SnapshotChange,
  logAsUnchanged,
  sparedSnapshot,
  loggedStateOf,
} from '../../domain/loggedOperation.js';
import { identityOf } from '../../domain/snapshot.js';
import { newOperationId } from '../../journal/operationLog.js';
import type { VmView } from '../../live/views.js';

interface EndsOptions {
  readonly log: Log;
  readonly persistence: Persistence;
  readonly store: Store;
}

export class RecoveryEnds {
  readonly #options: EndsOptions;
  readonly #recovered = new Emitter<RecoveryReport>();
  readonly onDidRecover = this.#recovered.event;
  /** By the entry's id: why it stays. */
  readonly #unfinished = new Map<string, Refusal>();
  /** Told in this session; it stays until the state is settled or a person dismisses it. */
  readonly #explained = new Set<string>();

  constructor(options: EndsOptions) {
    this.#options = options;
  }

  findWhy(id: string): Refusal | undefined {
    return this.#unfinished.get(id);
  }

  forget(id: string): void {
    this.#unfinished.delete(id);
  }

  /** @param mayFinish whether it can be done for a person who wants it */
  async explain(
    open: OpenEntry,
    { why, commands }: Extract<Recovery, { kind: 'explain' }>,
    mayFinish = false,
  ): Promise<'explained'> {
    const { id } = open.entry;
    await open.leave(why.reason);
    const isNews = this.#unfinished.get(id)?.reason !== why.reason || !this.#explained.has(id);
    this.#unfinished.set(id, why);
    this.#explained.add(id);
    if (isNews) {
      this.#report(open.entry, { outcome: 'explained', why, commands, ...(mayFinish ? { mayFinish } : {}) });
    }
    return 'explained';
  }

  /**
   * Leaves the entry of a VM with the same UUID alone if this connection may lead to another one: its own connection
   * ends it.
   */
  async leaveElsewhere(open: OpenEntry): Promise<void> {
    await open.leave('begun over another connection');
    this.#unfinished.set(open.entry.id, begunElsewhere(open.entry));
  }

  /**
   * What is done with several VMs at once stands in the log of who does that.
   * @param isNews whether nobody was told of it yet
   */
  async settle(
    { request, group }: Pick<Lease, 'request' | 'group'>,
    open: OpenEntry,
    to: RecoveryState,
    isNews: boolean,
    failure: Failure | undefined,
  ): Promise<RecoveryState> {
    const { persistence, store } = this.#options;
    const isLogged = to === 'after' && group === undefined;
    const logged = isLogged ? logRecovery(open.entry, store.vm(request.vm)) : undefined;
    this.#unfinished.delete(open.entry.id);
    const undone = isNews || failure === undefined ? 'undone' : 'failed';
    await open.end({
      outcome: to === 'before' ? undone : 'recovered',
      ...(failure === undefined ? {} : { failure: failure.line }),
      ...(logged === undefined ? {} : { entry: logged.id }),
    });
    await (logged && persistence.operations.add(logged));
    // One that runs already stays, whatever became of the rest.
    if (
      request.kind === 'clone' &&
      to === 'before' &&
      store.vm({ connection: request.vm.connection, uuid: request.clone.uuid }) === undefined
    ) {
      await persistence.made.forget(request.clone.uuid);
    }
    if (isNews) {
      this.#report(open.entry, { outcome: to });
    }
    return to;
  }

  /** Ends the entry of a VM that is gone: for a clone that was to be deleted, nothing else is left to do. */
  endWithoutVm(open: OpenEntry, isNews: boolean, failure: Failure | undefined): Promise<RecoveryReport['outcome']> {
    const { request, vm } = open.entry;
    return request.kind === 'discard'
      ? this.settle({ request, group: undefined }, open, 'after', isNews, failure)
      : this.explain(open, { kind: 'explain', why: refuse('vmGone', { vm: vm.name }).refusal, commands: [] });
  }

  /** Once: it needs both hosts, so a person ends it. */
  tellOfMove(move: BegunMove, connection: string): void {
    if (!this.#explained.has(move.id)) {
      this.#explained.add(move.id);
      const { vm } = move;
      const ref = { connection, uuid: vm.uuid };
      const request = { kind: 'power', vm: ref, action: 'shutDown' } as const;
      const why = moveInterrupted(move, this.#options.store.vm(ref)?.vm.name);
      this.#report({ request, vm }, { outcome: 'explained', why, mayFinish: true });
    }
  }

  /** Somebody tries again. */
  fail(entry: JournalEntry, message: string): 'failed' {
    const why = refuse('recoveryFailed', { vm: entry.vm.name, message }).refusal;
    this.#unfinished.set(entry.id, why);
    this.#report(entry, { outcome: 'failed', why });
    return 'failed';
  }

  dispose(): void {
    this.#recovered.dispose();
  }

  #report({ request, vm }: Pick<JournalEntry, 'request' | 'vm'>, report: Omit<RecoveryReport, 'request' | 'vm'>): void {
    try {
      this.#recovered.fire({ request, vm: vm.name, ...report });
    } catch (error) {
      this.#options.log.error(`a reader of recoveries failed: ${String(error)}`);
    }
  }
}

export function begunElsewhere({ vm, connection }: JournalEntry): Refusal {
  return refuse('begunElsewhere', { vm: vm.name, connection }).refusal;
}

/** Nobody may read that nothing was changed where one of several was brought to its end before. */
export function stoppedAfterOthers(outcomes: readonly RecoveryReport['outcome'][], failure: Failure): Failure {
  const acted = outcomes.filter((outcome) => outcome !== 'explained');
  return failure.kind === 'refused' && acted.length > 0
    ? new Failure(
        'stopped',
        { ...failure.details, recovered: acted.includes('failed') ? 'failed' : 'partly' },
        { cause: failure },
      )
    : failure;
}

/** The entry, as the rules of a recovery want it. */
export function interruptedOf({ request, plan, steps, startedAt }: JournalEntry): InterruptedOperation {
  const indexesOf = (is: 'begun' | 'done'): readonly number[] => [
    ...new Set(steps.flatMap(({ index, state }) => (state === is ? [index] : []))),
  ];
  const timesOf = (is: 'begun' | 'done'): ReadonlyMap<number, number> =>
    new Map(steps.flatMap(({ index, state, at }) => (state === is ? [[index, at] as const] : [])));
  return {
    request,
    plan,
    begun: indexesOf('begun'),
    done: indexesOf('done'),
    startedAt: Math.floor(startedAt / 1_000) * 1_000,
    begunAt: timesOf('begun'),
    doneAt: timesOf('done'),
    lastStepAt: Math.max(startedAt, ...steps.map(({ at }) => at)),
    ...(steps.some(({ outcome }) => outcome === stuck) ? { turnsBack: true } : {}),
  };
}

type LoggedRecovery = Omit<LoggedOperation, 'at'>;

/**
 * An operation that broke off and came to its end can be undone as any other, as far as its journal has what was
 * before.
 *
 * | of what was before                          | in the journal | → |
 * |---------------------------------------------|----------------|---|
 * | which snapshots there were                  | no             | undefined |
 * | what a text or a name was                   | never          | undefined for a change of these alone |
 * | what a snapshot that is gone said of itself | never          | its name for its title |
 */
export function logRecovery({ request, plan }: JournalEntry, after: VmView | undefined): LoggedRecovery | undefined {
  const { before, snapshot, checkpoint, spared } = plan;
  const { snapshots, power, current, disks } = before;
  if (
    after?.tree === undefined ||
    snapshots === undefined ||
    request.kind === 'describe' ||
    request.kind === 'rename'
  ) {
    return undefined;
  }
  const there = loggedSnapshotsOf(after.tree);
  const [then, now] = [new Set(snapshots.map(identityOf)), new Set(there.map(identityOf))];
  const logged = {
    request,
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(spared === undefined ? {} : { spared }),
    before: { power, ...(current === undefined ? {} : { current }), disks },
  };
  const were = snapshots.map((one) => ({ ...one, title: one.name, description: '' }));
  const changes: readonly SnapshotChange[] = [
    ...were.filter((one) => !now.has(identityOf(one))).map((one) => ({ before: one })),
    ...there.filter((one) => !then.has(identityOf(one))).map((one) => ({ after: one })),
    ...logAsUnchanged(were, [sparedSnapshot(logged)]),
  ];
  return {
    id: newOperationId(),
    vm: { connection: request.vm.connection, uuid: request.vm.uuid },
    ...logged,
    ...(snapshot === undefined ? {} : { snapshot }),
    after: loggedStateOf(after.vm, after.tree),
    changes,
  };
}

/**
 * Whether the end of a recovery without steps is worth a message. A failure was reported already and says that nothing
 * was done. A debugger that left nothing has ended.
 */
export function isNews({ request }: JournalEntry, to: RecoveryState, isUnasked: boolean): boolean {
  return to !== 'before' || (isUnasked && request.kind !== 'debug');
}
