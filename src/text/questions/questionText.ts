// Plans → the question that a person answers: at most three short lines of what happens, what is kept and what is lost,
// with all else behind Details. No kind of loss is left out of the lines.
import { listNames } from '../listNames.js';
import { joinWords } from '../numberText.js';
import { t } from '@vscode/l10n';
import { parseDescription } from '../../domain/description.js';
import { ramMethodOf, displayedCreateMs } from '../../domain/estimates.js';
import { displayLine } from '../../domain/plainText.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { endOf } from '../../operations/revert/endState.js';
import { vmKey } from '../../live/views.js';
import { titleIn, titleOf } from '../operations/operationProgress.js';
import { questionText, revertLabel } from '../operations/operationText.js';
import { finalText, isFinal, planText } from './planText.js';
import { plansText } from './plansText.js';
import { freedText } from '../operations/freedText.js';
import { estimateText, agoText } from '../relativeAge.js';
import { type PlannedTarget, quoteTitle, shortLosses, fileName, filesCount } from './lossText.js';
import { shortWarnings } from './shortWarnings.js';
import { spaceText } from '../rows/sizeText.js';
import { kindWords } from '../words.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { Plan } from '../../operations/plan.js';
import { bytesText } from '../bytesText.js';
import { diskEffect } from '../operations/diskText.js';
import { mergeTargets, withoutMergesOnTheWay } from '../operations/mergeTargets.js';
import { repairText } from '../problems/problemText.js';

/** More files than this are counted. */
const mostFiles = 2;

function effectLines({ plan, target }: PlannedTarget, now: number): readonly string[] {
  const { request } = plan;
  switch (request.kind) {
    case 'revert': {
      const snapshot = target.tree && findSnapshot(target.tree, request.snapshot);
      return snapshot === undefined ? [] : [restoredLine(snapshot, now)];
    }
    case 'repair':
      return [repairText(request.repair, target, plan.warnings)];
    case 'delete':
    case 'prune':
    case 'consolidate':
      return mergeLine(plan);
    case 'disk':
      return [diskEffect(request.change)].filter((line) => line !== '');
    case 'clone':
    case 'discard':
    case 'power':
    case 'speed':
    case 'debug':
    case 'create':
    case 'describe':
    case 'rename':
      return [];
  }
}

function restoredLine({ kind, trailers, createdAt }: Snapshot, now: number): string {
  const ago = agoText(createdAt, now);
  switch (kind) {
    case 'memory':
      return t('Restores: disks and memory ({0}).', ago);
    case 'disk':
      return trailers.consistency === 'quiesced'
        ? t('Restores: disks with clean file systems, no memory ({0}).', ago)
        : t('Restores: disks as after a power cut, no memory ({0}).', ago);
    case 'offline':
      return t('Restores: disks of the VM when it was off ({0}).', ago);
  }
}

function mergeLine(plan: Plan): readonly string[] {
  const merges = withoutMergesOnTheWay(plan).flatMap((warning) => (warning.kind === 'merges' ? [warning] : []));
  const [first] = merges;
  if (first === undefined) {
    return [];
  }
  const sizes = merges.flatMap(({ bytes }) => bytes ?? []);
  const most = sizes.length < merges.length ? undefined : bytesText(sizes.reduce((sum, bytes) => sum + bytes, 0));
  const told = mergeTargets(plan);
  const files = told.length > 0 ? told : [...new Set(merges.flatMap(({ into }) => into ?? []))];
  const into =
    files.length > 0 && files.length <= mostFiles
      ? files.map((file) => fileName(file)).join(', ')
      : filesCount(Math.max(files.length, merges.length));
  return [
    most === undefined
      ? t('Merges later changes into {0}.', into)
      : t('Merges later changes into {0}, at most {1}.', into, most),
  ];
}

export interface QuestionText {
  /** Naming VM and snapshot. */
  readonly title: string;
  /** Plain text, at most three lines. */
  readonly lines: readonly string[];
  /** Lines of plain text: all that there is to tell. */
  readonly details: string;
  /** The label of the button that goes on, which says what it does. */
  readonly confirm: string;
  /** Nothing is lost or destroyed by it, and there is nothing to mind: no reason for an alarm. */
  readonly isCalm?: boolean;
}

const mostLines = 3;
/** A name in a title, which is one line of its own. */
const longestName = 48;
/** Two rows of a dialog. Only a sentence that comes from elsewhere could be longer, and is cut. */
const longestLine = 200;
/** What a list of 600 px shows of names, behind the words that say that they are lost. */
const longestInList = 68;
/** More than this in one line, and warnings are counted. */
const roomForWarnings = 150;

export interface About {
  /** The title of the snapshot that the revert went to which this one undoes. */
  readonly undoes?: string;
  /** The title of the snapshot that a revert went to which was undone, and which this one does again. */
  readonly redoes?: string;
  /** Why the current state cannot be kept, although it was to be. */
  readonly notKept?: string;
  /** For how long a delete can be cancelled before it begins; absent: not at all. */
  readonly cancelSeconds?: number | undefined;
}

/** @param now milliseconds since 1970 */
export function questionOf(planned: PlannedTarget, now: number, about: About = {}): QuestionText {
  const { plan, target } = planned;
  const names = { vm: name(target.vm.name), title: name(titleIn(target, plan.request)) };
  const { detail, confirm } = planText(plan, target, now);
  const notKept = about.notKept === undefined ? [] : [notKeptLine(about.notKept)];
  return {
    title:
      about.undoes !== undefined
        ? t('Undo the revert of {0} to “{1}”?', names.vm, name(about.undoes))
        : about.redoes !== undefined
          ? t('Redo the revert of {0} to “{1}”?', names.vm, name(about.redoes))
          : questionText(plan, names),
    lines: [
      ...effectLines(planned, now),
      ...(notKept.length > 0 ? notKept : keptLines([planned])),
      ...lossLines([planned], now, about.cancelSeconds),
    ].map((line) => displayLine(line, longestLine)),
    details: [...notKept, detail].join('\n\n'),
    confirm: wayBack(planned, about.undoes !== undefined) ?? confirm,
    isCalm: isCalm([planned]),
  };
}

/** The button of a revert. */
function wayBack({ plan: { request }, target }: PlannedTarget, undoes: boolean): string | undefined {
  const snapshot = request.kind === 'revert' ? target.tree && findSnapshot(target.tree, request.snapshot) : undefined;
  return request.kind === 'revert' && snapshot !== undefined
    ? revertLabel(endOf(request.after, snapshot, target.vm.power), undoes)
    : undefined;
}

/** A VM with which nothing is done. */
export interface LeftOut {
  readonly vm: string;
  /** A sentence. */
  readonly why: string;
}

/**
 * One question for several plans.
 * @param leftOut what cannot be done of all that was wanted
 * @param table see `plansText`
 */
export function questionOfAll(
  { title, confirm, cancelSeconds }: Pick<QuestionText, 'title' | 'confirm'> & Pick<About, 'cancelSeconds'>,
  planned: readonly PlannedTarget[],
  now: number,
  leftOut: readonly LeftOut[] = [],
  table?: readonly string[],
): QuestionText {
  const vms = new Map(planned.map(({ target }) => [vmKey(target.ref), target.vm.name]));
  const names = [...vms.values()];
  // A title that names the VM says it.
  const isTold = names.length === 1 && names.every((one) => title.includes(name(one)));
  const line = names.length === 1 ? t('VM: {0}', listFew(names)) : t('VMs: {0}', listFew(names));
  const without = [...new Set(leftOut.map(({ vm }) => vm))];
  const first = [
    ...(isTold ? [] : [line]),
    ...(without.length === 0 ? [] : [t('Left out (see Details): {0}', listFew(without))]),
  ].join(' · ');
  return {
    title,
    lines: [...(first === '' ? [] : [first]), ...keptLines(planned), ...lossLines(planned, now, cancelSeconds)].map(
      (one) => displayLine(one, longestLine),
    ),
    details: [
      plansText(planned, table),
      ...(without.length === 0 ? [] : ['', t('Left out:'), ...leftOut.map(({ vm, why }) => `• ${name(vm)}: ${why}`)]),
    ].join('\n'),
    confirm,
    isCalm: isCalm(planned),
  };
}

function isCalm(planned: readonly PlannedTarget[]): boolean {
  return (
    planned.every(
      ({ plan: { losses, request } }) => losses.length === 0 && !isFinal(request) && request.kind !== 'repair',
    ) && shortWarnings(planned.flatMap(({ plan }) => plan.warnings)).length === 0
  );
}

/**
 * With one more line, which stands beside the last where three are there: what the trash spares, beside what is lost
 * without it.
 */
export function withLine(lines: readonly string[], more: string): readonly string[] {
  const last = lines[mostLines - 1];
  return last === undefined ? [...lines, more] : [...lines.slice(0, mostLines - 1), `${last} ${more}`];
}

/** What stays, and what the host gets back. */
function keptLines(planned: readonly PlannedTarget[]): readonly string[] {
  const [{ plan, target }] = planned as readonly [PlannedTarget, ...PlannedTarget[]];
  switch (plan.request.kind) {
    case 'revert':
      return [keptByRevertLine({ plan, target })];
    case 'delete':
    case 'prune':
    case 'consolidate':
      return [[keptByDeleteLine(planned), ...freedText(planned)].join(' ')];
    case 'discard':
      return [t('The original VM is not affected.')];
    case 'clone':
    case 'disk':
    case 'power':
    case 'speed':
    case 'debug':
    case 'create':
    case 'describe':
    case 'rename':
    case 'repair':
      return [];
  }
}

function keptByDeleteLine(planned: readonly PlannedTarget[]): string {
  const isAll = planned.every(({ plan, target }) => {
    const gone = planned.flatMap((one) => (one.target === target ? (one.plan.deletes ?? []) : []));
    return plan.deletes !== undefined && target.tree?.snapshots.every(({ name: one }) => gone.includes(one)) === true;
  });
  return isAll ? t('Keeps the current state.') : t('Keeps the current state and all other snapshots.');
}

function keptByRevertLine({ plan, target }: PlannedTarget): string {
  const step = plan.steps.find((one) => one.kind === 'createSnapshot' && one.name === plan.checkpoint);
  if (step?.kind !== 'createSnapshot') {
    const spared = plan.warnings.find((warning) => warning.kind === 'noCheckpointNeeded');
    return spared === undefined
      ? t('The current state is not saved.')
      : t('Already saved: {0} contains the current state.', quoteTitle(titleOf(target, spared.since)));
  }
  const { trailers } = parseDescription(step.description);
  const title = name(trailers.title ?? step.name);
  const kind = kindWords({ kind: step.snapshotKind, trailers });
  const time = estimateText(
    displayedCreateMs(step.snapshotKind, ramMethodOf(step), target.vm.memoryBytes, target.tree),
  );
  const saved =
    plan.spaceBytes === undefined || plan.spaceBytes === 0
      ? t('Saved first: the current state, as “{0}” ({1}, about {2}).', title, kind, time)
      : t(
          'Saved first: the current state, as “{0}” ({1}, about {2}, {3}).',
          title,
          kind,
          time,
          spaceText(plan.spaceBytes, step, target),
        );
  return [saved, ...secondSnapshotText(plan)].join(' ');
}

function secondSnapshotText({ warnings }: Plan): readonly string[] {
  return warnings.flatMap((warning) =>
    warning.kind === 'makesLeaf' ? [t('Also adds the automatic snapshot “{0}”.', name(warning.title))] : [],
  );
}

function notKeptLine(reason: string): string {
  return t('The current state cannot be saved first: {0}', reason);
}

/**
 * What is lost by one of several ways, in a list of them. The question about the way has the rest: the list cuts off
 * what is longer.
 */
export function wayLine(planned: PlannedTarget, now: number): string {
  return lossSentences([planned], now, longestInList).join('');
}

function lossSentences(planned: readonly PlannedTarget[], now: number, longest?: number): readonly string[] {
  const lost = shortLosses(planned, now, longest);
  const runsOn = planned.some(({ plan }) => plan.warnings.some(({ kind }) => kind === 'runsOnAfterCheckpoint'));
  const little = runsOn
    ? t('Lost: anything the guest writes between that save and the revert (a few seconds).')
    : t('Nothing is lost.');
  const nothing = planned.every(({ plan }) => plan.request.kind === 'repair') ? [] : [little];
  return lost.length === 0 ? nothing : [t('Permanently lost: {0}.', joinWords(lost))];
}

/** Ends with what may be lost: the first of it, and how much more there is to read. */
function lossLines(
  planned: readonly PlannedTarget[],
  now: number,
  cancelSeconds: number | undefined,
): readonly string[] {
  const losses = lossSentences(planned, now);
  const warnings = planned.flatMap(({ plan }) => plan.warnings);
  const isLossless = planned.every(({ plan }) => plan.losses.length === 0);
  const minded = warnings.filter(({ kind }) => kind !== 'runsOnAfterCheckpoint' || !isLossless);
  const minds = mindText(shortWarnings(minded), losses);
  const final =
    cancelSeconds === undefined ? finalText() : t('You can cancel for {0} s; then it cannot be undone.', cancelSeconds);
  const whole = [...losses, ...(planned.some(({ plan }) => isFinal(plan.request)) ? [final] : []), ...minds];
  // Details have it in any case.
  const words = whole.join(' ').length > longestLine ? [...losses, ...minds] : whole;
  return words.length === 0 ? [] : [words.join(' ')];
}

function mindText([first, ...more]: readonly string[], losses: readonly string[]): readonly string[] {
  if (first === undefined) {
    return [];
  }
  const text = more.length === 0 ? t('Note: {0}.', first) : t('Note: {0} ({1} more in Details).', first, more.length);
  const isLong = [...losses, text].join(' ').length > roomForWarnings;
  const count = more.length + 1;
  return isLong && losses.length > 0
    ? [count === 1 ? t('1 warning in Details.') : t('{0} warnings in Details.', count)]
    : [text];
}

function listFew(names: readonly string[]): string {
  return listNames(names, 3, longestName / 2);
}

function name(text: string): string {
  return displayLine(text, longestName);
}
