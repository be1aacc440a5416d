// Whatever was thrown, as a Failure. It refuses to know how a failure is told to people.
import { Failure, type FailureDetails } from './failure.js';

/** A Failure as it is; anything else is a defect of ours and becomes one of kind `failed` that keeps its cause. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) {
    return error;
  }
  return new Failure('failed', { libvirtMessage: String(error) }, { cause: error });
}

/** The same failure, knowing more. */
export function withDetails(failure: Failure, details: FailureDetails): Failure {
  return new Failure(failure.kind, { ...failure.details, ...details }, { cause: failure });
}
