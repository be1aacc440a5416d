// Plan → the words of its confirmation: what is lost, how long the guest stands still, which way a merge goes.
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Plan } from '../../operations/plan.js';
import { parseDescription } from '../../domain/description.js';
import { ramMethodOf, displayedCreateMs } from '../../domain/estimates.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { repairText } from '../problems/problemText.js';
import { lossText } from './lossText.js';
import { withoutMergesOnTheWay } from '../operations/mergeTargets.js';
import { titleIn } from '../operations/operationProgress.js';
import { confirmLabel, questionText } from '../operations/operationText.js';
import { agoText, estimateText } from '../relativeAge.js';
import { warningText } from './warningText.js';
import { spaceText } from '../rows/sizeText.js';
import { kindSentence, kindWords, powerWord, snapshotStateWord, styleSentence } from '../words.js';

interface PlanText {
  /** The question, naming VM and snapshot. */
  readonly title: string;
  /** Lines of plain text. */
  readonly detail: string;
  /** The label of the button that goes on. */
  readonly confirm: string;
}

/** @param now milliseconds since 1970 */
export function planText(plan: Plan, target: VmView, now: number): PlanText {
  const snapshot = snapshotOf(plan, target);
  const { request } = plan;
  const lines = [
    ...(request.kind === 'repair' ? [repairText(request.repair, target, plan.warnings)] : []),
    ...(snapshot === undefined || plan.request.kind !== 'revert'
      ? []
      : [
          t('“{0}” was created {1}.', displayLine(snapshot.title), agoText(snapshot.createdAt, now)),
          kindSentence(snapshot),
        ]),
    ...keptLines(plan, target),
    ...lossLines(plan, target, now),
    ...warningLines(plan, target),
    ...(snapshot === undefined || plan.request.kind !== 'revert' ? [] : ['', statesText(snapshot, target)]),
  ];
  return {
    title: questionText(plan, { vm: displayLine(target.vm.name), title: displayLine(titleIn(target, request)) }),
    detail: lines.join('\n').trim(),
    confirm: confirmLabel(plan),
  };
}

/** What makes a revert harmless. */
function keptLines(plan: Plan, view: VmView): readonly string[] {
  const { vm, tree } = view;
  const kept = plan.steps.find((step) => step.kind === 'createSnapshot' && step.name === plan.checkpoint);
  if (kept?.kind !== 'createSnapshot') {
    return [];
  }
  const { trailers } = parseDescription(kept.description);
  const title = displayLine(trailers.title ?? kept.name);
  const words = `${kindWords({ kind: kept.snapshotKind, trailers })}, ${styleSentence(kept.style)}`;
  return [
    '',
    t('The current state is saved first as the snapshot “{0}” ({1}). Undo restores it.', title, words),
    costText(
      estimateText(displayedCreateMs(kept.snapshotKind, ramMethodOf(kept), vm.memoryBytes, tree)),
      plan.spaceBytes === undefined || plan.spaceBytes === 0 ? undefined : spaceText(plan.spaceBytes, kept, view),
    ),
  ];
}

function costText(time: string, space: string | undefined): string {
  return space === undefined ? t('Takes about {0}.', time) : t('Takes about {0}, and {1} on the host.', time, space);
}

function lossLines(plan: Plan, target: VmView, now: number): readonly string[] {
  const final = isFinal(plan.request);
  if (plan.losses.length === 0) {
    return final ? [t('The current state of the VM does not change.'), finalText()] : [];
  }
  return [
    '',
    t('Permanently lost:'),
    ...plan.losses.map((loss) => `• ${lossText(loss, plan, target, now)}`),
    ...(final ? [finalText()] : []),
  ];
}

/** What is true of a revert and of its checkpoint is told once. */
function warningLines(plan: Plan, target: VmView): readonly string[] {
  const sentences = new Set(withoutMergesOnTheWay(plan).map((warning) => warningText(warning, plan, target)));
  return sentences.size === 0 ? [] : ['', ...sentences];
}

/**
 * Snapshots go, and nothing keeps what they alone held: but for the moment in which a delete waits, nothing leads back.
 */
export function isFinal({ kind }: OperationRequest): boolean {
  return kind === 'delete' || kind === 'consolidate' || kind === 'prune';
}

export function finalText(): string {
  return t('This cannot be undone later.');
}

/** The state afterwards is chosen by the button, so only what is known is said of it. */
function statesText(snapshot: Snapshot, target: VmView): string {
  const then = snapshotStateWord(snapshot.state);
  return t('The VM is {0} now, and was {1} when the snapshot was created.', powerWord(target.vm), then);
}

function snapshotOf(plan: Plan, target: VmView): Snapshot | undefined {
  return target.tree && plan.snapshot !== undefined ? findSnapshot(target.tree, plan.snapshot) : undefined;
}
