// virtRewind.createSnapshot: asks for the kind, the title and a description, as far as they are not given.
import * as vscode from 'vscode';
import type { VmView } from '../../inventory/views.js';
import { readSettings } from '../readSettings.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { gitReference } from './gitReference.js';
import { askDescription, askTitle } from '../prompts/askTitle.js';
import { operate } from './operate.js';
import { pickKind } from './pickKind.js';
import { pickSeveral } from '../prompts/pickTarget.js';
import { targetVm } from './targets.js';
import { suggestTitle } from '../prompts/titleSuggestion.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

export async function createSnapshot(run: CommandRun): Promise<OperationResult> {
  const given = givenTo(run.call);
  const view = await targetVm(run, vscode.l10n.t('Take a snapshot of which VM?'));
  const tree = await run.inventory.readTree(view.ref);
  const git = gitReference();
  const suggestion = suggestTitle(git, tree.snapshots, new Date());
  const style = given.style === undefined ? styleFor(tree) : { style: given.style };
  const draft: Omit<CreateRequest, 'snapshotKind'> = {
    kind: 'create',
    vm: view.ref,
    title: given.title ?? suggestion,
    ...style,
    ...(given.quiesce !== undefined && { quiesce: given.quiesce }),
    ...(given.live !== undefined && { live: given.live }),
    ...(given.without !== undefined && { without: given.without }),
    ...(git !== undefined && { git }),
  };
  const chosen: CreateRequest =
    given.kind === undefined ? await pickKind(run, view, tree, draft) : { ...draft, snapshotKind: given.kind };
  const without = given.without ?? (given.kind === undefined ? await askWithout(run, view, chosen) : []);
  const title = given.title ?? (await askTitle(suggestion, tree.snapshots));
  // Who gives the title and no description wants none.
  const description = given.description ?? (given.title === undefined ? await askDescription('') : '');
  const result = await operate(run, {
    ...chosen,
    title,
    ...(without.length > 0 && { without }),
    ...(description !== '' && { description }),
  });
  // Taken is taken, whether the view can show it or not.
  run.tree.reveal(view.ref, result.snapshot).catch((error: unknown) => {
    run.log.debug(`The new snapshot could not be shown: ${String(error)}`);
  });
  return result;
}

/** Only where disks can stay out: in an external snapshot, of a VM with several. */
async function askWithout(run: CommandRun, view: VmView, request: CreateRequest): Promise<readonly string[]> {
  const decision = await run.inventory.plan(request);
  const step = decision.kind === 'plan' ? decision.steps.find((one) => one.kind === 'createSnapshot') : undefined;
  if (step?.style !== 'external' || step.disks.length < 2) {
    return [];
  }
  const taking = step.disks.map(({ target }) => target);
  const kept = await pickSeveral(
    view.vm.disks
      .filter(({ target }) => taking.includes(target))
      .map(({ target, source = '' }) => ({ label: target, description: source, value: target })),
    vscode.l10n.t('Which disks shall the snapshot hold?'),
  );
  return taking.filter((target) => !kept.includes(target));
}

/** What the setting says of a VM that has no style of its own yet. */
export function styleFor(tree: SnapshotTree): { readonly style?: 'internal' | 'external' } {
  const { snapshotStyle } = readSettings();
  return tree.snapshots.length > 0 || snapshotStyle === 'auto' ? {} : { style: snapshotStyle };
}
