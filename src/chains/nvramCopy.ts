// UEFI variables of snapshots that do not hold them: libvirt keeps them in a file of their own and copies it into no
// external snapshot. We keep a copy beside it. Knows the files' names and steps, not when a snapshot is taken.
import { folderOf } from './overlayFiles.js';
import type { Situation, Step } from '../model/plan.js';
import type { Snapshot } from '../model/snapshot.js';

/** Where a snapshot's copy stands. */
export function nvramCopy(nvram: string, snapshot: string): string {
  return `${nvram}.${snapshot}`;
}

/** None where the variables are not reached: the plan warns of it. */
export function nvramKeepSteps(snapshot: string, { vm, files }: Situation): readonly Step[] {
  const { nvram } = vm;
  const reached = nvram !== undefined && typeof files?.files.get(nvram) === 'object';
  return reached && files.canAct.get(folderOf(nvram)) === 'yes'
    ? [{ do: 'copyFile', from: nvram, to: nvramCopy(nvram, snapshot), existing: 'keep' }]
    : [];
}

/**
 * Puts the copy back, while the VM is off. None where there is no copy, and none where libvirt alone reaches the
 * original: it replaces no file in one move, and would notice after the VM was stopped for it.
 */
export function nvramBackSteps({ name }: Snapshot, { vm, files }: Situation): readonly Step[] {
  const { nvram } = vm;
  const copy = nvram === undefined ? undefined : nvramCopy(nvram, name);
  const there = copy !== undefined && typeof files?.files.get(copy) === 'object';
  const replaceable = files?.canAct.get(folderOf(nvram ?? '')) === 'yes' && files.canChange?.get(nvram ?? '') === 'yes';
  return nvram !== undefined && there && replaceable
    ? [{ do: 'copyFile', from: copy, to: nvram, existing: 'replace' }]
    : [];
}
