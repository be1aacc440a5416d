// Saves what is known of VMs as a file, for a spreadsheet or a program.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { mapLimited } from '../../../base/mapLimited.js';
import { asFailure } from '../../../domain/asFailure.js';
import { openConnections } from '../../../engine/findTargets.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import type { VmView } from '../../../live/views.js';
import { vmLine, vmListCsv, vmListJson } from '../../../text/rows/vmList.js';
import { DismissedError, NothingThere, requireAnswer } from '../../prompts/commandError.js';
import { noteInStatusBar, notifyProgress } from '../../prompts/notify.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { readsAtOnce } from '../severalVms.js';
import { distinctVms } from '../targets.js';
import { vmCountText } from '../../../text/words.js';

export const exportCommands = {
  'virtRewind.exportVms': exportVms,
} satisfies CommandTable;

/** The VMs of the rows, or all that can be reached. */
async function exportVms(run: CommandRun): Promise<{ readonly file: string }> {
  const views = await vmsToExport(run);
  await readAll(run, views);
  const now = Date.now();
  const lines = views.flatMap(({ ref }) => {
    const view = run.engine.findVm(ref);
    return view === undefined ? [] : [vmLine(view, run.health.healthOf(ref)?.found, now)];
  });
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const uri = requireAnswer(
    await vscode.window.showSaveDialog({
      title: t('Export the List of VMs'),
      filters: { CSV: ['csv'], JSON: ['json'] },
      ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, 'vms.csv') }),
    }),
  );
  const text = uri.path.endsWith('.json') ? vmListJson(lines) : vmListCsv(lines);
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  noteInStatusBar(t('Exported {0}.', vmCountText(lines.length)));
  return { file: uri.fsPath };
}

async function vmsToExport({ call, engine }: CommandRun): Promise<readonly VmView[]> {
  const refs = call.kind === 'rows' ? distinctVms(call.rows) : [];
  if (refs.length > 0) {
    return refs.flatMap((ref) => engine.findVm(ref) ?? []);
  }
  await openConnections(engine);
  const all = vmsOnce(engine.connections);
  if (all.length === 0) {
    throw new NothingThere(t('There are no VMs.'));
  }
  return all;
}

/** What cannot be read stays empty. */
async function readAll({ engine, log }: CommandRun, views: readonly VmView[]): Promise<void> {
  await notifyProgress(t('Reading the sizes of {0}', vmCountText(views.length)), true, (report, cancellation) =>
    mapLimited(views, readsAtOnce, async ({ ref, vm }) => {
      if (cancellation.isCancellationRequested) {
        throw new DismissedError();
      }
      try {
        await engine.readTree(ref);
        await engine.readLayers(ref);
      } catch (error) {
        log.warn(`${vm.name} is exported without what cannot be read: ${asFailure(error).message}`);
      }
      report(vm.name, 100 / views.length);
    }),
  );
}
