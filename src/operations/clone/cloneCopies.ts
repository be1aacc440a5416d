// What a clone gets beside its disks: copies of the UEFI variables and of the TPM's state, and a seed of its own.
import { stateCopy, stateThen } from '../../domain/chains/stateCopies.js';
import { folderOf } from '../../domain/chains/overlayFiles.js';
import { isSeedDrive, seedOfClone } from '../../domain/cloudSeed.js';
import type { Facts } from '../../domain/facts.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Step } from '../../steps/step.js';
import type { CloneFile } from './cloneFiles.js';

type CopyStep = Extract<Step, { kind: 'copyFile' }>;
type CloneRequest = Extract<OperationRequest, { kind: 'clone' }>;

/**
 * Returns the UEFI variables of the restore point where it has a copy, else the current ones; none where the VM never
 * wrote any.
 */
export function variablesOf(
  { clone }: CloneRequest,
  snapshot: string | undefined,
  { vm, tree, files }: Facts,
): CopyStep | undefined {
  const { nvram } = vm;
  if (nvram === undefined) {
    return undefined;
  }
  const then = stateThen(vm, findSnapshot(tree, snapshot ?? '')).nvram ?? nvram;
  const from = stateOf(nvram, snapshot, files, then);
  return from === undefined
    ? undefined
    : {
        kind: 'copyFile',
        from,
        to: `${folderOf(nvram)}/${clone.name}_VARS.${clone.uuid.slice(0, 8)}.fd`,
        existing: 'keep',
      };
}

/**
 * The same of the TPM's state, in a folder under the clone's own UUID, where libvirt looks for it. RAM brings it by
 * itself. libvirt makes no folder for us, so it must be ours to change.
 */
export function tpmOf(
  { clone, ram }: CloneRequest,
  snapshot: string | undefined,
  { vm: { uuid, tpmState }, files }: Facts,
): CopyStep | undefined {
  const to = tpmState?.replace(`/${uuid}/`, `/${clone.uuid}/`);
  if (tpmState === undefined || to === undefined || to === tpmState || ram !== undefined) {
    return undefined;
  }
  const from = stateOf(tpmState, snapshot, files);
  return from === undefined || files?.canChange?.get(tpmState) !== 'yes'
    ? undefined
    : { kind: 'copyFile', from, to, existing: 'keep', folders: 'make' };
}

/**
 * A seed that we made: cloud-init reads it at the first start of the clone, which then is a computer of its own. A fork
 * goes on from RAM.
 */
export function seedOf(
  { clone, ram, snapshot }: CloneRequest,
  [first]: readonly CloneFile[],
  { vm, frozenDisks, files }: Facts,
): { readonly target: string; readonly step: Extract<Step, { kind: 'writeSeed' }> } | undefined {
  const disks = snapshot === undefined ? vm.disks : (frozenDisks?.get(snapshot) ?? []);
  const drive = disks.find(isSeedDrive);
  const { target, source: from } = drive ?? {};
  if (ram !== undefined || first === undefined || target === undefined || from === undefined) {
    return undefined;
  }
  const to = seedOfClone(folderOf(first.file), clone.name);
  return typeof files?.files.get(from) === 'object'
    ? { target, step: { kind: 'writeSeed', from, to, clone, ...(snapshot === undefined ? {} : { snapshot }) } }
    : undefined;
}

/** @param then the file when the snapshot was taken */
function stateOf(file: string, snapshot: string | undefined, files: Facts['files'], then = file): string | undefined {
  const places = [...(snapshot === undefined ? [] : [stateCopy(then, snapshot)]), file];
  return places.find((place) => typeof files?.files.get(place) === 'object');
}
