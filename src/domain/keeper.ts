// Who beside libvirt starts and stops a VM: a cluster's resource manager. It takes a VM that is off for failed and
// starts it again, in the middle of a revert too. Values, and the port to it.
import type { VmTurn } from './operation.js';
import type { Vm } from './vm.js';

export interface Keeper {
  /** What the cluster calls the VM. */
  readonly resource: string;
  /** Names of other nodes on which the cluster has it: its disks are in use there, if they are shared. */
  readonly elsewhere: readonly string[];
  /** Names of the nodes on which the cluster would run it now, as far as rules for nodes say. */
  readonly mayRunOn: readonly string[];
  /** The cluster leaves it alone: `byUs` while we work, `byPerson` until somebody gives it back. */
  readonly rests: 'no' | 'byUs' | 'byPerson';
  /** Somebody has told the cluster to keep it off. */
  readonly toBeOff?: true;
  /** This node sees less than half of the cluster: another one may run it. */
  readonly withoutQuorum?: true;
  /** What the cluster starts it from, a file of each node. */
  readonly config: string;
}

/** `nobody`: there is no cluster on its host, or none that has it. `unknown`: there is one that does not answer us. */
export type KeptBy = Keeper | 'nobody' | 'unknown';

export interface HeldVm {
  /**
   * Before each part of what is done. Rejects with a Failure `refused` where this process, or its host, stood still for
   * so long that the cluster may have taken the VM back.
   */
  requireStill(): Promise<void>;
  /** Never rejects: where the cluster is not reached, it takes the VM back by itself some time later. */
  giveBack(): Promise<void>;
}

export interface VmKeepers {
  of(vm: Pick<Vm, 'uuid' | 'name'>): Promise<KeptBy>;
  /**
   * Has the cluster leave the VM alone for as long as it is held, and a little longer where this process ends before.
   * Undefined where nobody has to. Rejects with a Failure `refused`, and nothing is held then.
   */
  hold(vm: Pick<Vm, 'uuid' | 'name'>): Promise<HeldVm | undefined>;
}

/**
 * Not of what changes words alone, nor of what is refused while a cluster keeps the VM. A wing asks the cluster itself.
 */
export function isHeldFor({ kind }: VmTurn): boolean {
  return !['describe', 'rename', 'power', 'speed', 'debug', 'wing'].includes(kind);
}
