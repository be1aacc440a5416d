// What there is to know of a kind of operation: a row of the record in planners.ts. Values only.
import type { Facts } from '../domain/facts.js';
import type { OperationRequest, OperationType } from '../domain/operation.js';
import type { RefusedDecision } from '../domain/refusal.js';
import type { InterruptedOperation, Recovery } from './interrupted.js';
import type { DraftPlan } from './plan.js';
import type { KnownFacts, RequiredFacts, RequiredFiles } from './requiredFacts.js';

export type RequestOf<K extends OperationType> = Extract<OperationRequest, { kind: K }>;

export interface OperationDefinition<K extends OperationType> {
  readonly plan: (request: RequestOf<K>, facts: Facts) => DraftPlan | RefusedDecision;
  /** What ends it where it was interrupted, and whether that is before or after. */
  readonly recover: (interrupted: InterruptedOperation & { readonly request: RequestOf<K> }, facts: Facts) => Recovery;
  /** Where it cannot go on: back to what it saved first; undefined: nothing was, or somebody may have used the VM. */
  readonly turnBack?: (
    interrupted: InterruptedOperation & { readonly request: RequestOf<K> },
    facts: Facts,
  ) => Recovery | undefined;
  /** The facts that are required of a VM of QEMU; other VMs have none. */
  readonly requiredFacts: (request: RequestOf<K>, known: KnownFacts) => RequiredFacts;
  /** @param facts with the frozen disks that `requiredFacts` names */
  readonly requiredFiles: (request: RequestOf<K>, facts: Facts) => RequiredFiles;
  /**
   * Which names of the VM's files it cannot live with: `unclear` ones, which two files may answer to, or those that
   * libvirt cannot take.
   */
  readonly refusesPaths: (request: RequestOf<K>) => 'unclear' | 'withControls' | 'none';
  /** Whether libvirt may refuse it beside checkpoints: what makes or changes snapshots. */
  readonly mindsCheckpoints: (request: RequestOf<K>) => boolean;
}
