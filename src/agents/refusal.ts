// Why a tool was not carried out, in words of ours for a model: what is so, and what to do next.
import { asFailure } from '../domain/asFailure.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import type { Denial } from './guard.js';
import { untrustedLine } from './guestText.js';

export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
  constructor(
    /** Stable. */
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** @throws ToolRefusal */
export function requireAllowed(denial: Denial | undefined): void {
  if (denial !== undefined) {
    throw new ToolRefusal(denial.reason, denial.sentence);
  }
}

interface ToolError {
  /** Stable. */
  readonly kind: string;
  readonly message: string;
}

const longestMessage = 1_000;

export function toolError(error: unknown): ToolError {
  if (error instanceof ToolRefusal) {
    return { kind: error.reason, message: untrustedLine(error.message, longestMessage) };
  }
  const failure = asFailure(error);
  return {
    kind: failure.details.refusal?.reason ?? failure.kind,
    message: untrustedLine(failureMessage(failure), longestMessage),
  };
}
