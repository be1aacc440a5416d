// One operation on one VM, the same for every shell: it is planned, an asker agrees to it, it runs, and the asker shows
// how far it is.
import type { Disposable } from '../base/disposable.js';
import { asFailure, withDetails } from '../domain/asFailure.js';
import type { OperationRequest, OperationResult, VmTurn } from '../domain/operation.js';
import { CancelWish } from '../engine/cancelWish.js';
import type { VmView } from '../live/views.js';
import { needsName } from '../operations/needsName.js';
import type { Plan } from '../operations/plan.js';
import { requirePlan, type RunWish, type Session } from './session.js';

export interface WantedOperation extends Pick<RunWish, 'keepsAll' | 'around' | 'undoes' | 'unasked'> {
  /** What it is called while it runs; absent: an undo where it undoes something. */
  readonly does?: 'undo' | 'redo';
  readonly view: VmView;
  readonly request: OperationRequest;
  /**
   * | agreed to  | planned     | asked                                       | the run is held to |
   * |------------|-------------|---------------------------------------------|--------------------|
   * | absent     | first       | whether the plan is meant, and for the name | the plan           |
   * | a plan     | before      | for the name                                | that plan          |
   * | `anything` | in its turn | for the name                                | no plan            |
   */
  readonly agreed?: Plan | 'anything';
  /** Absent: where it must be, see `mustAsk`. */
  readonly asks?: 'always';
}

interface Question {
  /** As it is known now. */
  readonly view: VmView;
  readonly plan: Plan;
  /** Whether the plan is meant. */
  readonly asks: boolean;
  /** The VM is protected: its owner must have typed its name. */
  readonly needsName: boolean;
}

/** The party that wants an operation: a person at a dialog or a terminal, the policy for agents, a program. */
export interface Asker {
  /**
   * Says what the plan does and loses, where that is asked. Rejects unless it is agreed to, and the name given where it
   * is needed.
   */
  agree(question: Question): Promise<void> | void;
  /** Shows how far the operation is until the follower is disposed. */
  follow?(running: RunningRequest): Follower;
}

/** For what was agreed to with more than one operation. */
export const agreedBefore: Asker = { agree: () => undefined };

export interface RunningRequest {
  readonly request: OperationRequest;
  /** As soon as libvirt can cancel it. @returns whether that is now */
  readonly cancel: () => boolean;
}

export interface Follower extends Disposable {
  /** It waits for its turn on the VM. */
  waitFor(other: VmTurn): void;
}

export interface CarriedOut<P = Plan> {
  readonly plan: P;
  /** As it was before. */
  readonly view: VmView;
  readonly result: OperationResult;
}

/** @param signal of a wish to cancel @throws Failure, and whatever the asker throws */
export function carryOut(
  session: Session,
  wanted: WantedOperation & { readonly agreed?: Plan },
  asker: Asker,
  signal?: AbortSignal,
): Promise<CarriedOut>;
export function carryOut(
  session: Session,
  wanted: WantedOperation,
  asker: Asker,
  signal?: AbortSignal,
): Promise<CarriedOut<Plan | undefined>>;
export async function carryOut(
  session: Session,
  { view: found, request, agreed, asks, ...wish }: WantedOperation,
  asker: Asker,
  signal?: AbortSignal,
): Promise<CarriedOut<Plan | undefined>> {
  const plan =
    agreed === 'anything'
      ? await planOfProtected(session, found, request, signal)
      : (agreed ?? (await session.plan(found, request, signal)));
  const view = session.view(found);
  if (plan !== undefined) {
    const mayAsk = agreed === undefined && (asks === 'always' || mustAsk(plan));
    await asker.agree({ view, plan, asks: mayAsk, needsName: session.needsName(view, plan) });
  }
  const controller = new AbortController();
  const cancelled = new CancelWish(session.engine, request, controller);
  const cancel = (): boolean => {
    cancelled.wish();
    return controller.signal.aborted;
  };
  if (signal?.aborted === true) {
    controller.abort();
  }
  signal?.addEventListener('abort', cancel);
  const follower = asker.follow?.({ request, cancel });
  const running: RunWish = {
    ...wish,
    signal: controller.signal,
    ...(follower !== undefined && { onWait: (other) => follower.waitFor(other) }),
  };
  try {
    const result = await (plan === undefined || agreed === 'anything'
      ? session.engine.runOperation(request, running)
      : session.run(plan, running));
    return { plan, view, result };
  } catch (error) {
    throw withDetails(asFailure(error), { request });
  } finally {
    follower?.dispose();
    signal?.removeEventListener('abort', cancel);
    cancelled.dispose();
  }
}

/**
 * Nothing is asked but the name: a VM that is not protected has no plan before its turn comes.
 * @throws Failure `refused`
 */
async function planOfProtected(
  session: Session,
  view: VmView,
  request: OperationRequest,
  signal: AbortSignal | undefined,
): Promise<Plan | undefined> {
  if (!session.isProtected(view.vm)) {
    return undefined;
  }
  const decision = await session.engine.plan(request, signal);
  // What is refused now may be possible in its turn, when what was interrupted is finished: never without the name.
  const mayPass = decision.kind === 'refusal' && !needsName(request, { warnings: [] });
  return mayPass ? undefined : requirePlan(view, request, decision);
}

/** What is asked of several VMs as one. */
export interface GroupQuestion {
  readonly asks: boolean;
  /** The protected ones: their owner must have typed the name of the whole. */
  readonly guarded: readonly VmView[];
}

export function groupQuestion(
  session: Session,
  members: readonly { readonly view: VmView; readonly plan: Plan }[],
): GroupQuestion {
  return {
    asks: members.some(({ plan }) => mustAsk(plan)),
    guarded: members.flatMap(({ view, plan }) => (session.needsName(view, plan) ? [view] : [])),
  };
}

/**
 * Whether it is asked before, as the editor does.
 *
 * | request                 | asked                     |
 * |-------------------------|---------------------------|
 * | revert, delete          | always                    |
 * | force off               | always                    |
 * | any other               | where something is lost   |
 */
export function mustAsk({ request, losses }: Plan): boolean {
  return (
    request.kind === 'revert' ||
    request.kind === 'delete' ||
    (request.kind === 'power' && request.action === 'forceOff') ||
    losses.length > 0
  );
}
