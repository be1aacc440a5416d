// What is handed to whatever makes, changes or removes something of a lab.
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
