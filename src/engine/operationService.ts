// All that is done to VMs: what somebody asks for, what broke off, and the tidying after a revert. Puts the parts of it
// together; refuses to know connections beyond the one that an operation is on.
import type { Disposable } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import type { OperationRequest, OperationResult, VmTurn } from '../domain/operation.js';
import type { AgreedRecovery, InterruptedPreview } from '../operations/interrupted.js';
import type { RecoveryReport } from '../domain/recoveryReport.js';
import { isSpentClone, type Vm, type VmRef } from '../domain/vm.js';
import { type AutomaticActions, mayAct } from '../domain/automaticActions.js';
import { changedSinceRefusal } from '../operations/decide/unchangedSince.js';
import { planRecovery } from '../operations/decide/planRecovery.js';
import { remainingPlan } from '../operations/decide/remainingPlan.js';
import { Failure } from '../domain/failure.js';
import type { Facts } from '../domain/facts.js';
import type { PlannedWork } from '../operations/plan.js';
import { goesUnasked } from '../operations/clone/planDiscard.js';
import { asFailure } from '../domain/asFailure.js';
import { neededByUndo } from '../operations/undo/standingOperations.js';
import { type PrunedReason, type Rule, prune } from './after/autoPrune.js';
import { expire, overInTrash } from './after/trash.js';
import type { Clock } from '../base/clock.js';
import { FreshLook } from './look/freshLook.js';
import type { Persistence } from '../journal/persistence.js';
import { keepingMarks, findKeptSnapshots, inTrash } from './look/keptSnapshots.js';
import type { LiveConnection } from '../live/liveConnection.js';
import { OperationRunner, type RunOperationOptions } from './operationRunner.js';
import type { Store } from '../live/store.js';
import { withPriorRecovery, recoverFirst } from './recover/recoverFirst.js';
import { vmKey } from '../live/views.js';
import { Recoverer } from './recover/recoverer.js';
import type { HeldOperation } from './holdOperation.js';
import type { Rules } from './run/rules.js';
import { StepRunner } from './run/stepRunner.js';
import { type Lease, Leases } from './leases/leases.js';

const theRules: Rules = { remainingPlan, planRecovery, changedSinceRefusal: changedSinceRefusal };

interface OperationServiceOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly persistence: Persistence;
  /** Those of the model unless a test puts others in their place. */
  readonly rules?: Rules | undefined;
  readonly isProtected: (vm: Vm, connection: string) => boolean;
  /** How many checkpoints of a sort a VM keeps. */
  readonly keep: (sort: PrunedReason) => number | 'everything';
  /** What may be done that nobody asked for. */
  readonly automatic: () => AutomaticActions;
  /** Throws a Failure `notFound` for a connection that is not known. */
  readonly connection: (uri: string) => LiveConnection;
  /** Aborted when the engine ends. */
  readonly ended: AbortSignal;
}

export interface GroupLeaseWish {
  /** The id of the entry in the journal of groups. */
  readonly id: string;
  /** What is done on each VM. */
  readonly requests: readonly VmTurn[];
  readonly signal?: AbortSignal;
  readonly onWait?: (forWhat: VmTurn) => void;
}

/** What may be done while all these VMs are held. */
export interface GroupLease {
  run(request: OperationRequest, options?: RunOperationOptions): Promise<OperationResult>;
  /**
   * After it was written down: rejects with `busy` where another process began at the same time, when `withdraw` has
   * been called.
   */
  requireAlone(withdraw: () => Promise<void>): Promise<void>;
}

export class OperationService implements Disposable {
  readonly onDidRecover: Event<RecoveryReport>;
  readonly #options: OperationServiceOptions;
  readonly #runner: OperationRunner;
  readonly #recoverer: Recoverer;
  readonly #leases: Leases;
  /** What follows an operation by itself, while it lasts. */
  /** Clones that are just going by themselves. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #unasked = new Set<Promise<void>>();

  constructor(given: OperationServiceOptions) {
    this.#options = given;
    const { clock, persistence, rules = theRules } = given;
    const options = { ...given, rules };
    const leases = new Leases(options);
    this.#leases = leases;
    const look = new FreshLook(options);
    const steps = new StepRunner(look, clock, persistence);
    const recoverer = new Recoverer({ ...options, leases, look, steps });
    this.#recoverer = recoverer;
    this.onDidRecover = recoverer.onDidRecover;
    this.#runner = new OperationRunner({ ...options, leases, look, steps, recoverer });
  }

  /**
   * Several VMs at once: nobody else of this process comes between. Rejects before `work` where one of them is held by
   * another process, or something on it is unfinished.
   */
  leaseAll<T>(
    { id, requests, signal = this.#options.ended, onWait }: GroupLeaseWish,
    work: (lease: GroupLease) => Promise<T>,
  ): Promise<T> {
    const group = { id };
    const leases = this.#leases;
    const each = <R>(act: (lease: Lease) => Promise<R>): Promise<readonly R[]> =>
      Promise.all(requests.map((request) => leases.take(request, { signal, group }, act)));
    return leases.takeAll(requests, { signal, onWait, group }, async () => {
      const first = await each((lease) => recoverFirst(this.#recoverer, lease));
      const reports = first.flatMap((one) => one.reports);
      const [refusal] = first.flatMap(({ why }) => why ?? []);
      if (refusal !== undefined) {
        throw withPriorRecovery(new Failure('refused', { refusal }), reports);
      }
      return work({
        run: (request, options = {}) => this.run(request, { ...options, group }),
        requireAlone: async (withdraw) => {
          await each((lease) => this.#recoverer.requireAlone(lease, { id, withdraw }));
        },
      });
    });
  }

  async run(request: OperationRequest, options: RunOperationOptions): Promise<OperationResult> {
    const result = await this.#runner.run(request, options);
    const sort = autoReasonOf(request);
    const keep = sort === undefined ? 'everything' : this.#options.keep(sort);
    if (options.keepsAll !== true && this.#mayPrune()) {
      const took = sort === 'work' ? result.snapshot : result.checkpoint;
      const pruned =
        sort !== undefined &&
        keep !== 'everything' &&
        this.#prune(request.vm, { sort, most: keep, ...(took === undefined ? {} : { keep }) });
      const cleaning = Promise.resolve(pruned)
        .then(() => this.#expire(request.vm))
        .catch((error: unknown) => this.#options.log.warn(`what nobody needs stays: ${asFailure(error).message}`));
      this.#follow(cleaning);
    }
    if (request.kind === 'power') {
      this.#follow(this.discardIfSpent(request.vm));
    }
    if (request.kind === 'rename' || request.kind === 'describe') {
      await this.#handOver(request.vm, request.snapshot);
    }
    return result;
  }

  hold(request: OperationRequest): Promise<HeldOperation> {
    return this.#runner.hold(request);
  }

  /**
   * A clone that was made to be thrown away goes when it is off. Never rejects: what cannot go stays, and the log says
   * why.
   */
  discardIfSpent(ref: VmRef): Promise<void> {
    const key = vmKey(ref);
    const ending = this.#ending.get(key) ?? this.#discardIfSpent(ref).finally(() => this.#ending.delete(key));
    this.#ending.set(key, ending);
    return ending;
  }

  async #discardIfSpent(ref: VmRef): Promise<void> {
    const { store, automatic, isProtected, log, ended } = this.#options;
    const view = store.vm(ref);
    const may = view !== undefined && mayAct('discardClones', automatic()) && !isProtected(view.vm, ref.connection);
    if (!may || !isSpentClone(view.vm) || ended.aborted) {
      return;
    }
    const allows = (_: PlannedWork, facts: Facts): boolean => isSpentClone(facts.vm) && goesUnasked(facts);
    try {
      await this.#runner.run({ kind: 'discard', vm: ref }, { allows, unasked: true });
    } catch (error) {
      log.info(`${view.vm.name}, which was to go when it is off, stays: ${asFailure(error).line}`);
    }
  }

  #follow(work: Promise<void>): void {
    this.#unasked.add(work);
    void work.finally(() => this.#unasked.delete(work));
  }

  /** Resolves when nothing is under way that nobody waits for. */
  async idle(): Promise<void> {
    while (this.#unasked.size > 0) {
      await Promise.all(this.#unasked);
    }
  }

  /** Takes up what broke off on a connection that has just been opened. */
  recover(uri: string): void {
    void this.#recoverer.recoverAll(uri);
  }

  dismissInterrupted(ref: VmRef): Promise<void> {
    return this.#recoverer.dismiss(ref);
  }

  readInterrupted(ref: VmRef): Promise<readonly InterruptedPreview[]> {
    return this.#recoverer.preview(ref);
  }

  finishInterrupted(ref: VmRef, agreed: readonly AgreedRecovery[]): Promise<readonly RecoveryReport['outcome'][]> {
    return this.#recoverer.finish(ref, agreed);
  }

  dispose(): void {
    this.#recoverer.dispose();
  }

  /** What a person has named or described is theirs: nothing vouches for it any more. */
  async #handOver(vm: VmRef, snapshot: string): Promise<void> {
    const { persistence, log } = this.#options;
    try {
      const records = await persistence.marks.auto.of(vm);
      for (const record of records.filter(({ name, why }) => name === snapshot && why !== 'layout')) {
        await persistence.marks.auto.forget(vm, record);
      }
    } catch (error) {
      log.warn(`${snapshot} is still recorded as taken by us: ${asFailure(error).message}`);
    }
  }

  #mayPrune(): boolean {
    const setting = this.#options.automatic();
    return mayAct('pruneCheckpoints', setting) && mayAct('pruneLayouts', setting);
  }

  /** What is in the trash of a VM goes when somebody is at work on it, and its time is over. */
  async #expire(ref: VmRef): Promise<void> {
    const { store, persistence, log, ended } = this.#options;
    const now = Date.now();
    const marksNow = (): ReturnType<typeof overInTrash> => overInTrash(persistence.marks, ref, now);
    const marks = await marksNow();
    const view = store.vm(ref);
    if (marks.length === 0 || view?.tree === undefined || ended.aborted) {
      return;
    }
    if (this.#options.isProtected(view.vm, ref.connection)) {
      return;
    }
    const { tree } = view;
    const kept = findKeptSnapshots(tree, await keepingMarks(persistence, ref)).map(({ name }) => name);
    await expire(ref, { tree, marks, kept, now }, marksNow, log, (request, allows) =>
      this.#runner.run(request, { allows, unasked: true }),
    );
  }

  /** Without `keep` where no checkpoint was taken, so that there is none too many. */
  async #prune(ref: VmRef, { most, ...rule }: Rule & { readonly most: number }): Promise<void> {
    const { store, persistence, log, ended } = this.#options;
    const view = store.vm(ref);
    if (view?.tree === undefined || this.#options.isProtected(view.vm, ref.connection) || ended.aborted) {
      return;
    }
    await prune({
      vm: ref,
      seen: {
        tree: view.tree,
        records: await persistence.marks.auto.of(ref),
        kept: findKeptSnapshots(view.tree, await keepingMarks(persistence, ref)).map(({ name }) => name),
      },
      ...rule,
      trashed: async () => {
        const now = store.vm(ref)?.tree ?? { snapshots: [] };
        return inTrash(now, await persistence.marks.trash.of(ref)).map(({ name }) => name);
      },
      needed: async () => neededByUndo(await persistence.operations.of(ref), Math.max(1, most)),
      log,
      remove: (request, allows) => this.#runner.run(request, { allows, unasked: true }),
    });
  }
}

/** The reason whose number of snapshots the operation may have raised. */
function autoReasonOf(request: OperationRequest): PrunedReason | undefined {
  return request.kind === 'revert'
    ? 'revert'
    : request.kind === 'create' && request.auto === 'work'
      ? 'work'
      : undefined;
}
