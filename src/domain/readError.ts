// Why something could not be read or made, as a sentence that programs and people are told as it is.
import type { FailureKind } from './failure.js';

export class ReadError extends Error {
  override readonly name = 'ReadError';
  constructor(
    readonly kind: FailureKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
