// Shows the files in the restore points of a VM beside the VMs. What cannot be read is said before.
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { isCalledOnSnapshot, targetSnapshot, targetVm } from '../../../ui/commands/targets.js';
import { currentOf, sortSnapshots } from '../../../domain/snapshotTree.js';
import { isActive } from '../../../domain/vm.js';
import { openGuestDisks, withDisks } from '../guestFiles.js';
import { restorePointsUri } from './guestFileProvider.js';
import { ofWindow } from './registerFiles.js';

export async function browseFiles(run: CommandRun): Promise<{ readonly folder: string }> {
  const { view, snapshot } = isCalledOnSnapshot(run)
    ? await targetSnapshot(run)
    : { view: await targetVm(run), snapshot: undefined };
  const tree = await run.engine.readTree(view.ref);
  const newest = currentOf(tree) ?? sortSnapshots(tree, 'time').at(-1);
  const shown = snapshot ?? (isActive(view.vm.power) ? newest : undefined);
  const signal = new AbortController().signal;
  const options = { environment: process.env, signal, ...(shown !== undefined && { snapshot: shown }) };
  await withDisks(openGuestDisks(run.engine, view, options), () => Promise.resolve());
  await (await ofWindow.guestFiles?.())?.show(view, shown?.name);
  return { folder: restorePointsUri(view).toString() };
}

export async function closeGuestFiles(): Promise<void> {
  await (await ofWindow.guestFiles?.())?.close();
}
