// Carries out operations: waits for the VM, looks afresh, decides, does the steps, and reads back what became of it.
import { virshLine } from '../steps/virshCommand.js';
import type { CommonMoment } from '../driver/hypervisor.js';
import type { OpenEntry } from '../journal/journal.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest, OperationResult, VmTurn } from '../domain/operation.js';
import { type Plan, type PlannedWork, workOf } from '../operations/plan.js';
import type { Facts } from '../domain/facts.js';
import { planToExecute } from '../operations/decide/planOperation.js';
import { identifyDaemon } from '../domain/origin.js';
import { refuse } from '../domain/refusal.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { isActive, type PowerState, type Vm } from '../domain/vm.js';
import { asFailure, withDetails } from '../domain/asFailure.js';
import type { Clock } from '../base/clock.js';
import { withEitherSignal } from '../base/withEitherSignal.js';
import { stillHolds } from '../operations/planIdentity.js';
import { carryMarks } from './after/carriedMarks.js';
import { watchSpace } from './after/freedSpace.js';
import { operationResult } from './after/operationResult.js';
import { noteBeforeBegin, noteLayers, noteFrozen } from './look/frozenNotes.js';
import type { FreshLook } from './look/freshLook.js';
import { isJournaled, runSteps, type StepsRun } from './run/journaledRun.js';
import { throwIfRefused, withCanceller, withRemaining, withState } from './run/failureState.js';
import { type HeldOperation, holdOperation } from './holdOperation.js';
import type { Persistence } from '../journal/persistence.js';
import { logOperation, type WhyRun } from './after/loggedRun.js';
import { newOperationId } from '../journal/operationLog.js';
import { logRun } from './run/operationLogLines.js';
import { readBackStep } from './leases/operationStatus.js';
import type { Store } from '../live/store.js';
import type { Recoverer } from './recover/recoverer.js';
import { withPriorRecovery, recoverFirst, requireFinished } from './recover/recoverFirst.js';
import type { Rules } from './run/rules.js';
import { factsToBegin, factsToPlan } from './look/factsRequests.js';
import { watchSteps } from './run/verifyStep.js';
import type { StepRunner } from './run/stepRunner.js';
import type { GroupHolder, OperationLease, Leases } from './leases/leases.js';

interface RunnerOptions {
  readonly leases: Leases;
  readonly look: FreshLook;
  readonly steps: StepRunner;
  readonly recoverer: Recoverer;
  readonly persistence: Persistence;
  readonly store: Store;
  readonly clock: Clock;
  readonly rules: Rules;
  readonly isProtected: (vm: Vm, connection: string) => boolean;
  /** Aborted when the engine ends. */
  readonly ended: AbortSignal;
}

export interface RunOperationOptions extends WhyRun {
  readonly signal?: AbortSignal;
  readonly onWait?: (forWhat: VmTurn) => void;
  readonly confirmed?: Plan;
  /** No old checkpoints are deleted after it. */
  readonly keepsAll?: true;
  /** Whether the fresh plan may be carried out. */
  readonly allows?: (plan: PlannedWork, facts: Facts) => boolean | Promise<boolean>;
  /** Who has its turn on this VM among others. */
  readonly group?: GroupHolder;
  /** Carries out the steps, when all is decided and written down: several begin together so. */
  readonly around?: <T>(steps: () => Promise<T>) => Promise<T>;
  /** The common moment of a snapshot that is taken together with those of other VMs that run. */
  readonly moment?: CommonMoment | undefined;
}

interface DecidedPlan {
  readonly plan: Plan;
  /** What it was decided on. */
  readonly facts: Facts;
}

export class OperationRunner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  run(request: OperationRequest, options: RunOperationOptions = {}): Promise<OperationResult> {
    const signals = [options.signal, this.#options.ended];
    return withEitherSignal(signals, (signal) => this.#run(request, options, signal));
  }

  async #run(request: OperationRequest, options: RunOperationOptions, signal: AbortSignal): Promise<OperationResult> {
    const { store, leases, clock } = this.#options;
    const name = store.vm(request.vm)?.vm.name;
    try {
      return await leases.take(request, { ...options, signal }, (lease) =>
        logRun(lease, { name: name ?? request.vm.uuid, clock }, () => this.#carryOut(lease, options)),
      );
    } catch (error) {
      throw this.#withSubject(request, name, withCanceller(asFailure(error), signal));
    }
  }

  /** Rejects with a Failure; `refused` where it may not be. */
  hold(request: OperationRequest): Promise<HeldOperation> {
    return holdOperation(request, this.#options, async (lease) => {
      const { plan, facts } = await this.#decide(lease, {});
      return this.#begin(lease, plan, facts);
    });
  }

  async #carryOut(lease: OperationLease, options: RunOperationOptions): Promise<OperationResult> {
    const { clock, recoverer, look } = this.#options;
    const begunAt = clock.ticks();
    await lease.live.open();
    const prior = await recoverFirst(recoverer, lease);
    try {
      requireFinished(lease.request, look.view(lease.request.vm).vm.name, prior, options.undoes);
      return await this.#decideAndRun(lease, options, begunAt, prior.why === undefined);
    } catch (error) {
      throw withPriorRecovery(error, prior.reports);
    }
  }

  /** @param isWhole nothing is unfinished on the VM */
  async #decideAndRun(
    lease: OperationLease,
    options: RunOperationOptions,
    begunAt: number,
    isWhole: boolean,
  ): Promise<OperationResult> {
    const { clock, persistence } = this.#options;
    const { plan, facts } = await this.#decide(lease, options);
    await (isWhole && noteLayers(persistence, lease.request.vm, facts, lease.log));
    const freed = await watchSpace(await lease.live.open(), plan, facts);
    const entry = isJournaled(plan) ? await this.#begin(lease, plan, facts) : undefined;
    let ran: StepsRun;
    const stepsAt = clock.ticks();
    try {
      const beforeStep = (done: number): Promise<void> => this.#recheck(lease, plan, done);
      const watch = watchSteps(this.#options.look, lease, facts);
      const steps = (): Promise<StepsRun> =>
        runSteps(this.#options.steps, { lease, plan, entry, beforeStep, watch, moment: options.moment });
      ran = await (options.around?.(steps) ?? steps());
      await this.#overlaysStand(lease, plan, plan.steps.length);
    } catch (error) {
      throw await this.#describeFailure(lease, { plan, facts }, entry, begunAt, asFailure(error));
    }
    const endedAt = clock.ticks();
    const freedBytes = await freed();
    const durationMs = Math.round(endedAt - begunAt);
    const id = newOperationId();
    await this.#note(lease, plan.request, entry, {
      outcome: 'done',
      durationMs,
      entry: id,
      ...this.#byHand(lease, plan),
    });
    // Before the tree is read anew, and with it the marks.
    await carryMarks(plan, facts, this.#options.persistence, lease.log);
    const state = await this.#stateAtEnd(lease);
    const after = this.#options.store.vm(lease.request.vm);
    await noteFrozen(lease, entry && after, persistence, clock.now(), facts.tree);
    await logOperation(this.#options.persistence.operations, {
      id,
      plan,
      facts,
      after,
      stepsMs: endedAt - stepsAt,
      why: options,
    });
    return operationResult({ plan, facts, ran, state, durationMs, freedBytes, now: clock.now() });
  }

  /** The fresh plan; rejects when it is a refusal or no longer what was confirmed, before anything is touched. */
  async #decide(lease: OperationLease, { confirmed, allows }: RunOperationOptions): Promise<DecidedPlan> {
    const { request } = lease;
    // Nothing has begun: who does not want it any more need not wait for a host that is slow to answer.
    lease.status.report({ cancellable: true });
    const { facts } = await this.#options.look.read(lease, (known) => factsToBegin(request, known));
    lease.status.report({ cancellable: false });
    const plan = throwIfRefused(planToExecute(request, facts));
    const isStale = confirmed !== undefined && !stillHolds(confirmed, plan);
    if (isStale || (await allows?.(plan, facts)) === false) {
      throw new Failure('refused', { refusal: refuse('stalePlan', { vm: facts.vm.name }).refusal });
    }
    return { plan, facts };
  }

  /** The rest rests on what the steps before have made, and on what another client did meanwhile. */
  async #recheck(lease: OperationLease, plan: Plan, done: number): Promise<void> {
    const { request } = lease;
    if (plan.steps[done]?.kind === 'setGuestClock') {
      // It takes nothing away and rests on nothing: all that was asked for is done.
      return;
    }
    const { facts } = await this.#options.look.read(lease, (known) => factsToPlan(request, known));
    throwIfRefused(this.#options.rules.remainingPlan(request, facts, plan, done));
    const { vm } = facts;
    if (plan.steps[done]?.kind === 'restoreMemory' && isActive(vm.power)) {
      // Somebody started it between two of our steps: its RAM is not that of the snapshot, and never will be.
      throw new Failure('refused', { refusal: refuse('stalePlan', { vm: vm.name }).refusal });
    }
    await this.#overlaysStand(lease, plan, done);
  }

  /**
   * A VM that is off does not notice when somebody removes the overlays that it was put on: it would be found out when
   * it is started, and what it left is removed by then.
   */
  async #overlaysStand(lease: OperationLease, plan: Plan, done: number): Promise<void> {
    const made = plan.steps.slice(0, done).flatMap((step) => (step.kind === 'createOverlays' ? step.overlays : []));
    if (made.length === 0) {
      return;
    }
    const { files } = await lease.live.open();
    await lease.live.read(lease.request.vm.uuid, ['vm']);
    const { vm } = this.#options.look.view(lease.request.vm);
    const seen = await Promise.all(made.map(({ file }) => files.image(file)));
    const gone = made.find((_, index) => seen[index] === 'missing');
    if (gone !== undefined && !isActive(vm.power)) {
      throw new Failure('stopped', { path: gone.file, refusal: refuse('stalePlan', { vm: vm.name }).refusal });
    }
  }

  async #begin(lease: OperationLease, plan: Plan, facts: Facts): Promise<OpenEntry> {
    const { look, persistence, recoverer, isProtected } = this.#options;
    const { request } = plan;
    const { vm } = look.view(request.vm);
    const { uuid, name } = vm;
    const { connection } = request.vm;
    const { capabilities } = await lease.live.open();
    const entry = await persistence.journal.begin({
      connection,
      vm: { uuid, name },
      request,
      plan: workOf(plan),
      ...(isProtected(vm, connection) ? { protectedIn: persistence.editor ?? '' } : {}),
      daemon: identifyDaemon(capabilities),
    });
    await recoverer.requireAlone(lease, {
      id: entry.entry.id,
      withdraw: () => entry.end({ outcome: 'failed', failure: 'busy: another editor began at the same time' }),
    });
    await noteBeforeBegin(persistence, entry, plan, facts);
    return entry;
  }

  /** The failure says the VM's true state, and what was done to end a half done one. */
  async #describeFailure(
    lease: OperationLease,
    { plan, facts: { vm: before } }: DecidedPlan,
    entry: OpenEntry | undefined,
    begunAt: number,
    failure: Failure,
  ): Promise<Failure> {
    const { clock, look, recoverer, ended } = this.#options;
    lease.status.begin(readBackStep);
    const seen = await look.readPatiently(lease);
    if (entry === undefined) {
      const text = failure.line;
      await this.#note(lease, lease.request, undefined, {
        outcome: 'failed',
        failure: text,
        durationMs: Math.round(clock.ticks() - begunAt),
      });
      return seen ? withState(failure, before, this.#powerNow(lease)) : failure;
    }
    if (!seen || ended.aborted) {
      await entry.leave();
      lease.live.recoverWhenOpen();
      return failure;
    }
    const recovered = await recoverer.afterFailure({ ...lease, signal: ended }, entry, failure);
    if (recovered === undefined) {
      return withState(failure, before, this.#powerNow(lease));
    }
    const deleted = this.#deletedBy(lease, plan);
    const known = withDetails(failure, { recovered, ...(deleted.length === 0 ? {} : { deleted }) });
    const { tree } = this.#options.store.vm(lease.request.vm) ?? {};
    return withState(withRemaining(known, plan, tree), before, this.#powerNow(lease));
  }

  /** What a person would have typed, where there is a command for it. */
  #byHand({ request }: OperationLease, { steps }: Plan): { readonly command?: string } {
    const vm = this.#options.store.vm(request.vm)?.vm;
    const command = vm === undefined ? '' : virshLine(steps, vm, request.vm.connection);
    return command === '' ? {} : { command };
  }

  #deletedBy({ request }: OperationLease, { deletes = [] }: Plan): readonly string[] {
    const tree = this.#options.store.vm(request.vm)?.tree;
    return tree === undefined ? [] : deletes.filter((name) => findSnapshot(tree, name) === undefined);
  }

  async #note(
    { request: { vm } }: OperationLease,
    request: OperationRequest,
    entry: OpenEntry | undefined,
    end: {
      readonly outcome: 'done' | 'failed';
      readonly failure?: string;
      readonly durationMs: number;
      readonly command?: string;
      readonly entry?: string;
    },
  ): Promise<void> {
    const { persistence, store } = this.#options;
    const { durationMs: _, ...ended } = end;
    if (entry !== undefined) {
      await entry.end(ended);
      return;
    }
    const { connection, uuid } = vm;
    const name = store.vm(vm)?.vm.name ?? uuid;
    await persistence.audit.note({ connection, vm: { uuid, name }, request, ...end });
  }

  /** A transient VM that was switched off is gone, and off. What was known before it says nothing of now. */
  async #stateAtEnd(lease: OperationLease): Promise<PowerState> {
    lease.status.begin(readBackStep);
    const seen = await this.#options.look.readBack(lease);
    if (seen === 'gone') {
      return 'off';
    }
    return seen === 'read' ? (this.#options.store.vm(lease.request.vm)?.vm.power ?? 'unknown') : 'unknown';
  }

  #powerNow({ request }: OperationLease): Vm | undefined {
    return this.#options.store.vm(request.vm)?.vm;
  }

  /**
   * What the failure is about. A snapshot is named only where the VM is there: else it would sound as if the snapshot
   * alone were gone.
   *
   * @param before what the VM was called when the operation was asked for: a VM that is gone has no name any more
   */
  #withSubject(request: OperationRequest, before: string | undefined, failure: Failure): Failure {
    const { vm, snapshot } = failure.details;
    const now = this.#options.store.vm(request.vm)?.vm.name;
    const name = now ?? before;
    const vmIsGone = failure.kind === 'notFound' && now === undefined;
    return withDetails(failure, {
      connection: request.vm.connection,
      ...(name === undefined || (vm !== undefined && vm !== request.vm.uuid) ? {} : { vm: name }),
      ...('snapshot' in request && snapshot === undefined && !vmIsGone ? { snapshot: request.snapshot } : {}),
    });
  }
}
