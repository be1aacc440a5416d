// What operations destroy, in one line: each kind of loss has its phrase, and what is many is counted.
import { inQuotes } from '../quotes.js';
import { t } from '@vscode/l10n';
import { type VmView, vmKey } from '../../live/views.js';
import type { Loss } from '../../domain/consequences.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { bytesText } from '../bytesText.js';
import { titleOf } from '../operations/operationProgress.js';
import { agoText } from '../relativeAge.js';

export interface PlannedTarget {
  readonly plan: Plan;
  readonly target: VmView;
}

/** A name that is one of several in a line. */
const longestName = 32;
/** More names than these are counted. */
const mostNames = 3;
/** Longer than this, nothing is named: a line has to hold all kinds. */
const longestNamed = 120;

type OfKind<K extends Loss['kind']> = Extract<Loss, { readonly kind: K }>;

interface LossOfTarget<K extends Loss['kind']> {
  readonly loss: OfKind<K>;
  readonly target: VmView;
  readonly ofPower: boolean;
}

/** @param now absent: nothing is named */
type Phrase<K extends Loss['kind']> = (lost: readonly LossOfTarget<K>[], vms: number, now?: number) => string;

/** In the order in which they are told: what weighs most comes first. */
const phrases: { readonly [K in Loss['kind']]: Phrase<K> } = {
  restorePoints: (lost, _, now) => pointsPhrase(lost, now === undefined ? 0 : mostNames),
  diskChanges: (lost, vms, now) => (vms > 1 ? t('disk changes of {0} VMs', vms) : changesPhrase(lost, now)),
  ram: (_, vms) => (vms > 1 ? t('RAM of {0} VMs', vms) : t('its RAM')),
  tpm: () => t('its TPM'),
  managedSave: (_, vms) => (vms > 1 ? t('the saved state of {0} VMs', vms) : t('its saved state')),
  unsavedWork: (_, vms) => (vms > 1 ? t('unsaved work in {0} VMs', vms) : t('unsaved work in it')),
  files: (lost, _, now) =>
    filesPhrase(
      lost.flatMap(({ loss }) => loss.files),
      now === undefined ? 0 : 1,
    ),
  unusedOverlays: (lost, _, now) =>
    filesPhrase(
      lost.flatMap(({ loss }) => loss.files),
      now === undefined ? 0 : 1,
    ),
  configuration: (lost, vms) => {
    if (vms > 1) {
      return t('the configuration of {0} VMs', vms);
    }
    return lost.some(({ ofPower }) => ofPower) ? t('the VM itself: it is transient') : t('configuration changes');
  },
};

/** One phrase for each kind that any of the plans loses. @param now milliseconds since 1970 */
export function shortLosses(planned: readonly PlannedTarget[], now: number, longest = longestNamed): readonly string[] {
  const kinds = Object.keys(phrases) as readonly Loss['kind'][];
  const named = kinds.flatMap((kind) => phraseOf(kind, planned, now));
  return named.join(', ').length <= longest ? named : kinds.flatMap((kind) => phraseOf(kind, planned));
}

function phraseOf(kind: Loss['kind'], planned: readonly PlannedTarget[], now?: number): readonly string[] {
  const lost = planned.flatMap(({ plan, target }) =>
    plan.losses
      .filter((loss) => loss.kind === kind)
      .map((loss) => ({ loss, target, ofPower: plan.request.kind === 'power' })),
  );
  const vms = new Set(lost.map(({ target }) => vmKey(target.ref))).size;
  // The record has a row for each kind, and is given losses of that kind alone.
  const phrase = phrases[kind] as Phrase<Loss['kind']>;
  return lost.length === 0 ? [] : [phrase(lost, vms, now)];
}

/** Each snapshot once: a delete with descendants may name one that another delete names too. */
function pointsPhrase(lost: readonly LossOfTarget<'restorePoints'>[], most: number): string {
  const points = new Map(
    lost.flatMap(({ loss, target }) =>
      loss.names.map((name) => [`${vmKey(target.ref)} ${name}`, titleOf(target, name)] as const),
    ),
  );
  // Of a system, they have one title.
  const titles = [...new Set(points.values())];
  return titles.length > most
    ? points.size === 1
      ? t('the way back to 1 snapshot')
      : t('the way back to {0} snapshots', points.size)
    : t('the way back to: {0}', titles.map((title) => quoteTitle(title)).join(', '));
}

function changesPhrase(lost: readonly LossOfTarget<'diskChanges'>[], now: number | undefined): string {
  const [first] = lost;
  const since =
    first?.target.tree && first.loss.since !== undefined
      ? findSnapshot(first.target.tree, first.loss.since)
      : undefined;
  const disks = lost.flatMap(({ loss }) => loss.disks ?? []);
  const what =
    since === undefined || now === undefined
      ? t('disk changes')
      : t('disk changes since {0} ({1})', quoteTitle(since.title), agoText(since.createdAt, now));
  return disks.length === 0 ? what : t('{0}: {1}', what, bytesText(disks.reduce((sum, { bytes }) => sum + bytes, 0)));
}

function filesPhrase(files: readonly string[], most: number): string {
  const [only = ''] = files;
  return files.length === 1 && most === 1 ? t('the file {0}', fileName(only)) : filesCount(files.length);
}

export function filesCount(count: number): string {
  return count === 1 ? t('1 file') : t('{0} files', count);
}

export function fileName(path: string): string {
  return displayLine(path.slice(path.lastIndexOf('/') + 1), longestName);
}

export function quoteTitle(title: string): string {
  return inQuotes(displayLine(title, longestName));
}
