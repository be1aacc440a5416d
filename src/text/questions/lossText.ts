// What operations destroy: each kind of loss is a row, with its line in a confirmation, and its phrase where many are
// told in one line.
import { t } from '@vscode/l10n';
import { type VmView, vmKey } from '../../live/views.js';
import { type Loss, lossesOfVm } from '../../domain/consequences.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import { findSnapshot } from '../../domain/snapshotTree.js';
import { bytesText } from '../bytesText.js';
import { listNames } from '../listNames.js';
import { titleOf } from '../operations/operationProgress.js';
import { inQuotes } from '../quotes.js';
import { agoText } from '../relativeAge.js';

export interface PlannedTarget {
  readonly plan: Plan;
  readonly target: VmView;
}

/** More than this are counted and listed. */
const mostUncounted = 8;
/** A name that is one of several in a line. */
const longestName = 32;
/** More names than these are counted in a phrase. */
const mostNames = 3;
/** Longer than this, nothing is named: a line has to hold all kinds. */
const longestNamed = 120;

type OfKind<K extends Loss['kind']> = Extract<Loss, { readonly kind: K }>;

interface LossOfTarget<K extends Loss['kind']> {
  readonly loss: OfKind<K>;
  readonly target: VmView;
  readonly ofPower: boolean;
}

interface LossWords<K extends Loss['kind']> {
  readonly line: (lost: LossOfTarget<K>, now: number) => string;
  /** @param now absent: nothing is named */
  readonly phrase: (lost: readonly LossOfTarget<K>[], vms: number, now?: number) => string;
}

/** In the order in which phrases are told: what weighs most comes first. */
const words: { readonly [K in Loss['kind']]: LossWords<K> } = {
  restorePoints: {
    line: ({ loss, target }) => {
      const titles = loss.names.map((name) => titleOf(target, name));
      return titles.length <= mostUncounted
        ? t('the way back to: {0}', listNames(titles))
        : t('the way back to {0} snapshots: {1}', titles.length, listNames(titles));
    },
    phrase: (lost, _, now) => pointsPhrase(lost, now === undefined ? 0 : mostNames),
  },
  diskChanges: {
    line: (lost, now) => {
      const { disks } = lost.loss;
      const since = sinceOf(lost);
      const what =
        since === undefined
          ? t('data written to its disks since then')
          : t('data written to its disks since “{0}” ({1})', displayLine(since.title), agoText(since.createdAt, now));
      return disks === undefined ? what : t('{0}: {1}', what, diskList(disks));
    },
    phrase: (lost, vms, now) => (vms > 1 ? t('the disk changes of {0} VMs', vms) : changesPhrase(lost, now)),
  },
  ram: {
    line: () => t('its RAM: the programs that are running in it'),
    phrase: (_, vms) => (vms > 1 ? t('the RAM of {0} VMs', vms) : t('the RAM')),
  },
  tpm: { line: () => t('its TPM state'), phrase: () => t('the TPM') },
  managedSave: {
    line: () => t('its saved state: the programs that would continue at the next start'),
    phrase: (_, vms) => (vms > 1 ? t('the saved state of {0} VMs', vms) : t('the saved state')),
  },
  unsavedWork: {
    line: () => t('data that its programs have not written to disk yet'),
    phrase: (_, vms) => (vms > 1 ? t('unsaved work in {0} VMs', vms) : t('unsaved work in it')),
  },
  files: {
    line: ({ loss }) => t('the files {0}', listNames(loss.files)),
    phrase: (lost, _, now) => filesPhrase(lost, now),
  },
  unusedOverlays: {
    line: ({ loss }) => t('the content of {0}: each file depends on one that the VM writes to', listNames(loss.files)),
    phrase: (lost, _, now) => filesPhrase(lost, now),
  },
  configuration: {
    line: ({ ofPower }) =>
      ofPower
        ? t('its configuration: the VM is transient and no longer exists when it is off')
        : t('configuration changes since then'),
    phrase: (lost, vms) => {
      if (vms > 1) {
        return t('the configuration of {0} VMs', vms);
      }
      return lost.some(({ ofPower }) => ofPower) ? t('the VM itself: it is transient') : t('the configuration changes');
    },
  },
};

/** As a line of a confirmation. @param now milliseconds since 1970 */
export function lossText(loss: Loss, plan: Pick<Plan, 'request'>, target: VmView, now: number): string {
  return wordsOf(loss.kind).line(lossOf(loss, plan, target), now);
}

/** Of a VM that goes with all that it has: each as a line of a confirmation. @param now milliseconds since 1970 */
export function lostWith(target: VmView, now: number): readonly string[] {
  const request = { kind: 'discard', vm: target.ref } as const;
  return lossesOfVm(target.vm, target.tree?.snapshots ?? []).map((loss) => lossText(loss, { request }, target, now));
}

/** One phrase for each kind that any of the plans loses. @param now milliseconds since 1970 */
export function shortLosses(planned: readonly PlannedTarget[], now: number, longest = longestNamed): readonly string[] {
  const kinds = Object.keys(words) as readonly Loss['kind'][];
  const named = kinds.flatMap((kind) => phraseOf(kind, planned, now));
  return named.join(', ').length <= longest ? named : kinds.flatMap((kind) => phraseOf(kind, planned));
}

/** The record has a row for each kind, and is given losses of that kind alone. */
function wordsOf(kind: Loss['kind']): LossWords<Loss['kind']> {
  return words[kind] as LossWords<Loss['kind']>;
}

function lossOf(loss: Loss, { request }: Pick<Plan, 'request'>, target: VmView): LossOfTarget<Loss['kind']> {
  return { loss, target, ofPower: request.kind === 'power' };
}

function phraseOf(kind: Loss['kind'], planned: readonly PlannedTarget[], now?: number): readonly string[] {
  const lost = planned.flatMap(({ plan, target }) =>
    plan.losses.filter((loss) => loss.kind === kind).map((loss) => lossOf(loss, plan, target)),
  );
  const vms = new Set(lost.map(({ target }) => vmKey(target.ref))).size;
  return lost.length === 0 ? [] : [wordsOf(kind).phrase(lost, vms, now)];
}

/** Each snapshot once: a delete with descendants may name one that another delete names too. */
function pointsPhrase(lost: readonly LossOfTarget<'restorePoints'>[], most: number): string {
  const points = new Map(
    lost.flatMap(({ loss, target }) =>
      loss.names.map((name) => [`${vmKey(target.ref)} ${name}`, titleOf(target, name)] as const),
    ),
  );
  // The restore points of a system share one title.
  const titles = [...new Set(points.values())];
  return titles.length > most
    ? points.size === 1
      ? t('the way back to 1 snapshot')
      : t('the way back to {0} snapshots', points.size)
    : t('the way back to: {0}', titles.map((title) => quoteTitle(title)).join(', '));
}

function changesPhrase(lost: readonly LossOfTarget<'diskChanges'>[], now: number | undefined): string {
  const [first] = lost;
  const since = first === undefined ? undefined : sinceOf(first);
  const disks = lost.flatMap(({ loss }) => loss.disks ?? []);
  const what =
    since === undefined || now === undefined
      ? t('the disk changes')
      : t('the disk changes since {0} ({1})', quoteTitle(since.title), agoText(since.createdAt, now));
  return disks.length === 0 ? what : t('{0}: {1}', what, bytesText(disks.reduce((sum, { bytes }) => sum + bytes, 0)));
}

function sinceOf({ loss, target }: LossOfTarget<'diskChanges'>): Snapshot | undefined {
  return target.tree && loss.since !== undefined ? findSnapshot(target.tree, loss.since) : undefined;
}

function filesPhrase(
  lost: readonly { readonly loss: { readonly files: readonly string[] } }[],
  now: number | undefined,
): string {
  const files = lost.flatMap(({ loss }) => loss.files);
  const [only = ''] = files;
  return files.length === 1 && now !== undefined ? t('the file {0}', fileName(only)) : filesCount(files.length);
}

function diskList(disks: readonly { readonly target: string; readonly bytes: number }[]): string {
  return disks.map(({ target, bytes }) => t('{0} on {1}', bytesText(bytes), displayLine(target))).join(', ');
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
