// Carries out what was planned for who cannot be asked meanwhile: cancelled as soon as libvirt can cancel it.
import type { OperationResult } from '../domain/operation.js';
import { CancelWish } from '../engine/cancelWish.js';
import type { Plan } from '../operations/plan.js';
import type { RunWish, Session } from './session.js';

/** @throws Failure */
export async function carryOutPlan(
  session: Session,
  plan: Plan,
  { signal, ...wish }: Omit<RunWish, 'onWait'>,
): Promise<OperationResult> {
  const controller = new AbortController();
  const cancelled = new CancelWish(session.engine, plan.request, controller);
  const cancel = (): void => cancelled.wish();
  if (signal?.aborted === true) {
    controller.abort();
  }
  signal?.addEventListener('abort', cancel);
  try {
    return await session.run(plan, { ...wish, signal: controller.signal });
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancelled.dispose();
  }
}
