// Two states of a VM held against each other: their hardware as a diff, and what differs in words. Changes nothing.
import * as vscode from 'vscode';
import { compareHardware, type HardwareDifference } from '../../domain/hardware.js';
import { type DiskDistance, diskDistances } from '../../domain/layerDistance.js';
import type { VmLayers } from '../../domain/layers.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { VmRef } from '../../domain/vm.js';
import { asFailure } from '../../domain/asFailure.js';
import type { VmView } from '../../inventory/views.js';
import { type Comparison, comparisonPage, comparisonSummary } from '../../text/comparisonText.js';
import type { CommandRun } from './commandServices.js';
import { notify } from '../prompts/notify.js';
import { showFailure } from './runCommand.js';

const t = vscode.l10n.t;

/** What a caller with an argument object gets. */
export interface ComparisonResult {
  readonly hardware: readonly HardwareDifference[];
  readonly disks: readonly DiskDistance[] | undefined;
}

/** @param to the present where it is undefined */
export async function compareStates(
  run: CommandRun,
  { ref, vm }: VmView,
  from: Snapshot,
  to: Snapshot | undefined,
): Promise<ComparisonResult> {
  const [left, right, layers] = await Promise.all([
    run.inventory.readHardware(ref, from.name),
    run.inventory.readHardware(ref, to?.name),
    readLayers(run, ref),
  ]);
  const comparison: Comparison = {
    vm: vm.name,
    from: from.title,
    to: to?.title ?? t('Present'),
    differences: compareHardware(left, right),
    distances: layers && diskDistances(layers, from, to),
  };
  const title = t('{0}: {1} ↔ {2} (hardware, without what changes by itself)', vm.name, comparison.from, comparison.to);
  await run.documents.openComparison(
    ref,
    { snapshot: from.name, hardware: left },
    { ...(to !== undefined && { snapshot: to.name }), hardware: right },
    title,
  );
  tell(run, comparison);
  return { hardware: comparison.differences, disks: comparison.distances };
}

/** The hardware can be compared without them, and the summary says that they are unknown. */
async function readLayers(run: CommandRun, ref: VmRef): Promise<VmLayers | undefined> {
  try {
    return await run.inventory.readLayers(ref);
  } catch (error) {
    run.log.info(`The layers could not be read for a comparison: ${asFailure(error).message}`);
    return undefined;
  }
}

/** The diff is already there: the message adds what it does not say, and nobody has to wait for it. */
function tell(run: CommandRun, comparison: Comparison): void {
  const button = t('Show Summary');
  void notify('info', comparisonSummary(comparison, t), button)
    .then((pressed) =>
      pressed === button
        ? run.reports.open(
            t('{0}: {1} and {2}', comparison.vm, comparison.from, comparison.to),
            comparisonPage(comparison, t),
          )
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.compareSnapshots', reason));
}
