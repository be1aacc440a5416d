// Who did what to which VM, and what came of it: a line for each operation that ended. Refuses to be read by any rule.
import type { OperationRequest } from '../model/operation.js';
import type { OperationEnd } from './entry.js';

export interface AuditNote extends OperationEnd {
  readonly connection: string;
  readonly vm: { readonly uuid: string; readonly name: string };
  readonly request: OperationRequest;
  readonly durationMs: number;
}

/** `new Audit(folder, log)`. An operation of several steps is noted by the end of its journal entry. */
export interface Audit {
  /** Never rejects: what cannot be written is told to the log. */
  note(note: AuditNote): Promise<void>;
}
