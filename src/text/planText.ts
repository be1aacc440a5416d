// Plan → the words of its confirmation: what is lost, how long the guest stands still, which way a merge goes.
// Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { VmView } from '../inventory/views.js';
import type { DeleteScope, OperationRequest, PowerAction } from '../domain/operation.js';
import type { Plan } from '../operations/plan.js';
import { parseDescription } from '../domain/description.js';
import { createMs } from '../domain/estimates.js';
import { displayLine } from '../domain/plainText.js';
import type { Snapshot } from '../domain/snapshot.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import { bytesText } from './bytesText.js';
import { repairText } from './problemText.js';
import { lossText } from './lossText.js';
import { titleIn } from './operationProgress.js';
import { agoText, durationText } from './relativeAge.js';
import { warningText } from './warningText.js';
import { kindSentence, kindWords, powerWord, snapshotStateWord, styleSentence } from './words.js';

export interface PlanText {
  /** The question, naming VM and snapshot. */
  readonly title: string;
  /** Lines of plain text. */
  readonly detail: string;
  /** The label of the button that goes on. */
  readonly confirm: string;
}

/** @param now seconds since 1970 */
export function planText(plan: Plan, target: VmView, now: number): PlanText {
  const snapshot = snapshotOf(plan, target);
  const { request } = plan;
  const lines = [
    ...(request.kind === 'repair' ? [repairText(request.repair, target)] : []),
    ...(snapshot === undefined || plan.request.kind !== 'revert'
      ? []
      : [
          t('“{0}” was taken {1}.', displayLine(snapshot.title), agoText(snapshot.createdAt, now)),
          kindSentence(snapshot),
        ]),
    ...keptLines(plan, target),
    ...lossLines(plan, target, now),
    ...(plan.warnings.length === 0 ? [] : ['', ...plan.warnings.map((warning) => warningText(warning, plan, target))]),
    ...(snapshot === undefined || plan.request.kind !== 'revert' ? [] : ['', statesText(snapshot, target)]),
  ];
  return {
    title: question(plan.request, target),
    detail: lines.join('\n').trim(),
    confirm: confirmLabel(plan.request),
  };
}

/** What makes a revert harmless. */
function keptLines(plan: Plan, { vm }: VmView): readonly string[] {
  const kept = plan.steps.find((step) => step.kind === 'createSnapshot' && step.name === plan.checkpoint);
  if (kept?.kind !== 'createSnapshot') {
    return [];
  }
  const { trailers } = parseDescription(kept.description);
  const title = displayLine(trailers.title ?? kept.name);
  const words = `${kindWords({ kind: kept.snapshotKind, trailers })}, ${styleSentence(kept.style)}`;
  return [
    '',
    t('What the VM is now is kept first, as the snapshot “{0}” ({1}); Undo Revert brings it back.', title, words),
    costText(durationText(createMs(kept.snapshotKind, kept.style, vm.memoryBytes)), plan.spaceBytes),
  ];
}

function costText(time: string, bytes: number | undefined): string {
  return bytes === undefined || bytes === 0
    ? t('That takes about {0}.', time)
    : t('That takes about {0}, and up to {1} on the host.', time, bytesText(bytes));
}

function lossLines(plan: Plan, target: VmView, now: number): readonly string[] {
  if (plan.losses.length === 0) {
    return keepsPresent(plan.request) ? [t('The present state of the VM stays as it is.')] : [];
  }
  return ['', t('Lost for ever:'), ...plan.losses.map((loss) => `• ${lossText(loss, plan, target, now)}`)];
}

function keepsPresent({ kind: type }: OperationRequest): boolean {
  return type === 'delete' || type === 'consolidate' || type === 'prune';
}

/** The state afterwards is chosen by the button, so only what is known is said of it. */
function statesText(snapshot: Snapshot, target: VmView): string {
  const then = snapshotStateWord(snapshot.state);
  return t('The VM is {0} now; when the snapshot was taken it was {1}.', powerWord(target.vm), then);
}

function snapshotOf(plan: Plan, target: VmView): Snapshot | undefined {
  return target.tree && plan.snapshot !== undefined ? findSnapshot(target.tree, plan.snapshot) : undefined;
}

function question(request: OperationRequest, target: VmView): string {
  const vm = displayLine(target.vm.name);
  const snapshot = displayLine(titleIn(target, request));
  switch (request.kind) {
    case 'create':
      return t('Take the snapshot “{0}” of {1}?', snapshot, vm);
    case 'revert':
      return t('Revert {0} to “{1}”?', vm, snapshot);
    case 'delete':
      return deleteQuestion(request.scope, snapshot, vm);
    case 'describe':
      return t('Change the title and description of “{0}”?', snapshot);
    case 'rename':
      return t('Rename the snapshot to “{0}”?', snapshot);
    case 'repair':
      return t('Repair {0}?', vm);
    case 'power':
      return powerQuestion(request.action, vm);
    case 'consolidate':
      return t('Consolidate the disks of {0}?', vm);
    case 'prune':
      return request.snapshots.length === 1
        ? t('Delete 1 snapshot of {0}?', vm)
        : t('Delete {0} snapshots of {1}?', request.snapshots.length, vm);
  }
}

function deleteQuestion(scope: DeleteScope, snapshot: string, vm: string): string {
  switch (scope) {
    case 'one':
      return t('Delete the snapshot “{0}” of {1}?', snapshot, vm);
    case 'withDescendants':
      return t('Delete the snapshot “{0}” of {1} and all its descendants?', snapshot, vm);
    case 'descendants':
      return t('Delete all descendants of the snapshot “{0}” of {1}?', snapshot, vm);
  }
}

function powerQuestion(action: PowerAction, vm: string): string {
  switch (action) {
    case 'start':
      return t('Start {0}?', vm);
    case 'shutDown':
      return t('Shut {0} down?', vm);
    case 'forceOff':
      return t('Force {0} off?', vm);
    case 'pause':
      return t('Pause {0}?', vm);
    case 'resume':
      return t('Resume {0}?', vm);
    case 'restart':
      return t('Restart {0}?', vm);
  }
}

function confirmLabel(request: OperationRequest): string {
  switch (request.kind) {
    case 'create':
      return t('Take Snapshot');
    case 'revert':
      return t('Revert');
    case 'delete':
      return request.scope === 'one' ? t('Delete') : t('Delete All');
    case 'describe':
      return t('Change');
    case 'rename':
      return t('Rename');
    case 'repair':
      return t('Repair');
    case 'power':
      return powerLabel(request.action);
    case 'consolidate':
      return t('Consolidate');
    case 'prune':
      return request.snapshots.length === 1 ? t('Delete') : t('Delete All');
  }
}

function powerLabel(action: PowerAction): string {
  switch (action) {
    case 'forceOff':
      return t('Force Off');
    case 'shutDown':
      return t('Shut Down');
    case 'restart':
      return t('Restart');
    case 'start':
    case 'pause':
    case 'resume':
      return t('Go On');
  }
}
