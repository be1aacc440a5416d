// Whatever was thrown, as a Failure. It refuses to know how a failure is told to people.
import { Failure, type FailureDetails, type NamedInFailure } from './failure.js';

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

/** Adds the name of the VM, the other host or the repository to a failure without it. */
export async function orNamed<T>(named: NamedInFailure, work: () => PromiseLike<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw nameIn(error, named);
  }
}

/** Anything but a Failure as it is. */
export function nameIn(error: unknown, named: NamedInFailure): unknown {
  const names = Object.fromEntries(Object.entries(named).filter(([, name]) => name !== ''));
  return error instanceof Failure ? withDetails(error, { ...names, ...error.details }) : error;
}

/** Adds facts to the reason of a wing. */
export function withFacts(failure: Failure, facts: object): Failure {
  const { reason } = failure.details;
  return reason === undefined
    ? failure
    : withDetails(failure, { reason: { ...reason, facts: { ...reason.facts, ...facts } } });
}
