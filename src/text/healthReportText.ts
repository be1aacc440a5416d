// The report of Check Health, as a Markdown document in which nothing from outside is markup. Knows nothing of the
// editor.
import { t } from '@vscode/l10n';
import type { Health } from '../diagnosis/health.js';
import type { Problem } from '../diagnosis/problem.js';
import { severityOf } from '../diagnosis/problemTable.js';
import type { VmView } from '../live/views.js';
import { displayLine } from '../domain/plainText.js';
import { checkName, severityWord } from './healthText.js';
import { markdownText } from './markdown.js';
import { problemText } from './problemText.js';

export interface CheckedVm {
  readonly view: VmView;
  readonly health: Health;
  readonly snoozed: number;
  /** Why its files could not be looked at, and what to do. */
  readonly failure?: string;
}

/** @param unreached sentences about connections that could not be checked */
export function healthReportText(checked: readonly CheckedVm[], unreached: readonly string[], now: number): string {
  const bad = checked.filter(({ health }) => isBad(health));
  const rest = checked.filter((one) => !bad.includes(one));
  const missed = unreached.map(notChecked);
  const [only, ...others] = checked;
  if (only !== undefined && others.length === 0) {
    return [`# ${line(t('Health of {0}', only.view.vm.name))}`, ...missed, ...vmPart(only, now, '##')].join('\n\n');
  }
  return [
    `# ${line(t('Health of {0} VMs', checked.length))}`,
    ...(bad.length > 0
      ? [line(t('{0} of them have problems.', bad.length))]
      : checked.some(({ failure }) => failure !== undefined)
        ? []
        : [line(t('No problems found.'))]),
    ...missed,
    ...[...bad, ...rest].flatMap((one) => [`## ${line(one.view.vm.name)}`, ...vmPart(one, now, '###')]),
  ].join('\n\n');
}

/** Notes are worth knowing, and nothing is wrong by them. */
function isBad({ found }: Health): boolean {
  return found.some((problem) => severityOf(problem) !== 'note');
}

type Heading = '##' | '###';

function vmPart({ view, health, snoozed, failure }: CheckedVm, now: number, heading: Heading): readonly string[] {
  const unjudged = [...new Set(health.unjudged.map((check) => checkName(check)))];
  return [
    ...(isBad(health) || failure !== undefined ? [] : [line(t('No problems found.'))]),
    ...(failure === undefined ? [] : [notChecked(failure)]),
    ...health.found.map((problem) => partOf(problem, view, now, heading)),
    ...(unjudged.length === 0 ? [] : [`${line(t('Unknown'))}: ${unjudged.map(line).join(', ')}.`]),
    ...(snoozed === 0
      ? []
      : [line(snoozed === 1 ? t('1 more problem is snoozed.') : t('{0} more problems are snoozed.', snoozed))]),
  ];
}

function notChecked(why: string): string {
  return `**${line(t('Not checked'))}:** ${line(why)}`;
}

function partOf(problem: Problem, view: VmView, now: number, heading: Heading): string {
  const { what, means, todo } = problemText(problem, view, now);
  return `${heading} ${line(`${severityWord(severityOf(problem))}: ${what}`)}\n\n${line(means)} ${line(todo)}`;
}

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, 2_000));
}
