// A question about a VM that lasts, and what it waits for.
import type { VmRef } from '../domain/vm.js';
import type { MissingFact } from './completeFacts.js';

export interface SlowLook {
  readonly vm: VmRef;
  /** What it waits for now. */
  readonly waitsFor: () => MissingFact;
  readonly cancel: () => void;
  /** Never rejects. */
  readonly ended: Promise<void>;
}
