// The restore points that forks were made from: of no use when the last of them is gone, and offered to be deleted
// then.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { childrenOf } from '../../../domain/snapshotTree.js';
import { type VmView, vmKey } from '../../../live/views.js';
import { notify } from '../../prompts/notify.js';
import type { CommandRun } from '../commandServices.js';
import { showFailure } from '../runCommand.js';

/** As forks call the one that they take: one that a person made for them stays unasked about. */
const ownTitle = /^Fork point(?: \d+)?$/u;

/** @param gone clones that were thrown away, as they were. Waits for nobody */
export function offerForkPoints(run: CommandRun, gone: readonly VmView[]): void {
  const parents = gone.flatMap(({ ref, vm }) => {
    const view = vm.clone && run.engine.findVm({ ...ref, uuid: vm.clone.of });
    return view && vm.clone.snapshot !== undefined ? [{ view, snapshot: vm.clone.snapshot }] : [];
  });
  const distinct = new Map(parents.map((one) => [`${vmKey(one.view.ref)} ${one.snapshot}`, one]));
  for (const { view, snapshot } of distinct.values()) {
    offer(run, view, snapshot).catch((error: unknown) => showFailure(run.log, 'virtRewind.discardClone', error));
  }
}

async function offer(run: CommandRun, { ref, vm }: VmView, name: string): Promise<void> {
  const tree = await run.engine.readTree(ref);
  const found: Snapshot | undefined = tree.snapshots.find((one) => one.name === name);
  const beside = run.engine.connections.find(({ uri }) => uri === ref.connection)?.vms ?? [];
  const isUsed = beside.some(({ vm: { clone } }) => clone?.of === ref.uuid && clone.snapshot === name);
  if (found === undefined || !ownTitle.test(found.title) || isUsed || childrenOf(tree, name).length > 0) {
    return;
  }
  const button = t('Delete…');
  const message = t(
    'The snapshot {1} is no longer used by any fork of {0}.',
    displayLine(vm.name),
    displayLine(found.title),
  );
  if ((await notify('info', message, button)) === button) {
    const given = { vm: ref.uuid, connection: ref.connection, snapshot: name };
    await vscode.commands.executeCommand('virtRewind.deleteSnapshot', given);
  }
}
