// What an operation on a system came to, for who called it: an error where its VMs are back and not all of them are up.
import { displayLine } from '../domain/plainText.js';
import { systemOutcome } from '../session/systemInfos.js';
import type { SystemResult } from '../systems/groupRun.js';
import type { SystemPlan } from '../systems/systemPlan.js';
import { notAllUp } from '../text/systemText.js';
import type { SystemOutcome } from './publicApi.js';
import { VirtRewindError } from './virtRewindError.js';

const longestMessage = 2_000;

/** @throws VirtRewindError */
export function requireWholeOutcome(plan: SystemPlan, result: SystemResult): SystemOutcome {
  const wrong = notAllUp(plan, result);
  if (wrong !== undefined) {
    const { kind, details } = wrong.failure;
    const message = displayLine(wrong.message, longestMessage);
    throw new VirtRewindError(kind, message, details.refusal?.reason, { cause: wrong.failure });
  }
  return systemOutcome(plan.point.title, result);
}
