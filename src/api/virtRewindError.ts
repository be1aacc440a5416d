// How a call of the library fails. This file is published as it is.

/** Its message says what happened, what state things are in, and what to do next. */
export class VirtRewindError extends Error {
  override readonly name = 'VirtRewindError';
  constructor(
    /**
     * Stable: `notFound`, `ambiguous`, `refused`, `protected`, `busy`, `late`, `cancelled`, `unreachable`, `denied`,
     * `lost`, `closed`, `failed`, …
     */
    readonly kind: string,
    message: string,
    /** The rule that refused, as in docs/refusals.md. */
    readonly reason?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
