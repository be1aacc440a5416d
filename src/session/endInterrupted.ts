// What broke off on a VM and was left to a person: it is brought to its end as it was shown, or the VM stays as it is.
import type { RecoveryReport } from '../domain/recoveryReport.js';
import type { VmView } from '../live/views.js';
import type { AgreedRecovery, InterruptedPreview } from '../operations/interrupted.js';
import { needsName } from '../operations/needsName.js';
import type { InterruptedEnd } from './leftWork.js';
import { refusedFailure, type Session } from './session.js';

export interface InterruptedQuestion {
  /** As it is known now. */
  readonly view: VmView;
  /** Oldest first; at least one. */
  readonly unfinished: readonly InterruptedPreview[];
  /** Else only a person's own hand leads out. */
  readonly mayFinish: boolean;
  /** To finish it: the VM is protected, and its owner must have typed its name. */
  readonly needsName: boolean;
}

interface EndedInterrupted {
  /** `nothing`: nothing had broken off, so nobody was asked. */
  readonly end: InterruptedEnd | 'nothing';
  readonly outcomes: readonly RecoveryReport['outcome'][];
}

/**
 * @param choose asks how it is to end; rejects where nobody agrees
 * @throws Failure: `refused` where it is to be finished, and only a person's own hand leads out
 */
export async function endInterrupted(
  session: Pick<Session, 'engine' | 'isProtected' | 'view'>,
  found: VmView,
  choose: (question: InterruptedQuestion) => Promise<InterruptedEnd> | InterruptedEnd,
): Promise<EndedInterrupted> {
  const { engine } = session;
  const { ref } = found;
  const unfinished = await engine.readInterrupted(ref);
  const [first] = unfinished;
  if (first === undefined) {
    return { end: 'nothing', outcomes: [] };
  }
  const agreed = unfinished.flatMap(agreeable);
  const view = session.view(found);
  const end = await choose({
    view,
    unfinished,
    mayFinish: agreed.length > 0,
    needsName: session.isProtected(view.vm) && unfinished.some(mustBeNamed),
  });
  if (end === 'dismiss') {
    await engine.dismissInterrupted(ref);
    return { end, outcomes: [] };
  }
  if (agreed.length === 0) {
    throw refusedFailure(view, first.request, first.recovery.kind === 'explain' ? first.recovery.why : undefined);
  }
  return { end, outcomes: await engine.finishInterrupted(ref, agreed) };
}

/** Whether others may begin on the VM. */
export function isAtItsEnd(outcome: RecoveryReport['outcome']): boolean {
  return outcome !== 'explained' && outcome !== 'failed';
}

function agreeable({ id, recovery }: InterruptedPreview): readonly AgreedRecovery[] {
  return recovery.kind === 'explain' ? [] : [{ id, steps: recovery.kind === 'steps' ? recovery.plan.steps : [] }];
}

function mustBeNamed({ request, recovery }: InterruptedPreview): boolean {
  return recovery.kind === 'steps' && needsName(request, { warnings: [] });
}
