// What an operation on a system came to, for who called it: an error where not all of its VMs are as they were to be.
import { displayLine } from '../domain/plainText.js';
import { type OutcomeOf, systemOutcome } from '../session/systemInfos.js';
import type { SystemResult } from '../systems/groupRun.js';
import type { PlannedSystem } from '../systems/systemPower.js';
import { notAllUp } from '../text/systems/systemText.js';
import { VirtRewindError } from './virtRewindError.js';

const longestMessage = 2_000;

/** @throws VirtRewindError */
export function requireWholeOutcome<P extends PlannedSystem>(plan: P, result: SystemResult): OutcomeOf<P> {
  const wrong = notAllUp(plan, result);
  if (wrong !== undefined) {
    const { kind, reason } = wrong.failure;
    const message = displayLine(wrong.message, longestMessage);
    throw new VirtRewindError(kind, message, reason, { cause: wrong.failure });
  }
  return systemOutcome(plan, result);
}
