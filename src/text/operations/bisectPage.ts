// A bisect as a Markdown page: what was found, and what is known of each restore point.
import { t } from '@vscode/l10n';
import { isOver } from '../../bisect/finding.js';
import type { Bisect } from '../../domain/bisect.js';
import { displayLine } from '../../domain/plainText.js';
import { checkText, pointWord, resultLines, triesText } from './bisectText.js';
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
