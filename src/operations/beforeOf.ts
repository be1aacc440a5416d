// What is written down of a VM before the first step of an operation. Decides nothing.
import type { Facts } from '../domain/facts.js';
import type { Before } from '../domain/origin.js';
import { snapshotableDisks } from '../domain/vm.js';

/** More do not fit into an entry beside the plan: then nothing shows later that a VM is as it was, and a person is asked. */
const mostSnapshots = 2_000;

export function beforeOf({ vm, tree }: Pick<Facts, 'vm' | 'tree'>): Before | undefined {
  const { power, powerReason, managedSave } = vm;
  return tree.snapshots.length > mostSnapshots
    ? undefined
    : {
        power,
        powerReason,
        managedSave,
        disks: snapshotableDisks(vm).map(({ target, source }) => ({
          target,
          ...(source === undefined ? {} : { file: source }),
        })),
        ...(tree.current === undefined ? {} : { current: tree.current }),
        snapshots: tree.snapshots.map(({ name, createdAt, parent }) => ({
          name,
          createdAt,
          ...(parent === undefined ? {} : { parent }),
        })),
      };
}
