// Bisects as sentences: what is known of each restore point, what was found, why one was not begun or stopped.
import { t } from '@vscode/l10n';
import type { BisectStopReason } from '../../bisect/bisectStop.js';
import { markOf, isOver } from '../../bisect/finding.js';
import { knowledgeOf } from '../../bisect/search.js';
import type { Bisect, BisectAnswer, BisectCheck, BisectTry } from '../../domain/bisect.js';
import { displayLine } from '../../domain/plainText.js';
import { markWord } from '../rows/bisectMarks.js';
import { markdownText } from '../markdown.js';
import { agoText } from '../relativeAge.js';

export function bisectPageTitle(vm: string): string {
  return t('Bisect: {0}', vm);
}

export function bisectPage(bisect: Bisect, now: number): string {
  const { line, answers, check, startedAt, probes, vmName } = bisect;
  const text = (sentence: string): string => markdownText(displayLine(sentence, 500));
  const rows = line.map((point, at) => {
    const said = answers.filter((answer) => answer.point === at);
    const how = said.map((answer) => (answer.tries.length === 0 ? t('specified in advance') : triesText(answer)));
    const cells = [String(at + 1), point.title, pointWord(bisect, at) ?? t('not tested'), how.join('; ')];
    return `| ${cells.map((cell) => text(cell)).join(' | ')} |`;
  });
  return [
    `# ${text(bisectPageTitle(vmName))}`,
    ...resultLines(bisect).map((sentence) => text(sentence)),
    ...(isOver(bisect) ? [] : [text(t('The bisect is not finished. Bisect… continues or ends it.'))]),
    ...(probes.length === 0 ? [] : [text(t('Its clones: {0}', probes.map(({ name }) => name).join(', ')))]),
    `## ${text(t('Snapshots'))}`,
    [
      `| ${[t('Number'), t('Snapshot'), t('Known'), t('Checked')].map((head) => text(head)).join(' | ')} |`,
      '| --- | --- | --- | --- |',
      ...rows,
    ].join('\n'),
    `## ${text(t('Check'))}`,
    text(`${checkText(check)}.`),
    text(t('Started {0}.', agoText(startedAt, now))),
  ].join('\n\n');
}

/** What is known of the restore point at that place of the line; undefined: nothing yet. */
export function pointWord(bisect: Bisect, point: number): string | undefined {
  const mark = markOf(bisect, point);
  return mark && markWord(mark);
}

/** What was found, or what is left to be found. */
export function resultLines({ line, answers }: Bisect): readonly string[] {
  const { newestGood, oldestBad, skipped, open, contradictions } = knowledgeOf(line.length, answers);
  const title = (point: number | undefined): string => displayLine(line[point ?? -1]?.title ?? '');
  const titles = (points: readonly number[]): string => points.map(title).join(', ');
  const more: string[] = [];
  if (open.length > 0) {
    const left = open.length + skipped.length;
    more.push(
      left === 1
        ? t('1 snapshot can still be the first bad one.')
        : t('{0} snapshots can still be the first bad one.', left),
    );
  } else if (oldestBad === undefined && skipped.length > 0) {
    more.push(
      newestGood === undefined
        ? t('No result: all snapshots were skipped.')
        : t('No result after {0}: these snapshots were skipped: {1}.', title(newestGood), titles(skipped)),
    );
  } else if (oldestBad === undefined) {
    more.push(t('No snapshot is bad: the change came after {0}.', title(newestGood ?? line.length - 1)));
  } else if (skipped.length === 0) {
    more.push(t('The first bad snapshot is {0}.', title(oldestBad)));
  } else {
    more.push(
      t('The first bad snapshot is one of these: {0}. Some of them were skipped.', titles([...skipped, oldestBad])),
    );
  }
  if (oldestBad !== undefined && open.length === 0) {
    more.push(
      newestGood === undefined
        ? t('No earlier snapshot is good: the change may be older than all of them.')
        : t('The newest good snapshot is {0}.', title(newestGood)),
    );
  }
  return [
    ...more,
    ...answers.flatMap((answer) => flakyLine(answer, title(answer.point))),
    ...(contradictions.length === 0
      ? []
      : [
          t(
            'The results at {0} contradict each other: the check may be unreliable.',
            titles(contradictions.map(({ point }) => point)),
          ),
        ]),
  ];
}

function flakyLine({ tries, verdict }: BisectAnswer, title: string): readonly string[] {
  if (new Set(tries.map((one) => one.verdict)).size < 2) {
    return [];
  }
  const same = tries.filter((one) => one.verdict === verdict).length;
  return [t('{0} is flaky: {1} in {2} of {3} tries.', title, verdictWord(verdict), same, tries.length)];
}

/** One line for an answer that has just come. */
export function answerLine({ line }: Bisect, answer: BisectAnswer): string {
  const how = triesText(answer);
  const title = displayLine(line[answer.point]?.title ?? '');
  return `${title}: ${verdictWord(answer.verdict)}${how === '' ? '' : ` (${how})`}`;
}

/** What its tries came to; empty where a person said so. */
function triesText({ tries }: BisectAnswer): string {
  return tries
    .map(tryWords)
    .filter((words) => words !== '')
    .join(', ');
}

function tryWords({ exit, why }: BisectTry): string {
  switch (why) {
    case 'late':
      return t('took too long');
    case 'noStart':
      return t('did not start');
    case undefined:
  }
  return exit === undefined ? '' : t('exit code {0}', exit);
}

function verdictWord(verdict: BisectAnswer['verdict']): string {
  return { good: t('good'), bad: t('bad'), skip: t('skipped') }[verdict];
}

function checkText(check: BisectCheck): string {
  if (check.kind === 'person') {
    return t('you decide for each snapshot whether it is good');
  }
  const words = displayLine([check.program, ...check.args].join(' '));
  return {
    host: t('{0} on this computer', words),
    guest: t('{0} in the guest', words),
    console: t('{0} at the serial console of the guest', words),
  }[check.kind];
}

/** What will be done, before anything is. */
export function planLines(bisect: Bisect, atOnce: number): readonly string[] {
  const { line, answers, tries, check, start } = bisect;
  const { open } = knowledgeOf(line.length, answers);
  const rounds = Math.ceil(Math.log(open.length + 1) / Math.log(atOnce + 1) - 1e-9);
  const [first, last] = [line[0], line.at(-1)].map((point) => displayLine(point?.title ?? ''));
  return [
    t('Snapshots: {0}, from {1} to {2}; {3} to search.', line.length, first ?? '', last ?? '', open.length),
    t('Check: {0}.', checkText(check)),
    start === 'started'
      ? t('Each snapshot is tested on its own clone, which is started and then deleted. The VM does not change.')
      : t('Each snapshot is tested on its own clone, which stays off and is then deleted. The VM does not change.'),
    tries === 1
      ? t('Rounds: about {0}. Parallel clones: {1}.', rounds, atOnce)
      : t('Rounds: about {0}. Parallel clones: {1}. Tries per snapshot: {2}.', rounds, atOnce, tries),
  ];
}

export function bisectStopText(reason: BisectStopReason): string {
  switch (reason.kind) {
    case 'noSnapshots':
      return t('{0} has no snapshots to search.', displayLine(reason.vm));
    case 'unfinished':
      return t('A bisect of {0} is not finished. Continue or end it first.', displayLine(reason.vm));
    case 'atWork':
      return t('Another editor or command line is running the bisect of {0}.', displayLine(reason.vm));
    case 'tooLong':
      return t('The check is too long to be saved, so nothing was started. Put it into a script, and run the script.');
    case 'unreadable':
      return t(
        '{0} is from another version of Virt Rewind. It describes a bisect and maybe clones that still exist. Move the file away to start a new bisect.',
        displayLine(reason.path),
      );
    case 'noBisect':
      return t('There is no bisect of {0}.', displayLine(reason.vm));
    case 'notOneLine':
      return t(
        '{0} must be older than {1}, and on the same branch.',
        displayLine(reason.good),
        displayLine(reason.bad),
      );
    case 'branches':
      return t('There are several branches. Specify the bad snapshot.');
    case 'notInLine':
      return t('{0} is not one of the snapshots to search.', displayLine(reason.snapshot));
    case 'snapshotChanged':
      return t(
        '{0} was deleted or replaced after the bisect started. End this bisect and start a new one.',
        displayLine(reason.snapshot),
      );
    case 'badExit':
      return [
        t(
          'The check of {0} exited with code {1}, which means neither good nor bad. The bisect stopped.',
          displayLine(reason.snapshot),
          reason.exit,
        ),
        ...(reason.said.trim() === '' ? [] : [displayLine(reason.said.trim().split('\n').at(-1) ?? '', 300)]),
      ].join('\n');
    case 'cannotRun':
      return t('Cannot run {0}: {1}', displayLine(reason.program), displayLine(reason.error));
    case 'noAgent':
      return t(
        '{0} has no guest agent, so no program can run in it. Use the serial console, or a check on this computer.',
        displayLine(reason.vm),
      );
  }
}
