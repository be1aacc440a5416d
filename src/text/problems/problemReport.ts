// What is wrong with VMs: one report for the doctor, Check Health and the command line. For several VMs it is a
// summary: a group for each kind of problem, with what is the same for all of its VMs said once.
import { t } from '@vscode/l10n';
import {
  type Ability,
  type Diagnosis,
  plannedRepairs,
  repairName,
  type PlannedRepair,
} from '../../diagnosis/examination.js';
import type { CheckId, Severity } from '../../diagnosis/problem.js';
import { checkOf, isOfConnection, keyOf, severityOf } from '../../diagnosis/problemTable.js';
import type { Failure } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { type VmView, vmKey } from '../../live/views.js';
import { labelIn } from '../connectionLabel.js';
import { failureMessage } from '../failures/failureMessage.js';
import { refusalText } from '../refusals/refusalText.js';
import { isIn, repairBy } from '../ways.js';
import { vmCountText } from '../words.js';
import { abilityParts, abilitySummary, canCreate } from './abilityText.js';
import { checkName, severityWord } from './healthText.js';
import { problemRemedies, type Remedy, refusalRemedies, remediesForAll } from './problemRemedies.js';
import { problemText, repairText } from './problemText.js';
import { foldParts, type ReportPart, remediesPart, reportMarkdown } from './report.js';

export interface CheckedVm {
  readonly view: VmView;
  /** The worst first, without what is snoozed. */
  readonly diagnoses: readonly Diagnosis[];
  /** Absent: nobody needs them. */
  readonly abilities?: readonly Ability[];
  readonly unjudged: readonly CheckId[];
  readonly snoozed: number;
  /** Why it could not be examined: what is told of it was seen without that. */
  readonly failure?: Failure;
}

/** Which have names that people gave them. */
type KnownConnections = Parameters<typeof labelIn>[0];

/** A problem of one of the VMs. */
interface ProblemOfVm {
  readonly diagnosis: Diagnosis;
  readonly view: VmView;
  /** Whose it is: the VM's name, or that of its connection. */
  readonly name: string;
}

interface Group {
  readonly severity: Severity;
  readonly title: string;
  readonly found: readonly ProblemOfVm[];
}

/** More of a group are folded. */
const mostLines = 20;
/** The longest name in a list of VMs in a line of text. */
const longestName = 40;
/** Stands for each VM in a sentence that is true for all. */
const anyName = '…';

/** For a terminal. @param unreached sentences about connections that could not be checked */
export function problemReportText(...report: Parameters<typeof problemReport>): string {
  return reportMarkdown(problemReport(...report));
}

export function problemReport(
  checked: readonly CheckedVm[],
  unreached: readonly string[],
  now: number,
  known: KnownConnections = [],
): readonly ReportPart[] {
  const [only, ...others] = checked;
  const missed = unreached.map(notChecked);
  return only !== undefined && others.length === 0 ? ofOne(only, missed, now) : ofSeveral(checked, missed, now, known);
}

function ofOne(checked: CheckedVm, missed: readonly ReportPart[], now: number): readonly ReportPart[] {
  const { view, diagnoses, abilities = [], failure } = checked;
  const found = diagnoses.map((diagnosis): ProblemOfVm => ({ diagnosis, view, name: '' }));
  const section = (text: string, isNote: boolean): readonly ReportPart[] => {
    const parts = found.filter((one) => (severityIn(one) === 'note') === isNote).flatMap((one) => wholeParts(one, now));
    return parts.length === 0 ? [] : [{ kind: 'heading', level: 2, text }, ...parts];
  };
  const wrong = diagnoses.filter(isWrong).length;
  return [
    { kind: 'heading', level: 1, text: view.vm.name },
    ...(wrong === 0 && (failure !== undefined || missed.length > 0)
      ? []
      : [{ kind: 'text', text: countText(wrong, abilities) } as const]),
    ...missed,
    ...(failure === undefined ? [] : [notChecked(failureMessage(failure))]),
    ...section(t('Problems'), false),
    ...section(t('Notes'), true),
    ...unknownParts([checked]),
    ...snoozedParts([checked]),
    ...abilityParts(abilities, view),
  ];
}

function countText(count: number, abilities: readonly Ability[]): string {
  switch (count) {
    case 0:
      return canCreate(abilities)
        ? t('No problems found.')
        : t('No problems found, but no snapshot can be created now. “{0}” says why.', t('What Works Here'));
    case 1:
      return t('1 problem found.');
    default:
      return t('{0} problems found.', count);
  }
}

function ofSeveral(
  checked: readonly CheckedVm[],
  missed: readonly ReportPart[],
  now: number,
  known: KnownConnections,
): readonly ReportPart[] {
  const groups = groupsOf(checked, now, known);
  const wrong = groups.filter(({ severity }) => severity !== 'note');
  const notes = groups.filter(({ severity }) => severity === 'note');
  const titles = wrong.map(({ title, found }) => {
    const count = vmsIn(found);
    return count === 1 ? title : `${title} · ${vmCountText(count)}`;
  });
  const quiet = checked.filter(({ diagnoses, failure }) => !diagnoses.some(isWrong) && failure === undefined);
  return [
    { kind: 'heading', level: 1, text: t('Health of {0} VMs', checked.length) },
    ...foundText(checked),
    ...missed,
    ...failedParts(checked),
    ...(wrong.length > 1 ? [{ kind: 'contents', titles } as const] : []),
    ...wrong.flatMap((group, at) => [
      { kind: 'heading', level: 2, text: titles[at] ?? '' } as const,
      ...groupParts(group, now),
    ]),
    ...foldParts(
      t('Notes'),
      [vmsIn(notes.flatMap(({ found }) => found))],
      notes.flatMap((group) => foldParts(group.title, [vmsIn(group.found)], groupParts(group, now))),
    ),
    ...unknownParts(checked),
    ...snoozedParts(checked),
    ...foldParts(
      t('Without problems'),
      [quiet.length],
      quiet.length === 0 ? [] : [{ kind: 'text', text: namesText(quiet) }],
    ),
    ...abilitySummary(checked),
  ];
}

/** Says how many of several VMs have problems. */
function foundText(checked: readonly CheckedVm[]): readonly ReportPart[] {
  const count = checked.filter(({ diagnoses }) => diagnoses.some(isWrong)).length;
  if (count === 0) {
    return checked.some(({ failure }) => failure !== undefined)
      ? []
      : [{ kind: 'text', text: t('No problems found.') }];
  }
  const text =
    count === 1
      ? t('1 of {0} VMs has problems.', checked.length)
      : t('{0} of {1} VMs have problems.', count, checked.length);
  return [{ kind: 'text', text }];
}

function vmsIn(found: readonly ProblemOfVm[]): number {
  return new Set(found.map(({ view }) => vmKey(view.ref))).size;
}

/** The worst first, then what most VMs have. What belongs to a connection is there once. */
function groupsOf(checked: readonly CheckedVm[], now: number, known: KnownConnections): readonly Group[] {
  const several = new Set(checked.map(({ view }) => view.ref.connection)).size > 1;
  const byTitle = new Map<string, Map<string, ProblemOfVm>>();
  for (const { view, diagnoses } of checked) {
    for (const diagnosis of diagnoses) {
      const { problem } = diagnosis;
      const title = `${severityWord(severityOf(problem))}: ${titleOf(diagnosis, view, now)}`;
      const connection = labelIn(known, view.ref.connection);
      const ofVm = several ? `${view.vm.name} (${connection})` : view.vm.name;
      const group = byTitle.get(title) ?? new Map<string, ProblemOfVm>();
      byTitle.set(title, group);
      group.set(keyOf(view.ref, problem), { diagnosis, view, name: isOfConnection(problem) ? connection : ofVm });
    }
  }
  const order: readonly Severity[] = ['error', 'warning', 'note'];
  return [...byTitle]
    .map(([title, all]): Group => {
      const found = [...all.values()];
      const [first] = found;
      return { severity: first === undefined ? 'note' : severityIn(first), title, found };
    })
    .toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity) || b.found.length - a.found.length);
}

/** What a group is called: what was checked; where it is no matter of health, what was found. */
function titleOf({ problem }: Diagnosis, view: VmView, now: number): string {
  const check = checkOf(problem);
  if (check === undefined) {
    return problemText(problem, withoutName(view), now).what;
  }
  const name = checkName(check);
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

function withoutName(view: VmView): VmView {
  return { ...view, vm: { ...view.vm, name: anyName } };
}

function groupParts({ title, found }: Group, now: number): readonly ReportPart[] {
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) {
    return [{ kind: 'text', lead: only.name, text: whatOf(only, now) }, ...adviceParts(only, now, true)];
  }
  const advice = new Set(found.map(({ diagnosis, view }) => adviceText(diagnosis, withoutName(view), now)));
  const [same] = advice.size === 1 ? advice : [];
  const byName = new Map<string, readonly ProblemOfVm[]>();
  found.forEach((one) => byName.set(one.name, [...(byName.get(one.name) ?? []), one]));
  const lines = [...byName.values()].flatMap((of) => lineParts(of, now, same === undefined));
  return [
    ...(same === undefined ? [] : [{ kind: 'text', text: same } as const]),
    ...remediesPart(
      title,
      remediesForAll(found.map((one) => ({ remedies: remediesOf(one), problem: one.diagnosis.problem }))),
    ),
    ...lines.slice(0, mostLines),
    ...foldParts(t('{0} more', lines.length - mostLines), [], lines.slice(mostLines)),
  ];
}

/** Writes one VM of a group in one line: its own problems are below the line. */
function lineParts(own: readonly ProblemOfVm[], now: number, hasOwnAdvice: boolean): readonly ReportPart[] {
  const [first, ...others] = own;
  if (first === undefined) {
    return [];
  }
  const text = [whatOf(first, now), ...(others.length === 0 ? [] : [t('{0} more', others.length)])].join(' · ');
  const parts = others.flatMap((one): readonly ReportPart[] => [
    { kind: 'text', text: whatOf(one, now) },
    ...adviceParts(one, now, hasOwnAdvice),
  ]);
  return [{ kind: 'folded', lead: first.name, text, parts: [...adviceParts(first, now, hasOwnAdvice), ...parts] }];
}

function wholeParts(found: ProblemOfVm, now: number): readonly ReportPart[] {
  const text = `${severityWord(severityIn(found))}: ${whatOf(found, now)}`;
  return [{ kind: 'heading', level: 3, text }, ...adviceParts(found, now, true)];
}

function whatOf({ diagnosis, view }: ProblemOfVm, now: number): string {
  return problemText(diagnosis.problem, view, now).what;
}

function adviceText({ problem }: Diagnosis, view: VmView, now: number): string {
  const { means, todo } = problemText(problem, view, now);
  return `${means} ${todo}`;
}

function adviceParts(found: ProblemOfVm, now: number, hasOwnAdvice: boolean): readonly ReportPart[] {
  const { diagnosis, view, name } = found;
  const isSummary = name !== '';
  return [
    ...(hasOwnAdvice ? [{ kind: 'text', text: adviceText(diagnosis, view, now) } as const] : []),
    ...plannedRepairs(diagnosis).map((repair) => repairLine(repair, view)),
    ...remediesPart(isSummary ? `${name}: ${whatOf(found, now)}` : whatOf(found, now), remediesOf(found)),
  ];
}

function remediesOf({ diagnosis, view, name }: ProblemOfVm): readonly Remedy[] {
  const repairs = plannedRepairs(diagnosis).map(({ decision }) => decision);
  const canRepair = repairs.some(({ kind }) => kind === 'plan');
  const refusals = repairs.flatMap((decision) => (decision.kind === 'plan' ? [] : [decision.refusal]));
  return [
    ...problemRemedies(diagnosis.problem, view, canRepair, name !== ''),
    ...(canRepair ? [] : refusalRemedies(refusals, view)),
  ];
}

function repairLine({ repair, decision }: PlannedRepair, view: VmView): ReportPart {
  const does = repairText(repair, view);
  if (decision.kind === 'plan') {
    const how = isIn('editor') ? [] : [repairBy(repairName(repair), view.vm.name)];
    return { kind: 'text', lead: t('Can be repaired here'), text: [does, ...how].join(' ') };
  }
  const { reason, nextStep } = refusalText(decision.refusal, view.vm.name);
  return { kind: 'text', lead: t('Cannot be repaired now'), text: [does, reason, nextStep].join(' ').trim() };
}

/** VMs that could not be examined for the same reason, in one line. */
function failedParts(checked: readonly CheckedVm[]): readonly ReportPart[] {
  const failed = checked.flatMap((one) =>
    one.failure === undefined ? [] : [{ ...one, why: failureMessage(one.failure) }],
  );
  return [...new Set(failed.map(({ why }) => why))].map((why) =>
    notChecked(`${namesText(failed.filter((one) => one.why === why))}: ${why}`),
  );
}

function unknownParts(checked: readonly CheckedVm[]): readonly ReportPart[] {
  const unknown = new Set(checked.flatMap(({ unjudged }) => unjudged.map((check) => checkName(check))));
  return unknown.size === 0 ? [] : [{ kind: 'text', lead: t('Unknown'), text: `${[...unknown].join(', ')}.` }];
}

function snoozedParts(checked: readonly CheckedVm[]): readonly ReportPart[] {
  const count = checked.reduce((sum, { snoozed }) => sum + snoozed, 0);
  const text = count === 1 ? t('1 more problem is snoozed.') : t('{0} more problems are snoozed.', count);
  return count === 0 ? [] : [{ kind: 'text', text }];
}

function notChecked(why: string): ReportPart {
  return { kind: 'text', lead: t('Not checked'), text: why };
}

function namesText(checked: readonly Pick<CheckedVm, 'view'>[]): string {
  const names = new Map(checked.map(({ view }) => [vmKey(view.ref), displayLine(view.vm.name, longestName)]));
  return [...names.values()].join(', ');
}

function severityIn({ diagnosis }: ProblemOfVm): Severity {
  return severityOf(diagnosis.problem);
}

/** Notes are worth knowing, and nothing is wrong by them. */
function isWrong({ problem }: Diagnosis): boolean {
  return severityOf(problem) !== 'note';
}
