// What would be made of a lab file. Values only.
import type { LabVmParts } from '../domain/labVm.js';
import type { VmView } from '../inventory/views.js';
import type { LabRecord } from '../journal/labStore.js';
import type { Lab } from './labFile.js';

export interface LabPlan {
  readonly lab: Lab;
  readonly record: LabRecord;
  readonly made: ReadonlyMap<string, LabVmParts>;
  readonly existing: ReadonlyMap<string, VmView>;
  /** What an attempt that broke off has left, and is removed first. */
  readonly left?: LabRecord;
}
