// virtRewind.examine: a report on what works with a VM's snapshots here and what is wrong with them; changes nothing.
import * as vscode from 'vscode';
import type { VmView } from '../../inventory/views.js';
import { connectionOfNode, vmOfNode } from '../tree/nodes.js';
import type { CommandRun } from './commandServices.js';
import { openDoctorReport } from './doctorReport.js';
import { targetVms } from './targets.js';

const t = vscode.l10n.t;

export async function examine(run: CommandRun): Promise<void> {
  await openDoctorReport(run, await examinedVms(run));
}

/** A connection's row stands for all its VMs. */
async function examinedVms(run: CommandRun): Promise<readonly VmView[]> {
  if (run.call.kind === 'rows' && run.call.rows.every((row) => vmOfNode(row) === undefined)) {
    const uris = new Set(run.call.rows.map((row) => connectionOfNode(row)));
    const connected = await Promise.all([...uris].map((uri) => run.inventory.connect(uri)));
    return connected.flatMap(({ vms }) => vms);
  }
  return targetVms(run, t('Examine which VM?'));
}
