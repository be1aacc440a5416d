// What becomes of a managed save before a revert: libvirt keeps it, and the next start would put its RAM on other
// disks. Knows no revert.
import type { Step } from '../steps/step.js';
import type { Vm } from '../domain/vm.js';

export function dropSaveSteps({ managedSave }: Pick<Vm, 'managedSave'>): readonly Step[] {
  return managedSave ? [{ kind: 'dropManagedSave' }] : [];
}
