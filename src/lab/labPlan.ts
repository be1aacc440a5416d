// What would be made of a lab file. Values only.
import type { LabVmParts } from '../domain/labVm.js';
import type { VmView } from '../live/views.js';
import type { LabRecord } from '../journal/labStore.js';
import type { LabClone } from './labClones.js';
import type { Lab } from './labFile.js';
import type { LabChain, LayerAct } from './labLayers.js';

export interface LabPlan {
  readonly lab: Lab;
  readonly record: LabRecord;
  readonly made: ReadonlyMap<string, LabVmParts>;
  /** By the keys of the file. */
  readonly clones: ReadonlyMap<string, LabClone>;
  readonly existing: ReadonlyMap<string, VmView>;
  /** A VM that was there before is protected by the person's own setting: the lab's name must be typed. */
  readonly isProtected: boolean;
  readonly chain: LabChain;
  /** As it is now: what was made meanwhile is not made again. */
  readonly acts: readonly LayerAct[];
  /** The VMs are there, at whatever restore point; absent: all is made. */
  readonly again?: true;
  /** What an attempt that broke off has left, and is removed first. */
  readonly left?: LabRecord;
  /** Names of the VMs among these that somebody may have used: a person is asked about them. */
  readonly used?: readonly string[];
}
