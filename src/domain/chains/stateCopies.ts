// State of a VM that stands in files of its own beside its disks: its UEFI variables, and what its TPM keeps. libvirt
// copies neither into an external snapshot, and the TPM's into none without RAM. We keep a copy beside each. Knows the
// files' names and steps, not when a snapshot is taken.
import type { Snapshot } from '../snapshot.js';
import type { Vm } from '../vm.js';

type OfVm = Pick<Vm, 'nvram' | 'tpmState'>;

type OfSnapshot = Pick<Snapshot, 'name' | 'nvram'>;

export function stateFiles({ nvram, tpmState }: OfVm): readonly string[] {
  return [nvram, tpmState].flatMap((file) => file ?? []);
}

/** As the snapshot has it: somebody may have given the VM another file of variables since. */
export function stateThen(vm: OfVm, snapshot: Pick<Snapshot, 'nvram'> | undefined): OfVm {
  return vm.nvram === undefined || snapshot?.nvram === undefined ? vm : { ...vm, nvram: snapshot.nvram };
}

/** Where a snapshot's copy of such a file stands. */
export function stateCopy(file: string, snapshot: string): string {
  return `${file}.${snapshot}`;
}

export function stateCopies(vm: OfVm, snapshot: OfSnapshot): readonly string[] {
  return stateFiles(stateThen(vm, snapshot)).map((file) => stateCopy(file, snapshot.name));
}

/** What goes with a snapshot: beside one that another tool has taken, a file of that name is somebody's. */
export function ownStateCopies(vm: OfVm, snapshot: Snapshot): readonly string[] {
  return snapshot.trailers.createdBy === undefined ? [] : stateCopies(vm, snapshot);
}
