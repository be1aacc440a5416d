// Why a bisect is not begun, or stops before its end. The sentences are made in text/bisectText.

export type BisectStopReason =
  | { readonly kind: 'noSnapshots' | 'unfinished' | 'atWork' | 'noBisect'; readonly vm: string }
  /** It could not be read again. */
  | { readonly kind: 'tooLong' }
  /** What is written down of the VM cannot be read: it may tell of clones that are left. */
  | { readonly kind: 'unreadable'; readonly path: string }
  /** The one that is good must be an ancestor of the one that is bad. */
  | { readonly kind: 'notOneLine'; readonly good: string; readonly bad: string }
  /** Several branches begin there, and nobody said which one is meant. */
  | { readonly kind: 'branches'; readonly snapshot: string }
  | { readonly kind: 'notInLine'; readonly snapshot: string }
  /** It was deleted or replaced since the bisect began. */
  | { readonly kind: 'snapshotChanged'; readonly snapshot: string }
  /** The exit code judges nothing; `said` is the end of what the program wrote, untrusted. */
  | { readonly kind: 'badExit'; readonly snapshot: string; readonly exit: number; readonly said: string }
  | { readonly kind: 'cannotRun'; readonly program: string; readonly error: string }
  | { readonly kind: 'noAgent'; readonly vm: string };

export class BisectStop extends Error {
  override readonly name = 'BisectStop';
  constructor(readonly reason: BisectStopReason) {
    super(reason.kind);
  }
}
