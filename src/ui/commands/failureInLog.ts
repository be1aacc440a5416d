// How a command that failed reads in the log: everything that is known, for the person who reads it; the message shows
// only a sentence.
import { Failure } from '../../domain/failure.js';
import type { AnyCommandId } from '../../verbs/verbs.js';
import { CommandError, NothingThere } from '../prompts/commandError.js';

interface InLog {
  readonly level: 'info' | 'warn' | 'error';
  readonly line: string;
}

export function failureInLog(id: AnyCommandId, error: unknown): InLog {
  if (error instanceof CommandError) {
    const isNews = error instanceof NothingThere;
    return { level: isNews ? 'info' : 'warn', line: `${id}: ${error.kind}: ${error.message}` };
  }
  if (!(error instanceof Failure)) {
    return {
      level: 'error',
      line: `${id}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    };
  }
  const line = `${id}: ${error.line} ${JSON.stringify(error.details)}`;
  if (error.kind === 'cancelled' || error.kind === 'refused') {
    return { level: 'info', line };
  }
  const cause = rootCause(error);
  return { level: 'error', line: cause instanceof Error ? `${line}\n${cause.stack ?? cause.message}` : line };
}

/** A failure that was told more on its way is the cause of what it became. */
function rootCause(failure: Failure): unknown {
  return failure.cause instanceof Failure ? rootCause(failure.cause) : failure.cause;
}
