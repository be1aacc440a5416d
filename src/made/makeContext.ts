// What is handed to code that makes, changes or removes VMs that we make.
import { Failure } from '../domain/failure.js';
import type { Session } from '../session/session.js';

export interface MakeWish {
  readonly signal: AbortSignal;
  /** What is at work, in a few words for a person. */
  readonly onStep: (what: string) => void;
  /** A sentence that a person should know when all is done, too. */
  readonly onNote?: (line: string) => unknown;
}

export interface MakeContext extends MakeWish {
  readonly session: Session;
  readonly environment: NodeJS.ProcessEnv;
}

export type RemoveContext = Omit<MakeContext, 'environment'>;

export function requireOn(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new Failure('cancelled', { byUs: true });
  }
}
