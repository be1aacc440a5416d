// What a check of a lab found, as a Markdown document in which nothing from outside is markup.
import { basename } from 'node:path';
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { markdownText } from '../text/markdown.js';
import type { LabCheck } from './labs.js';

export function labReportText(
  file: string,
  { problems, differences }: Pick<LabCheck, 'problems' | 'differences'>,
): string {
  return [
    `# ${line(t('Check of {0}', basename(file)))}`,
    ...part(
      t('Errors in the File'),
      problems.map((one) => t('Line {0}: {1}', one.line, one.message)),
    ),
    ...part(
      t('Different from the File'),
      differences.map(({ message }) => message),
    ),
  ].join('\n\n');
}

function part(heading: string, messages: readonly string[]): readonly string[] {
  return messages.length === 0 ? [] : [`## ${line(heading)}`, messages.map((one) => `- ${line(one)}`).join('\n')];
}

function line(text: string): string {
  return markdownText(displayLine(text, longestLine));
}

const longestLine = 500;
