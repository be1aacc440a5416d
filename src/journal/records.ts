// What we did and a rule must be able to believe later: the snapshots that we took unasked. A description can be written
// by any client; these files by us alone. Refuses to know whether such a snapshot still exists.
import type { AutoSnapshot } from '../model/plan.js';
import type { VmRef } from '../model/vm.js';

/** `new Records(folder)`. Whatever cannot be read or written becomes a Failure of kind `journal`. */
export interface Records {
  /** Resolves when it is on the disk. Beyond the newest 200 of a VM the oldest are forgotten. */
  add(vm: VmRef, snapshot: AutoSnapshot): Promise<void>;
  /** Oldest first. */
  of(vm: VmRef): Promise<readonly AutoSnapshot[]>;
  forget(vm: VmRef, snapshot: Pick<AutoSnapshot, 'name' | 'createdAt'>): Promise<void>;
}
