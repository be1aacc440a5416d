// When an interrupted operation turns back.
import type { FailureKind } from '../../domain/failure.js';
import type { OpenEntry } from '../../journal/journal.js';
import { interruptedOf } from './recoveryEnds.js';

/** The same would happen again. */
const turnsBackAt: ReadonlySet<FailureKind> = new Set<FailureKind>(['failed', 'denied', 'unsupported', 'noSpace']);

/** After a step of its recovery failed. @returns whether it turns back from now on, and did not before */
export async function turnBack(open: OpenEntry, kind: FailureKind): Promise<boolean> {
  const { request } = open.entry;
  if (request.kind !== 'revert' || !turnsBackAt.has(kind) || interruptedOf(open.entry).turnsBack === true) {
    return false;
  }
  await open.markStuck();
  return true;
}
