// How a row looks, in words and by name of its icon: pure, so that what a person reads is tested in plain Node.
import { t } from '@vscode/l10n';
import type { PointMark } from '../../bisect/finding.js';
import { type ConnectionView, countSnapshots, type VmView } from '../../live/views.js';
import type { Problem } from '../../diagnosis/problem.js';
import { formatVersion } from '../../domain/capabilities.js';
import type { SnapshotSize } from '../../domain/layers.js';
import { displayLine } from '../../domain/plainText.js';
import type { Snapshot } from '../../domain/snapshot.js';
import type { PowerState, Vm, VmRef } from '../../domain/vm.js';
import { markWords } from './bisectMarks.js';
import { connectionTokens, hereTokens, snapshotTokens, vmTokens } from './capabilityTokens.js';
import { connectionLabel } from '../connectionLabel.js';
import { shortFailure } from '../failures/failureText.js';
import { healthMark } from '../problems/healthText.js';
import { operationProgress } from '../operations/operationProgress.js';
import { agoText, lastSeenText, relativeAge } from '../relativeAge.js';
import { secondText, shortTime, untilText } from '../../domain/clockText.js';
import { changedWords, cloneCost, sizeWords } from './sizeText.js';
import { kindWords, powerWord, snapshotCountText } from '../words.js';

export interface Row {
  readonly label: string;
  readonly description: string;
  /** The same with what the icon says too: for who sees no icon. */
  readonly words: string;
  /** How the row is marked beside its words. */
  readonly mark?: 'protected' | 'dimmed' | 'lost' | 'lostProtected';
  /** Name of a codicon, with the id of a theme colour where colour helps. The words say the same. */
  readonly icon: { readonly name: string; readonly color?: string };
  /** Tokens for menus. */
  readonly context: string;
  readonly opens: 'never' | 'closed' | 'open';
  /** What a screen reader says: what is seen, so that the row is found by it, then what sort of row it is. */
  readonly spoken: string;
}

/** What rows are made with. */
export interface RowContext {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Absent: none is. */
  readonly isProtected?: (vm: Pick<Vm, 'name' | 'uuid'>) => boolean;
  /** What is wrong with a VM, as far as it is judged; absent: nothing is judged. */
  readonly health?: (ref: VmRef) => readonly Problem[] | undefined;
  /** What a bisect of a VM knows; absent: there is none. */
  readonly bisect?: (ref: VmRef) => BisectRowMarks | undefined;
}

export interface BisectRowMarks {
  readonly isOver: boolean;
  readonly marks: readonly { readonly name: string; readonly createdAt: number; readonly mark: PointMark }[];
}

/**
 * @param same another one, under which its VMs are shown
 * @param others those whose VMs are shown under it
 */
export function connectionRow(
  view: ConnectionView,
  same?: ConnectionView,
  others: readonly ConnectionView[] = [],
): Row {
  const label = connectionLabel(view);
  const twin = same === undefined ? [] : [t('same VMs as {0}', connectionLabel(same))];
  const names = others.length === 0 ? [] : [t('also {0}', others.map(connectionLabel).join(', '))];
  const description = [...twin, ...names, connectionState(view)].join(' · ');
  return {
    label,
    description,
    words: description,
    icon: { name: view.state === 'connected' && view.lastSeenAt === undefined ? 'server' : 'debug-disconnect' },
    context: connectionTokens(view),
    opens: same === undefined ? 'open' : 'never',
    spoken: spokenRow(label, description, t('connection')),
  };
}

function connectionState(view: ConnectionView): string {
  switch (view.state) {
    case 'idle':
      return t('not connected');
    case 'connecting':
      return view.vms.length > 0 ? t('reconnecting…') : t('connecting…');
    case 'failed': {
      const word = view.failure === undefined ? t('not connected') : shortFailure(view.failure);
      return view.nextTryAt !== undefined
        ? t('{0} · next try at {1}', word, secondText(view.nextTryAt))
        : view.retryAt === undefined
          ? word
          : t('{0} · retrying automatically', word);
    }
    case 'connected':
      if (view.lastSeenAt !== undefined) {
        return t('does not respond');
      }
      return view.capabilities === undefined ? t('connected') : versions(view.capabilities);
  }
}

function versions(capabilities: NonNullable<ConnectionView['capabilities']>): string {
  const libvirt = t('libvirt {0}', formatVersion(capabilities.libvirt));
  const parts = [
    libvirt,
    ...(capabilities.driver === 'qemu' ? [t('QEMU {0}', formatVersion(capabilities.hypervisor))] : []),
    ...(capabilities.readOnly ? [t('read-only')] : []),
  ];
  return parts.join(' · ');
}

const powerIcons: Readonly<Record<PowerState, Row['icon']>> = {
  running: { name: 'vm-running', color: 'testing.iconPassed' },
  paused: { name: 'debug-pause', color: 'charts.yellow' },
  off: { name: 'vm-outline' },
  shuttingDown: { name: 'vm-running' },
  crashed: { name: 'error', color: 'testing.iconFailed' },
  asleep: { name: 'vm-outline', color: 'charts.yellow' },
  unknown: { name: 'question' },
};

/** What every row of a VM depends on: the connection. */
export interface ConnectionReach {
  readonly readOnly: boolean;
  /** Milliseconds since 1970: nothing was heard of it since; absent: it is there. */
  readonly lastSeenAt?: number | undefined;
}

export function reachOf(connection: ConnectionView | undefined): ConnectionReach {
  return { readOnly: connection?.capabilities?.readOnly === true, lastSeenAt: connection?.lastSeenAt };
}

/** A colour of ours, so that what is dimmed can be read in each theme: the editor shows descriptions paler still. */
export const dimmedColor = 'virtRewind.dimmedForeground';

/** What nothing is heard of is shown as it was, pale. */
const lostLook = { mark: 'lost', color: dimmedColor } as const;

/** Nothing can be done with what nothing is heard of. */
function isIdle({ readOnly, lastSeenAt }: ConnectionReach): boolean {
  return readOnly || lastSeenAt !== undefined;
}

/** @param clones how many VMs stand under it, which were made of it */
export function vmRow(
  view: VmView,
  { clones = 0, ...reach }: ConnectionReach & { readonly clones?: number },
  { now, isProtected, health, bisect }: RowContext,
): Row {
  const { vm, operation } = view;
  const searched = bisect?.(view.ref);
  const { lastSeenAt } = reach;
  const label = displayLine(vm.name);
  const state = powerWord(vm);
  const [plain, surprising] = isPlain(vm) ? [[state], []] : [[], [state]];
  const count = countSnapshots(view);
  const cost = cloneCost(view);
  const rest = count === undefined || (count === 0 && cost.length > 0) ? [] : [snapshotCountText(count)];
  const guarded = isProtected?.(vm) === true;
  const mark = healthMark(health?.(view.ref) ?? []);
  const calm = [
    // A narrow view cuts the end off.
    ...(mark === '' ? [] : [mark]),
    ...(lastSeenAt === undefined ? [] : [lastSeenText(lastSeenAt, now)]),
    ...surprising,
    ...cost,
    ...rest,
    ...(clones === 0 ? [] : [clones === 1 ? t('1 clone') : t('{0} clones', clones)]),
    ...(searched?.isOver === false ? [t('bisect not finished')] : []),
  ];
  const unseen = [...plain, ...(guarded ? [t('protected')] : [])];
  const parts =
    operation !== undefined
      ? [operationProgress(view, operation, now)]
      : view.recovering === true
        ? [t('finishing an interrupted operation')]
        : calm;
  const description = parts.join(' · ');
  const words = [...parts, ...(parts === calm ? unseen : [])].join(' · ');
  return {
    label,
    description,
    words,
    ...(lastSeenAt !== undefined
      ? { mark: guarded ? 'lostProtected' : lostLook.mark }
      : guarded
        ? { mark: 'protected' }
        : {}),
    icon: vmIcon(view, lastSeenAt !== undefined),
    context: vmTokens(view, {
      readOnly: isIdle(reach),
      isWarned: mark !== '',
    }),
    opens: 'closed',
    spoken: spokenRow(label, words, vm.clone === undefined ? t('VM') : t('clone')),
  };
}

function vmIcon({ vm, operation, recovering }: VmView, isLost: boolean): Row['icon'] {
  const { name, color } =
    operation === undefined && recovering !== true ? powerIcons[vm.power] : { name: 'loading~spin', color: undefined };
  const shown = isLost ? lostLook.color : color;
  return { name, ...(shown === undefined ? {} : { color: shown }) };
}

/** Nothing but what its icon says: the words would only take the room of others. */
function isPlain(vm: Vm): boolean {
  return [t('running'), t('off')].includes(powerWord(vm));
}

/** What a snapshot's row depends on beside the snapshot. */
export interface SnapshotPlace extends ConnectionReach {
  readonly isCurrent: boolean;
  readonly opens: Row['opens'];
  /** Our own record vouches that nobody asked for it. */
  readonly automatic: boolean;
  /** Somebody wants to keep it. */
  readonly kept: boolean;
  /** Until then, and over after it: milliseconds since 1970; absent: for good, if it is kept. */
  readonly keptUntil?: number;
  /** It is the one that somebody goes back to most. */
  readonly favourite?: boolean;
  /** It is in the trash, and may go unasked then: milliseconds since 1970. */
  readonly trashedUntil?: number;
  /** What is wrong with it. */
  readonly found?: readonly Problem[];
  /** What a bisect knows of it. */
  readonly bisected?: PointMark;
  /** libvirt is still making it. */
  readonly isBeingWritten?: true;
}

const kindIcons: Readonly<Record<Snapshot['kind'], string>> = {
  memory: 'device-camera',
  disk: 'database',
  offline: 'archive',
};

/**
 * What tells it from its neighbours comes first: a narrow view cuts the end off.
 *
 * @param size what it takes, where somebody looked
 */
export function snapshotRow(snapshot: Snapshot, place: SnapshotPlace, { now }: RowContext, size?: SnapshotSize): Row {
  const label = displayLine(snapshot.title);
  const age = relativeAge(snapshot.createdAt, now);
  const mark = healthMark(place.found ?? []);
  const isFavourite = place.favourite === true;
  const sizes = sizeWords(size, place.lastSeenAt === undefined ? undefined : shortTime(place.lastSeenAt, now));
  const isKnown = size?.bytes !== 'unknown';
  const parts = [
    ...(place.isBeingWritten === true ? [t('being written')] : []),
    ...(place.bisected === undefined ? [] : [markWords(place.bisected)]),
    ...(isKnown ? sizes : []),
    ...(isFavourite ? [] : keptWords(place, now)),
    ...(isKnown ? [] : sizes),
  ];
  // That it is in the trash, its icon says; not that it stays there.
  const isOver = place.trashedUntil !== undefined && place.trashedUntil <= now;
  // The title of one that was taken unasked has its time.
  const known = place.automatic && isKnown && sizes.length > 0 ? [...parts, age] : [age, ...parts];
  const seen = [...known, ...(isOver ? trashWords(place, now) : [])].join(' · ');
  // The sign alone: the tooltip has the words, and they would push the size out of a narrow view.
  const description = `${mark === '' ? '' : '⚠ '}${isFavourite ? '★ ' : ''}${seen}`;
  const words = [
    ...(mark === '' ? [] : [mark]),
    age,
    ...parts,
    ...trashWords(place, now),
    kindWords(snapshot),
    ...(place.automatic ? [t('automatic')] : []),
    ...(isFavourite ? [t('favourite')] : []),
  ].join(' · ');
  return {
    label,
    description,
    words,
    ...(place.lastSeenAt !== undefined ? { mark: lostLook.mark } : isFaint(place) ? { mark: 'dimmed' } : {}),
    icon: { name: iconOf(snapshot, place), ...colorOf(place) },
    context: snapshotTokens(snapshot, { ...place, readOnly: isIdle(place) || place.isBeingWritten === true }),
    opens: place.opens,
    spoken: spokenRow(label, words, t('snapshot'), ...(place.isCurrent ? [t('current')] : [])),
  };
}

function iconOf({ kind }: Snapshot, { isBeingWritten, trashedUntil }: SnapshotPlace): string {
  return isBeingWritten === true ? 'loading~spin' : trashedUntil === undefined ? kindIcons[kind] : 'trash';
}

function colorOf(place: SnapshotPlace): Pick<Row['icon'], 'color'> {
  return place.lastSeenAt !== undefined ? { color: lostLook.color } : isFaint(place) ? { color: dimmedColor } : {};
}

function isFaint({ automatic, trashedUntil }: SnapshotPlace): boolean {
  return automatic || trashedUntil !== undefined;
}

/** A favourite is kept as long as it is one. */
export function keptWords(
  { kept, keptUntil }: Pick<SnapshotPlace, 'kept' | 'keptUntil'>,
  now: number,
): readonly string[] {
  return keptUntil === undefined
    ? kept
      ? [t('kept')]
      : []
    : [keptUntil > now ? t('kept until {0}', untilText(keptUntil, now)) : t('expired')];
}

export function trashWords({ trashedUntil }: Pick<SnapshotPlace, 'trashedUntil'>, now: number): readonly string[] {
  return trashedUntil === undefined
    ? []
    : [trashedUntil > now ? t('in the trash until {0}', shortTime(trashedUntil, now)) : t('in the trash, expired')];
}

/** The row for automatic snapshots, where they are many. @param newestAt milliseconds since 1970 */
export function automaticRow(
  count: number,
  newestAt: number,
  { lastSeenAt }: ConnectionReach,
  { now }: RowContext,
): Row {
  const label = t('{0} automatic snapshots', count);
  const description = t('newest: {0}', agoText(newestAt, now));
  return {
    label,
    description,
    words: description,
    mark: lastSeenAt === undefined ? 'dimmed' : 'lost',
    icon: { name: 'history', color: dimmedColor },
    context: 'automatic;',
    opens: 'closed',
    spoken: spokenRow(label, description, t('created before and after reverts')),
  };
}

/** @param above the title of the current snapshot, where the row does not stand right under it */
export function hereRow(view: VmView, above: string | undefined, reach: ConnectionReach, { now }: RowContext): Row {
  const { operation, vm } = view;
  const power = powerWord(vm);
  const parts = [
    ...(operation !== undefined ? [operationProgress(view, operation, now)] : isPlain(vm) ? [] : [power]),
    ...changedWords(view),
    ...(above === undefined ? [] : [t('after {0}', displayLine(above))]),
  ];
  const description = parts.join(' · ');
  const words = [...parts, ...(operation === undefined && isPlain(vm) ? [power] : [])].join(' · ');
  const label = t('You are here');
  return {
    label,
    description,
    words,
    ...(reach.lastSeenAt === undefined ? {} : { mark: lostLook.mark }),
    icon: { name: 'location', color: reach.lastSeenAt === undefined ? 'charts.blue' : lostLook.color },
    context: hereTokens(view, isIdle(reach)),
    opens: 'never',
    spoken: spokenRow(label, words, t('the current state of {0}', displayLine(view.vm.name))),
  };
}

export function spokenRow(label: string, words: string, ...more: readonly string[]): string {
  return [label, ...(words === '' ? [] : [words]), ...more].join(', ').replaceAll(' · ', ', ');
}
