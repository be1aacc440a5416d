// virtRewind.copyName: puts the names of VMs and snapshots on the clipboard, one on each line, as libvirt knows them.
import * as vscode from 'vscode';
import { connectionOfNode, type Node } from '../tree/nodes.js';
import type { CommandRun } from './commandServices.js';
import { meansSnapshot } from './showXml.js';
import { targetSnapshot, targetVm } from './targets.js';

export async function copyName(run: CommandRun): Promise<{ readonly name: string }> {
  const name = run.call.kind === 'rows' ? namesOf(run, run.call.rows) : await askedName(run);
  await vscode.env.clipboard.writeText(name);
  return { name };
}

function namesOf(run: CommandRun, rows: readonly Node[]): string {
  return rows.map((row) => nameOf(run, row)).join('\n');
}

function nameOf(run: CommandRun, row: Node): string {
  switch (row.kind) {
    case 'snapshot':
      return row.snapshot;
    case 'vm':
    case 'here':
      return run.inventory.findVm(row.ref)?.vm.name ?? row.ref.uuid;
    case 'connection':
    case 'message':
      return connectionOfNode(row);
  }
}

async function askedName(run: CommandRun): Promise<string> {
  const placeholder = vscode.l10n.t('Copy the name of what?');
  return meansSnapshot(run)
    ? (await targetSnapshot(run, placeholder)).snapshot.name
    : (await targetVm(run, placeholder)).vm.name;
}
