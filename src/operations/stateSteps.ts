// Steps that keep a VM's UEFI variables and the state of its TPM beside a snapshot that does not hold them, and put
// them back.
import { ownStateCopies, stateCopy, stateFiles, stateThen } from '../domain/chains/stateCopies.js';
import { folderOf } from '../domain/chains/overlayFiles.js';
import type { Facts } from '../domain/facts.js';
import { type RefusedDecision, refuse } from '../domain/refusal.js';
import type { Snapshot } from '../domain/snapshot.js';
import type { Step } from '../steps/step.js';

type CopyStep = Extract<Step, { kind: 'copyFile' }>;

/**
 * One for each of these that is reached: of the others the plan warns. swtpm puts each new state in the place of the
 * one before in one move, so the copy is whole while the VM runs, too: what a TPM has after a power cut.
 */
export function stateKeepSteps(
  snapshot: string,
  state: readonly (string | undefined)[],
  { files }: Facts,
): readonly CopyStep[] {
  return state.flatMap((file): readonly CopyStep[] =>
    file !== undefined && typeof files?.files.get(file) === 'object' && files.canAct.get(folderOf(file)) === 'yes'
      ? [{ kind: 'copyFile', from: file, to: stateCopy(file, snapshot), existing: 'keep' }]
      : [],
  );
}

/**
 * Puts the copies back, while the VM is off, also where an original is lost. None where there is no copy, and none
 * where libvirt alone reaches the original: it replaces no file in one move, and would notice after the VM was stopped
 * for it. RAM brings the TPM's state by itself.
 */
export function stateBackSteps(snapshot: Snapshot, facts: Facts): readonly CopyStep[] {
  const { files, vm } = facts;
  return stateFiles(stateThen(vm, snapshot)).flatMap((file): readonly CopyStep[] => {
    const isInRam = file === vm.tpmState && snapshot.kind === 'memory';
    const copy = isInRam ? undefined : heldCopy(file, snapshot, facts);
    if (copy === undefined || files?.canAct.get(folderOf(file)) !== 'yes') {
      return [];
    }
    return files.canChange?.get(file) === 'yes' || files.files.get(file) === 'missing'
      ? [{ kind: 'copyFile', from: copy, to: file, existing: 'replace' }]
      : [];
  });
}

/** The copy beside the original that goes with the snapshot, where it is there and holds something. */
export function heldCopy(file: string | undefined, snapshot: Snapshot, { files, vm }: Facts): string | undefined {
  const copy = file === undefined ? '' : stateCopy(file, snapshot.name);
  const seen = files?.files.get(copy);
  const isHeld = typeof seen === 'object' && seen.bytes > 0;
  return isHeld && ownStateCopies(vm, snapshot).includes(copy) ? copy : undefined;
}

/** Another VM has the same file: it would get the state of another time, and may have it open. */
export function sharedStateRefusal(snapshot: Snapshot, facts: Facts): RefusedDecision | undefined {
  const { vm, otherVms = [] } = facts;
  for (const { to: file } of stateBackSteps(snapshot, facts)) {
    const other = otherVms.find(({ files }) => files.includes(file));
    if (other !== undefined) {
      return refuse('variablesShared', { vm: vm.name, other: other.name, file });
    }
  }
  return undefined;
}
