// Where a snapshot is to be kept by what was asked for, what the VM has, and what its owner says of its disks. Refuses
// to know what libvirt can do.
import type { SnapshotStyle } from '../../domain/snapshot.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import { styleOfVm } from '../../domain/snapshotTree.js';
import { snapshotableDisks } from '../../domain/vm.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

/** Undefined: inside where that works, else outside. See the table of `chooseKindAndStyle`. */
export function preferredStyle(
  { style, live, snapshotKind, without = [] }: Partial<CreateRequest>,
  { vm, tree }: Pick<Facts, 'vm' | 'tree'>,
): SnapshotStyle | undefined {
  const own = styleOfVm(tree);
  const outside =
    without.length > 0 ||
    (live === true && snapshotKind === 'memory') ||
    snapshotableDisks(vm).some(({ snapshot }) => snapshot === 'external');
  return style ?? (own === 'internal' || own === 'external' ? own : outside ? 'external' : undefined);
}
