// How a command ends when it did not do what it was asked for.
import type { FailureDetails, FailureKind } from '../../domain/failure.js';

/**
 * What a caller with an argument object gets. Its message is the sentence for people, because the editor shows the
 * message of a command that a keybinding started and that failed.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  /** Whether only this one of several failed: then its remedies are offered. */
  readonly isOnly: boolean;
  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly details: FailureDetails = {},
    options?: ErrorOptions & { readonly isOnly?: boolean },
  ) {
    super(message, options);
    this.isOnly = options?.isOnly === true;
  }
}

/** There is nothing to do it with: news, and nothing went wrong. */
export class NothingThere extends CommandError {
  constructor(message: string, details: FailureDetails = {}) {
    super('notFound', message, details);
  }
}

/** The user left a question without an answer: nothing was done, and nothing is said. */
export class DismissedError extends Error {
  override readonly name = 'Dismissed';
}

/** The answer, or Dismissed. */
export function requireAnswer<T>(answer: T | undefined): T {
  if (answer === undefined) {
    throw new DismissedError();
  }
  return answer;
}
