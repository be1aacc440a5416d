// virtRewind.consolidate: fewer layers below the present of a VM.
import * as vscode from 'vscode';
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { operateConfirmed } from './operate.js';
import { namedSnapshot, targetVm } from './targets.js';
import type { VmView } from '../../inventory/views.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';

const mebibyte = 1024 ** 2;

export async function consolidate(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(run, vscode.l10n.t('Consolidate the disks of which VM?'));
  return operateConfirmed(run, await consolidateRequest(run, view));
}

/** What was called for, on the VM as it is now. */
export async function consolidateRequest(run: CommandRun, view: VmView): Promise<OperationRequest> {
  const { disk, downTo, speed } = givenTo(run.call);
  // No snapshot's name begins with a slash.
  const down = downTo === undefined || downTo.startsWith('/') ? downTo : (await namedSnapshot(run, view, downTo)).name;
  // libvirt tells nobody that a VM stands on another file: what is known of its disks may be old.
  await run.inventory.refresh({ vm: view.ref });
  return {
    kind: 'consolidate',
    vm: view.ref,
    ...(disk === undefined ? {} : { targets: [disk] }),
    ...(down === undefined ? {} : { downTo: down }),
    ...(speed === undefined || speed === 0 ? {} : { bytesPerSecond: Math.ceil(speed * mebibyte) }),
  };
}
