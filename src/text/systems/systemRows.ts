// How the rows of a system of VMs look, in words and by names of icons, and what their tooltips tell: the system, its
// members, its restore points.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { PointMember, SystemPoint } from '../../domain/system.js';
import type { VmView } from '../../live/views.js';
import { snapshotOf } from '../../systems/standing.js';
import type { KnownSystem } from '../../systems/knownSystems.js';
import { unreachableMembers, partOf, type ObservedSystem } from '../../systems/observedSystem.js';
import { pointTokens, systemTokens } from '../rows/capabilityTokens.js';
import { keptUntilSentence } from '../rows/facts.js';
import type { FactList } from '../rows/factList.js';
import { fullTime } from '../../domain/clockText.js';
import { agoText, relativeAge } from '../relativeAge.js';
import {
  dimmedColor,
  type ConnectionReach,
  keptWords,
  type RowContext,
  type Row,
  spokenRow,
  trashWords,
  vmRow,
} from '../rows/rows.js';
import { startWords } from './startText.js';
import { noWayBack, pointTitle } from './systemPointText.js';
import { kindWords, pointCountText, powerWord, vmCountText } from '../words.js';

/** A system as it is shown: what is written down of it, and what is known of its VMs. */
export interface ShownSystem {
  readonly known: KnownSystem;
  readonly seen: ObservedSystem;
  /** In the order of the members; absent where it is not known. */
  readonly views: readonly (VmView | undefined)[];
}

export function systemRow({ known, seen, views }: ShownSystem): Row {
  const label = displayLine(known.system.name);
  const isBusy = views.some((view) => view?.operation !== undefined);
  const { unfinished } = known;
  const parts =
    unfinished !== undefined
      ? [isBusy ? atWork(unfinished.kind) : t('interrupted')]
      : [
          vmCountText(known.system.members.length),
          pointCountText(known.points.length),
          ...missing(seen),
          ...(seen.standsAt === 'apart' && known.points.length > 0 ? [t('VMs out of step')] : []),
        ];
  const description = parts.join(' · ');
  const isWrong = missing(seen).length > 0 || (unfinished !== undefined && !isBusy);
  return {
    label,
    description,
    words: description,
    icon:
      unfinished !== undefined && isBusy
        ? { name: 'loading~spin' }
        : { name: 'layers', ...(isWrong && { color: 'list.warningForeground' }) },
    context: systemTokens({ system: known, views }),
    opens: 'closed',
    spoken: spokenRow(label, description, t('system of VMs')),
  };
}

const awayIcon = { name: 'debug-disconnect', color: dimmedColor };

export function memberRow(
  shown: ShownSystem,
  index: number,
  reach: ConnectionReach,
  reading: RowContext,
): Row | undefined {
  const member = shown.known.system.members[index];
  const seen = shown.seen.members[index];
  if (member === undefined || seen === undefined) {
    return undefined;
  }
  const view = shown.views[index];
  if (view !== undefined) {
    const row = vmRow(view, reach, reading);
    return { ...ownMemberRow(shown, index, row), context: `member;${row.context}`, opens: 'never' };
  }
  const label = displayLine(member.name);
  const description = memberWords(shown, index).join(' · ');
  return {
    label,
    description,
    words: description,
    mark: 'lost',
    icon: seen.isAway ? awayIcon : { name: 'warning', color: dimmedColor },
    context: 'member;',
    opens: 'never',
    spoken: spokenRow(label, description, t('VM of the system {0}', displayLine(shown.known.system.name))),
  };
}

/** The row of a VM where it stands under its system. What is the matter comes first: a narrow view cuts the end off. */
export function ownMemberRow(shown: ShownSystem, index: number, row: Row): Row {
  const before = shown.views[index]?.operation === undefined ? memberWords(shown, index) : [];
  const withOwn = (own: string): string => [...before, ...(own === '' ? [] : [own])].join(' · ');
  const words = withOwn(row.words);
  const isAway = shown.seen.members[index]?.isAway === true;
  return {
    ...row,
    description: withOwn(row.description),
    words,
    ...(isAway && { mark: row.mark === 'protected' ? 'lostProtected' : 'lost', icon: awayIcon }),
    spoken: spokenRow(row.label, words, t('VM of the system {0}', displayLine(shown.known.system.name))),
  };
}

/** What is the matter with a member; nothing where it stands with the others. */
export function memberWords({ seen, known }: ShownSystem, index: number): readonly string[] {
  const { name, vm, isAway, at } = seen.members[index] ?? { name: '', isAway: true };
  if (isAway) {
    return [t('not reachable')];
  }
  if (vm === undefined) {
    return [t('no longer exists')];
  }
  return [
    ...(vm.name === name ? [] : [t('was named {0}', displayLine(name))]),
    ...(seen.standsAt !== 'apart' || known.points.length === 0
      ? []
      : [at === undefined ? t('not at a restore point') : t('at “{0}”', pointTitle(at))]),
  ];
}

/** The last date of its snapshots, where all that are there have one: it goes as a whole. */
function dateOf({ known, views }: ShownSystem, point: SystemPoint, sort: 'keptUntil' | 'trash'): number | undefined {
  const dates = known.system.members.flatMap((member, at) => {
    const view = views[at];
    const name = view?.tree && snapshotOf(view.tree, member, point, known.points)?.name;
    return name === undefined ? [] : [view?.[sort]?.find((one) => one.name === name)?.until];
  });
  const dated = dates.filter((one) => one !== undefined);
  return dated.length > 0 && dated.length === dates.length ? Math.max(...dated) : undefined;
}

function dateWords(shown: ShownSystem, point: SystemPoint, now: number): readonly string[] {
  const [keptUntil, trashedUntil] = [dateOf(shown, point, 'keptUntil'), dateOf(shown, point, 'trash')];
  return [
    ...(keptUntil === undefined ? [] : keptWords({ kept: true, keptUntil }, now)),
    ...(trashedUntil === undefined ? [] : trashWords({ trashedUntil }, now)),
  ];
}

export function pointRow(shown: ShownSystem, point: SystemPoint, { now }: RowContext): Row {
  const { seen } = shown;
  const isAutomatic = point.auto !== undefined;
  const label = pointTitle(point);
  const age = relativeAge(point.createdAt, now);
  const isHere = seen.standsAt === point;
  const lost = noWayBack(seen, point);
  const parts = [...lost, ...unreachableLines(seen, point), ...dateWords(shown, point, now)];
  const description = `${isHere ? '● ' : ''}${[age, ...parts].join(' · ')}`.trim();
  const words = [age, ...parts, ...(isAutomatic ? [t('automatic')] : []), ...(isHere ? [t('you are here')] : [])].join(
    ' · ',
  );
  return {
    label,
    description,
    words,
    ...(isAutomatic && { mark: 'dimmed' as const }),
    icon:
      lost.length > 0
        ? { name: 'warning', color: 'list.warningForeground' }
        : { name: 'history', ...(isAutomatic && { color: dimmedColor }) },
    context: pointTokens(point),
    opens: 'never',
    spoken: spokenRow(label, words, t('restore point')),
  };
}

export function systemFacts({ known, seen }: ShownSystem, { now }: RowContext): FactList {
  const { unfinished } = known;
  return {
    heading: known.system.name,
    lines: [
      ...known.system.members.map((member, index) => ({
        name: displayLine(member.name),
        value: [
          ...(seen.members[index]?.vm === undefined ? [] : [powerWord(seen.members[index].vm)]),
          ...memberWords({ known, seen, views: [] }, index),
          ...startWords(member, known.system.members),
        ].join(' · '),
      })),
      ...(typeof seen.standsAt === 'object' ? [{ name: t('Based on'), value: pointTitle(seen.standsAt) }] : []),
      ...(unfinished === undefined
        ? []
        : [
            {
              name: t('Unfinished'),
              value: `${atWork(unfinished.kind)}, ${agoText(unfinished.startedAt, now)}`,
            },
          ]),
    ],
  };
}

export function pointFacts(shown: ShownSystem, point: SystemPoint, { now }: RowContext): FactList {
  const { known, seen } = shown;
  const until = dateOf(shown, point, 'keptUntil');
  const away = unreachableLines(seen, point);
  return {
    heading: pointTitle(point),
    lines: [
      { name: t('Created'), value: `${fullTime(point.createdAt)}, ${agoText(point.createdAt, now)}` },
      ...(point.spreadMs === undefined
        ? []
        : [{ name: t('Consistency'), value: t('VMs at most {0} ms apart', Math.ceil(point.spreadMs)) }]),
      ...(until === undefined ? [] : [{ name: t('Mark'), value: keptUntilSentence(until, now) }]),
      ...(point.git === undefined ? [] : [{ name: t('Git'), value: displayLine(point.git) }]),
      ...[...noWayBack(seen, point), ...away].map((value) => ({ name: t('Note'), value })),
      ...known.system.members.map((member) => {
        const own = partOf(point, member);
        return { name: displayLine(member.name), value: own === undefined ? t('not included') : partWords(own) };
      }),
    ],
  };
}

/** What a restore point holds of a member. */
function partWords({ kind, state, snapshot }: PointMember): string {
  const was = { running: t('running'), paused: t('paused'), off: t('off') }[state];
  return [displayLine(snapshot), kindWords({ kind, trailers: {} }), was].join(' · ');
}

function missing({ members }: ObservedSystem): readonly string[] {
  const gone = members.filter(({ vm, isAway }) => vm === undefined && !isAway).map(({ name }) => displayLine(name, 40));
  const away = members.filter(({ isAway }) => isAway).map(({ name }) => displayLine(name, 40));
  return [
    ...(gone.length === 0 ? [] : [t('{0} no longer exists', gone.join(', '))]),
    ...(away.length === 0 ? [] : [t('{0} is not reachable', away.join(', '))]),
  ];
}

function unreachableLines(seen: ObservedSystem, point: SystemPoint): readonly string[] {
  const names = unreachableMembers(seen, point).flatMap(([{ name }, why]) =>
    why === 'away' ? [displayLine(name, 40)] : [],
  );
  return names.length === 0 ? [] : [t('{0} is not reachable', names.join(', '))];
}

function atWork(kind: NonNullable<KnownSystem['unfinished']>['kind']): string {
  return { checkpoint: t('creating a restore point'), revert: t('reverting'), delete: t('deleting a restore point') }[
    kind
  ];
}
