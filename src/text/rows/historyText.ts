// The history as Markdown, for a terminal.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { type HistoryEntry, type HistoryRow, historyDays, olderText, withSystem } from './historyRows.js';
import { codeText, markdownText } from '../markdown.js';

const longestWords = 300;
/** One that is cut would do something else. */
export const longestCommand = 10_000;

/**
 * @param lines JSON, oldest first; what is none is left out
 * @param titleOf what people call a snapshot of a VM
 * @param systemOf the name of the system that an entry was a part of
 */
export function historyText(
  lines: readonly string[],
  titleOf: (uuid: string, snapshot: string) => string,
  path: string,
  systemOf: (entry: HistoryEntry) => string | undefined = () => undefined,
): string {
  const { days, older } = historyDays(lines, titleOf);
  return [
    `# ${line(t('History'))}`,
    line(t('Everything Virt Rewind did to your VMs, newest first.')),
    ...[...days].flatMap(([day, rows]) => [
      `## ${line(day)}`,
      rows.map((row) => rowText(withSystem(row, systemOf(row.entry)))).join('\n'),
    ]),
    line(olderText(older, path)),
  ].join('\n\n');
}

/** With the id that a command line undoes it by. */
function rowText({ entry: { vm, command, entry: id }, time, facts }: HistoryRow): string {
  const all = [...facts, ...(id === undefined ? [] : [t('entry {0}', id)])];
  return [
    `- **${line(`${time} ${vm.name}`)}**: ${all.map(line).join(' · ')}`,
    ...(command === undefined ? [] : [`  \n  ${codeText(displayLine(command, longestCommand))}`]),
  ].join('');
}

/** One line, in which nothing is markup. */
function line(text: string): string {
  return markdownText(displayLine(text, longestWords));
}
