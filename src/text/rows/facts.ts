// What a tooltip tells, as plain text without markup: every value in it comes from a libvirt and is not trusted.
import { t } from '@vscode/l10n';
import type { PointMark } from '../../bisect/finding.js';
import type { Problem } from '../../diagnosis/problem.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import type { AutoReason } from '../../domain/description.js';
import type { SnapshotSize } from '../../domain/layers.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { Vm } from '../../domain/vm.js';
import { type ConnectionView, countSnapshots, type VmView } from '../../live/views.js';
import { markWord } from './bisectMarks.js';
import type { FactList } from './factList.js';
import { failureText } from '../failures/failureText.js';
import { severityWord } from '../problems/healthText.js';
import { fullTime } from '../../domain/clockText.js';
import { problemText } from '../problems/problemText.js';
import { agoText, measuredText } from '../relativeAge.js';
import { type RowContext, trashWords } from './rows.js';
import { layerFacts, sizeFacts, sizesAsOf, togetherWords } from './sizeText.js';
import { kindSentence, powerWord, snapshotCountText, snapshotStateWord, styleSentence } from '../words.js';

/** What the facts of a snapshot depend on beside it. */
interface SnapshotContext {
  /** Title of the snapshot that it came after. */
  readonly parent: string | undefined;
  /** Our own record vouches that nobody asked for it. */
  readonly automatic: boolean;
  /** Somebody wants to keep it. */
  readonly kept: boolean;
  /** Until then: milliseconds since 1970. */
  readonly keptUntil?: number;
  /** Somebody goes back to it most. */
  readonly favourite?: boolean;
  /** It is in the trash, and may go unasked then: milliseconds since 1970. */
  readonly trashedUntil?: number;
  /** What is wrong with it, and the VM that it belongs to. */
  readonly found?: readonly Problem[];
  readonly view?: Pick<VmView, 'vm' | 'tree' | 'layers'>;
  /** What a bisect knows of it. */
  readonly bisected?: PointMark;
  /** What it takes, where somebody looked. */
  readonly size: SnapshotSize | undefined;
}

export function snapshotFacts(
  snapshot: Snapshot,
  {
    parent,
    automatic,
    kept,
    keptUntil,
    favourite = false,
    bisected,
    size,
    found = [],
    view,
    ...trash
  }: SnapshotContext,
  { now }: RowContext,
): FactList {
  const { trailers } = snapshot;
  const created = t('{0}, {1}', fullTime(snapshot.createdAt), agoText(snapshot.createdAt, now));
  return {
    heading: snapshot.title,
    ...(snapshot.description === '' ? {} : { text: snapshot.description }),
    lines: [
      ...line(snapshot.name !== snapshot.title, t('Name'), snapshot.name),
      { name: t('Created'), value: created },
      ...line(automatic, t('Automatic'), automaticSentence(trailers.auto)),
      ...(view === undefined ? [] : healthLines(found, view, now)),
      ...line(favourite, t('Favourite'), t('target of Revert to Favourite; rules do not delete it')),
      ...trashWords(trash, now).map((value) => ({ name: t('Mark'), value })),
      ...line(kept && keptUntil === undefined && !favourite, t('Mark'), t('kept: rules do not delete it')),
      ...line(keptUntil !== undefined && !favourite, t('Mark'), keptUntilSentence(keptUntil ?? 0, now)),
      ...(bisected === undefined ? [] : [{ name: t('Bisect'), value: markWord(bisected) }]),
      { name: t('Contains'), value: kindSentence(snapshot) },
      { name: t('VM state'), value: snapshotStateWord(snapshot.state) },
      { name: t('Storage'), value: styleSentence(snapshot.style) },
      ...sizeFacts(size),
      ...(size === undefined ? [] : sizesAsOf(view?.layers, now)),
      ...line(parent !== undefined, t('Parent snapshot'), parent ?? ''),
      ...line(trailers.guestPausedMs !== undefined, t('Pause of the VM'), stillText(trailers)),
      ...line(trailers.git !== undefined, t('Git'), trailers.git ?? ''),
      ...line(trailers.createdBy !== undefined, t('Created by'), trailers.createdBy ?? ''),
      ...line(
        snapshot.disks.some((disk) => disk.deleteInProgress),
        t('Unfinished'),
        t('a later snapshot was not deleted completely'),
      ),
    ],
  };
}

export function keptUntilSentence(until: number, now: number): string {
  return until > now
    ? t('kept until {0}, then deleted', fullTime(until))
    : t('was kept until {0}: it is deleted at the next look', fullTime(until));
}

/** Where libvirt did not stop the guest itself, it may tell of QEMU's stop and its end at once: measured, 1 ms of 6. */
function stillText({ guestPausedMs = 0, ramWritten }: Snapshot['trailers']): string {
  const told = measuredText(guestPausedMs);
  return ramWritten === 'seamless' ? t('at least {0}', told) : told;
}

export function vmFacts(view: VmView, { now, health }: RowContext): FactList {
  const { vm } = view;
  const count = countSnapshots(view);
  return {
    heading: vm.name,
    ...(vm.title === undefined || vm.title === '' ? {} : { text: vm.title }),
    lines: [
      { name: t('State'), value: powerWord(vm) },
      ...healthLines(health?.(view.ref) ?? [], view, now),
      ...line(count !== undefined, t('Snapshots'), [snapshotCountText(count ?? 0), ...togetherWords(view)].join(' · ')),
      { name: t('Memory'), value: t('{0} MB', Math.round(vm.memoryBytes / 1_048_576)) },
      ...vm.disks.map((disk) => ({ name: t('Disk {0}', disk.target), value: diskText(disk) })),
      ...layerFacts(view, now),
      ...line(vm.managedSave, t('Saved state'), t('the next start continues from it')),
      ...line(!vm.persistent, t('Lifetime'), t('transient: no longer exists when it stops')),
      ...line(vm.firmware === 'uefiRawNvram', t('Firmware'), t('UEFI with raw variables: no internal snapshots')),
      ...line(vm.agentChannel, t('Guest agent'), vm.agentConnected ? t('responds') : t('does not respond')),
      { name: t('UUID'), value: vm.uuid },
    ],
  };
}

export function connectionFacts(view: ConnectionView): FactList {
  const failure = view.failure === undefined ? undefined : failureText(view.failure);
  return {
    heading: view.uri,
    ...(failure === undefined ? {} : { text: `${failure.sentence} ${failure.nextStep}`.trim() }),
    lines: line(view.capabilities !== undefined, t('Host'), view.capabilities?.hostname ?? ''),
  };
}

/** The most lines about health; the rest is counted. */
const mostHealthLines = 5;

function healthLines(found: readonly Problem[], view: Pick<VmView, 'vm' | 'tree'>, now: number): FactList['lines'] {
  const shown = found.slice(0, mostHealthLines).map((problem) => ({
    name: severityWord(severityOf(problem)),
    value: problemText(problem, view, now).what,
  }));
  const more = found.length - shown.length;
  return more === 0 ? shown : [...shown, { name: t('More'), value: t('{0} more, see Check Health', more) }];
}

/** Why a snapshot was taken that nobody asked for. */
export function automaticSentence(why: AutoReason | undefined): string {
  switch (why) {
    case 'layout':
      return t('the files of the VM need it: without it, a newer libvirt would delete a file in use');
    case 'work':
      return t('created because of a setting (virtRewind.autoCheckpoint); only the newest ones are kept');
    case 'schedule':
      return t('created by a schedule; its rule deletes old ones');
    case 'backup':
      return t('created for a backup; with --keep-checkpoints, a later backup deletes it');
    case 'reading':
      return t('created to read files; the next files --now deletes it');
    case 'revert':
    case undefined:
      return t('contains the state before a revert; Undo restores it');
  }
}

function diskText(disk: Vm['disks'][number]): string {
  const parts = [
    disk.format,
    disk.source ?? (disk.sourceType === 'network' ? t('network') : t('empty')),
    ...(disk.readonly ? [t('read-only')] : []),
  ];
  return parts.join(' · ');
}

function line(isShown: boolean, name: string, value: string): FactList['lines'] {
  return isShown ? [{ name, value }] : [];
}
