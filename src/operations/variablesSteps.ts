// Steps that keep a VM's UEFI variables beside a snapshot that does not hold them, and put them back.
import { nvramCopy } from '../domain/chains/nvramCopy.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
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
 * Puts the copy back, while the VM is off. None where there is no copy, and none where libvirt alone reaches the
 * original: it replaces no file in one move, and would notice after the VM was stopped for it.
 */
export function nvramBackSteps({ name }: Snapshot, { vm, files }: Facts): readonly Step[] {
  const { nvram } = vm;
  const copy = nvram === undefined ? undefined : nvramCopy(nvram, name);
  const there = copy !== undefined && typeof files?.files.get(copy) === 'object';
  const replaceable = files?.canAct.get(folderOf(nvram ?? '')) === 'yes' && files.canChange?.get(nvram ?? '') === 'yes';
  return nvram !== undefined && there && replaceable
    ? [{ kind: 'copyFile', from: copy, to: nvram, existing: 'replace' }]
    : [];
}
