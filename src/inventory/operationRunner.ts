// Carries out operations: waits for the VM, looks afresh, decides, does the steps, and reads back what became of it.
import type { Hypervisor } from '../hypervisor/hypervisor.js';
import { type Log, scoped } from '../log/log.js';
import { Failure } from '../model/failure.js';
import type { OperationRequest, OperationResult } from '../model/operation.js';
import type { Plan, Step } from '../model/plan.js';
import { planOperation } from '../model/planOperation.js';
import { refuse } from '../model/refusal.js';
import { virshLine } from '../model/virshCommand.js';
import { asFailure, withDetails } from './asFailure.js';
import { type Clock, within } from './clock.js';
import { stillHolds } from './confirmedPlan.js';
import type { LiveConnection } from './liveConnection.js';
import { otherKind, trueDescription } from './madeSnapshot.js';
import { OperationStatus, readBackStep } from './operationStatus.js';
import type { Picture } from './picture.js';
import { fullSituation, knownSituation } from './situation.js';
import { type VmView, vmKey } from './views.js';
import { VmLock } from './vmLock.js';

/** After a failure: how long a lost connection is waited for, so that the failure can tell the VM's true state. */
const readBackMs = 10_000;
const readBackEveryMs = 500;

export interface RunnerOptions {
  readonly picture: Picture;
  readonly clock: Clock;
  readonly log: Log;
  /** Throws a Failure `notFound` for a connection that is not known. */
  readonly connection: (uri: string) => LiveConnection;
  /** Aborted when the inventory ends. */
  readonly ended: AbortSignal;
}

export interface RunOperationOptions {
  readonly signal?: AbortSignal;
  readonly onWait?: (forWhat: OperationRequest) => void;
  readonly confirmed?: Plan;
}

/** One operation in its turn: everything that its parts share. */
interface Turn {
  readonly request: OperationRequest;
  readonly live: LiveConnection;
  readonly status: OperationStatus;
  readonly signal: AbortSignal;
  readonly log: Log;
}

export class OperationRunner {
  readonly #options: RunnerOptions;
  readonly #lock = new VmLock();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  async run(request: OperationRequest, options: RunOperationOptions = {}): Promise<OperationResult> {
    const { picture, clock, log, ended } = this.#options;
    const signal = options.signal === undefined ? ended : AbortSignal.any([options.signal, ended]);
    const name = picture.vm(request.vm)?.vm.name;
    try {
      const end = await this.#lock.take(vmKey(request.vm), request, { signal, onWait: options.onWait });
      const status = new OperationStatus(picture, clock, request);
      let release: (() => void) | undefined;
      try {
        const live = this.#options.connection(request.vm.connection);
        release = live.hold(request.vm.uuid);
        return await this.#carryOut({ request, live, status, signal, log: scoped(log, live.uri) }, options.confirmed);
      } finally {
        status.end();
        release?.();
        end();
      }
    } catch (error) {
      throw this.#knowingWhere(request, name, knowingWho(asFailure(error), signal));
    }
  }

  async #carryOut(turn: Turn, confirmed: Plan | undefined): Promise<OperationResult> {
    const { request, live, status } = turn;
    const { clock, picture } = this.#options;
    const startedAt = clock.now();
    const hypervisor = await live.open();
    await live.read(request.vm.uuid, ['vm', 'tree']);
    const plan = await this.#decide(turn, hypervisor, confirmed);
    let guestPausedMs: number | undefined;
    try {
      for (const [index, step] of plan.steps.entries()) {
        if (index > 0) {
          await live.read(request.vm.uuid, ['vm']);
        }
        const paused = await this.#do(turn, hypervisor, step, plan.estimateMs);
        guestPausedMs ??= paused;
        await this.#keepTruth(turn, hypervisor, step, paused);
      }
    } catch (error) {
      throw await this.#withStateNow(turn, asFailure(error));
    }
    const durationMs = clock.now() - startedAt;
    status.begin(readBackStep);
    const seen = await this.#readBack(turn);
    return {
      ...(plan.snapshot === undefined ? {} : { snapshot: plan.snapshot }),
      // A transient VM that was switched off is gone, and off. What was known before it says nothing of now.
      state: seen === 'gone' ? 'off' : seen === 'read' ? (picture.vm(request.vm)?.vm.power ?? 'unknown') : 'unknown',
      durationMs,
      ...(guestPausedMs === undefined ? {} : { guestPausedMs }),
    };
  }

  /** The fresh plan; rejects when it is a refusal or no longer what was confirmed, before anything is touched. */
  async #decide(turn: Turn, hypervisor: Hypervisor, confirmed: Plan | undefined): Promise<Plan> {
    const { request } = turn;
    const { vm, tree } = this.#view(request);
    if (tree === undefined) {
      throw new Failure('lost');
    }
    const known = knownSituation(hypervisor, vm, tree, this.#options.clock.now());
    const decision = planOperation(request, await fullSituation(hypervisor, request, known));
    if (decision.type === 'refusal') {
      const { refusal } = decision;
      // Not a rule of ours, but a thing that another client deleted between the menu and the click.
      throw new Failure(refusal.reason === 'snapshotMissing' ? 'notFound' : 'refused', { refusal });
    }
    if (confirmed !== undefined && !stillHolds(confirmed, decision)) {
      throw new Failure('refused', { refusal: refuse('changedMeanwhile', { vm: vm.name }).refusal });
    }
    return decision;
  }

  /** Returns how long the guest stood still, if that was seen. */
  async #do(turn: Turn, hypervisor: Hypervisor, step: Step, estimateMs?: number): Promise<number | undefined> {
    const { request, status, signal, log } = turn;
    const { clock } = this.#options;
    if (signal.aborted) {
      throw new Failure('cancelled');
    }
    const { vm } = this.#view(request);
    const command = virshLine([step], vm, hypervisor.uri);
    status.begin(step.do, estimateMs);
    log.debug(`begins: ${command}`);
    const began = clock.now();
    const took = (): string => `${String(Math.round(clock.now() - began))} ms`;
    try {
      const { guestPausedMs } = await hypervisor.run(vm, step, {
        signal,
        onProgress: (progress) => status.report(progress),
      });
      log.info(`${command}  # ${took()}${pauseWords(step, vm.power, guestPausedMs)}`);
      return guestPausedMs;
    } catch (error) {
      const failure = asFailure(error);
      log.error(`${command}  # failed after ${took()}: ${failure.kind}: ${failure.message}`);
      throw failure;
    }
  }

  /** What was not known before the snapshot was there is written to it. It is good without, so nothing fails here. */
  async #keepTruth(turn: Turn, hypervisor: Hypervisor, step: Step, guestPausedMs?: number): Promise<void> {
    if (step.do !== 'createSnapshot') {
      return;
    }
    const { request, log } = turn;
    try {
      const [made] = await hypervisor.readSnapshots(request.vm.uuid, [step.name]);
      const kind = otherKind(step, made);
      if (kind !== undefined) {
        log.warn(`${step.name} was to be of kind ${step.kind} and became ${kind}: the VM's state changed just before`);
      }
      const description = trueDescription(step, kind, guestPausedMs);
      if (description !== undefined) {
        await this.#do(turn, hypervisor, { do: 'describeSnapshot', snapshot: step.name, description });
      }
    } catch (error) {
      log.warn(`what became of ${step.name} could not be kept with it: ${asFailure(error).kind}`);
    }
  }

  /** What goes wrong is in the picture and in the log. */
  async #readBack({ request, live, log }: Turn): Promise<'read' | 'gone' | 'unread'> {
    try {
      await live.read(request.vm.uuid, ['vm', 'tree']);
      return 'read';
    } catch (error) {
      const { kind } = asFailure(error);
      log.warn(`could not read the VM after the operation: ${kind}`);
      return kind === 'notFound' ? 'gone' : 'unread';
    }
  }

  async #withStateNow(turn: Turn, failure: Failure): Promise<Failure> {
    turn.status.begin(readBackStep);
    const late = new AbortController();
    const seen = await within(this.#options.clock, readBackMs, this.#readUntil(turn, late.signal), false);
    late.abort();
    const vm = this.#options.picture.vm(turn.request.vm)?.vm;
    return seen && vm !== undefined ? withDetails(failure, { stateNow: vm.power }) : failure;
  }

  /** True when the VM was read; tries again while the connection is away, until `late`. */
  async #readUntil({ request, live, log }: Turn, late: AbortSignal): Promise<boolean> {
    while (!late.aborted && !this.#options.ended.aborted) {
      try {
        await live.read(request.vm.uuid, ['vm', 'tree']);
        return true;
      } catch (error) {
        const { kind } = asFailure(error);
        log.debug(`could not read the VM after the failure: ${kind}`);
        if (kind !== 'lost' && kind !== 'unreachable') {
          return false;
        }
      }
      await new Promise<void>((resolve) => this.#options.clock.setTimer(readBackEveryMs, resolve));
    }
    return false;
  }

  #view(request: OperationRequest): VmView {
    const view = this.#options.picture.vm(request.vm);
    if (view === undefined) {
      throw new Failure('notFound', { vm: request.vm.uuid });
    }
    return view;
  }

  /**
   * What the failure is about. A snapshot is named only where the VM is there: else it would sound as if the snapshot
   * alone were gone.
   *
   * @param before what the VM was called when the operation was asked for: a VM that is gone has no name any more
   */
  #knowingWhere(request: OperationRequest, before: string | undefined, failure: Failure): Failure {
    const { vm, snapshot } = failure.details;
    const now = this.#options.picture.vm(request.vm)?.vm.name;
    const name = now ?? before;
    const vmIsGone = failure.kind === 'notFound' && now === undefined;
    return withDetails(failure, {
      connection: request.vm.connection,
      ...(name === undefined || (vm !== undefined && vm !== request.vm.uuid) ? {} : { vm: name }),
      ...('snapshot' in request && snapshot === undefined && !vmIsGone ? { snapshot: request.snapshot } : {}),
    });
  }
}

/** libvirt says only that an operation was cancelled: whoever asked here is who did it. */
function knowingWho(failure: Failure, signal: AbortSignal): Failure {
  return failure.kind === 'cancelled' && signal.aborted ? withDetails(failure, { byUs: true }) : failure;
}

/** Words for the log: only a snapshot of a running VM stops it at all. */
function pauseWords(step: Step, power: string, guestPausedMs: number | undefined): string {
  if (guestPausedMs !== undefined) {
    return `, the guest stood still for ${String(Math.round(guestPausedMs))} ms`;
  }
  return step.do === 'createSnapshot' && power === 'running' ? ', the guest stood still too short to see' : '';
}
