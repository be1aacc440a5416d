// The report of Check Health.
import { t } from '@vscode/l10n';
import type { Health } from '../../diagnosis/health.js';
import type { Problem } from '../../diagnosis/problem.js';
import { isOfConnection, keyOf, repairOf, severityOf } from '../../diagnosis/problemTable.js';
import type { VmView } from '../../live/views.js';
import { displayLine } from '../../domain/plainText.js';
import { labelIn } from '../connectionLabel.js';
import { checkName, severityWord } from './healthText.js';
import { problemRemedies } from './problemRemedies.js';
import { problemText } from './problemText.js';
import { type ReportPart, remediesPart, reportMarkdown } from './report.js';

export interface CheckedVm {
  readonly view: VmView;
  readonly health: Health;
  readonly snoozed: number;
  /** Why its files could not be looked at, and what to do. */
  readonly failure?: string;
}

/** Which have names that people gave them. */
type KnownConnections = Parameters<typeof labelIn>[0];

/** For a terminal. @param unreached sentences about connections that could not be checked */
export function healthReportText(
  checked: readonly CheckedVm[],
  unreached: readonly string[],
  now: number,
  known?: KnownConnections,
): string {
  return reportMarkdown(healthParts(checked, unreached, now, known));
}

export function healthParts(
  checked: readonly CheckedVm[],
  unreached: readonly string[],
  now: number,
  known: KnownConnections = [],
): readonly ReportPart[] {
  const bad = checked.filter(({ health }) => isBad(health));
  const rest = checked.filter((one) => !bad.includes(one));
  const missed = unreached.map(notChecked);
  const [only, ...others] = checked;
  if (only !== undefined && others.length === 0) {
    const text = t('Health of {0}', only.view.vm.name);
    return [{ kind: 'heading', level: 1, text }, ...missed, ...vmParts(only, now, 2)];
  }
  return [
    { kind: 'heading', level: 1, text: t('Health of {0} VMs', checked.length) },
    ...foundText(checked.map((one) => (isBad(one.health) ? true : one.failure === undefined ? false : undefined))),
    ...missed,
    ...sharedParts([...bad, ...rest], now, known),
    ...[...bad, ...rest].flatMap((one) => ownParts(one, now)),
    ...quietLine(rest.filter((one) => ownParts(one, now).length === 0)),
  ];
}

/** What is the same for all VMs of a connection, once. */
function sharedParts(checked: readonly CheckedVm[], now: number, known: KnownConnections): readonly ReportPart[] {
  const shared = new Map(
    checked.flatMap(({ view, health }) =>
      health.found.filter(isOfConnection).map((problem) => [keyOf(view.ref, problem), { view, problem }] as const),
    ),
  );
  const uris = [...new Set([...shared.values()].map(({ view }) => view.ref.connection))];
  return uris.flatMap((uri): readonly ReportPart[] => [
    { kind: 'heading', level: 2, text: labelIn(known, uri) },
    ...[...shared.values()]
      .filter(({ view }) => view.ref.connection === uri)
      .flatMap(({ view, problem }) => problemParts(problem, view, now, 3)),
  ]);
}

/** One of several VMs; nothing where there is nothing to tell of it alone. */
function ownParts(checked: CheckedVm, now: number): readonly ReportPart[] {
  const { view, health, snoozed, failure } = checked;
  const found = health.found.filter((problem) => !isOfConnection(problem));
  return found.length + health.unjudged.length + snoozed === 0 && failure === undefined
    ? []
    : [
        { kind: 'heading', level: 2, text: view.vm.name },
        ...vmParts({ ...checked, health: { ...health, found } }, now, 3),
      ];
}

/** Under a heading of its own: it does not belong to the VM above it. */
function quietLine(quiet: readonly CheckedVm[]): readonly ReportPart[] {
  const names = quiet.map(({ view }) => displayLine(view.vm.name, 40)).join(', ');
  return quiet.length === 0
    ? []
    : [
        { kind: 'heading', level: 2, text: t('No problems found.') },
        { kind: 'text', text: names },
      ];
}

/** Of several VMs, with how many something is wrong. @param bad undefined: it is not known of that one */
export function foundText(bad: readonly (boolean | undefined)[]): readonly ReportPart[] {
  const count = bad.filter((one) => one === true).length;
  if (count > 0) {
    return [
      {
        kind: 'text',
        text:
          count === 1
            ? t('1 of {0} VMs has problems.', bad.length)
            : t('{0} of {1} VMs have problems.', count, bad.length),
      },
    ];
  }
  return bad.includes(undefined) ? [] : [nothingFound()];
}

function nothingFound(): ReportPart {
  return { kind: 'text', text: t('No problems found.') };
}

/** Notes are worth knowing, and nothing is wrong by them. */
function isBad({ found }: Health): boolean {
  return found.some((problem) => severityOf(problem) !== 'note');
}

function vmParts({ view, health, snoozed, failure }: CheckedVm, now: number, level: 2 | 3): readonly ReportPart[] {
  const unjudged = [...new Set(health.unjudged.map((check) => checkName(check)))];
  return [
    ...(isBad(health) || failure !== undefined ? [] : [nothingFound()]),
    ...(failure === undefined ? [] : [notChecked(failure)]),
    ...health.found.flatMap((problem) => problemParts(problem, view, now, level)),
    ...(unjudged.length === 0
      ? []
      : [{ kind: 'text', lead: t('Unknown'), text: `${unjudged.join(', ')}.` } satisfies ReportPart]),
    ...(snoozed === 0
      ? []
      : [
          {
            kind: 'text',
            text: snoozed === 1 ? t('1 more problem is snoozed.') : t('{0} more problems are snoozed.', snoozed),
          } satisfies ReportPart,
        ]),
  ];
}

function notChecked(why: string): ReportPart {
  return { kind: 'text', lead: t('Not checked'), text: why };
}

function problemParts(problem: Problem, view: VmView, now: number, level: 2 | 3): readonly ReportPart[] {
  const { what, means, todo } = problemText(problem, view, now);
  return [
    { kind: 'heading', level, text: `${severityWord(severityOf(problem))}: ${what}` },
    { kind: 'text', text: `${means} ${todo}` },
    ...remediesPart(what, view, problemRemedies(problem, view, repairOf(problem) !== undefined, 'health')),
  ];
}
