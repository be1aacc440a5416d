// Steps that keep a VM's UEFI variables beside a snapshot that does not hold them, and put them back.
import { nvramCopy } from '../domain/chains/nvramCopy.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Step } from '../steps/step.js';

/** None where the variables are not reached: the plan warns of it. */
export function nvramKeepSteps(snapshot: string, { vm, files }: Facts): readonly Step[] {
  const { nvram } = vm;
  const reached = nvram !== undefined && typeof files?.files.get(nvram) === 'object';
  return reached && files.canAct.get(folderOf(nvram)) === 'yes'
    ? [{ kind: 'copyFile', from: nvram, to: nvramCopy(nvram, snapshot), existing: 'keep' }]
    : [];
}

/**
 * Puts the copy back, while the VM is off, also where the original is lost. None where there is no copy, and none
 * where libvirt alone reaches the original: it replaces no file in one move, and would notice after the VM was stopped
 * for it.
 */
export function nvramBackSteps(snapshot: Snapshot, facts: Facts): readonly Step[] {
  const { files } = facts;
  const { nvram } = facts.vm;
  const copy = heldVariables(snapshot, facts);
  if (nvram === undefined || copy === undefined || files?.canAct.get(folderOf(nvram)) !== 'yes') {
    return [];
  }
  return files.canChange?.get(nvram) === 'yes' || files.files.get(nvram) === 'missing'
    ? [{ kind: 'copyFile', from: copy, to: nvram, existing: 'replace' }]
    : [];
}

/** The copy beside the original, where it is there. */
export function heldVariables({ name }: Snapshot, { vm, files }: Facts): string | undefined {
  const copy = vm.nvram === undefined ? undefined : nvramCopy(vm.nvram, name);
  return copy !== undefined && typeof files?.files.get(copy) === 'object' ? copy : undefined;
}

/** Another VM has the same file: it would get variables of another time, and may have it open. */
export function sharedVariablesRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm, otherVms = [] } = facts;
  const [back] = nvramBackSteps(snapshot, facts);
  const file = back?.kind === 'copyFile' ? back.to : undefined;
  const other = otherVms.find(({ files }) => file !== undefined && files.includes(file));
  return file === undefined || other === undefined
    ? undefined
    : refuse('variablesShared', { vm: vm.name, other: other.name, file });
}
