// What an operation would do, for a person at a terminal: the question with its details, and the commands by hand.
import { t } from '@vscode/l10n';
import type { VmView } from '../live/views.js';
import type { Plan } from '../operations/plan.js';
import { virshLine } from '../steps/virshCommand.js';
import type { QuestionText } from '../text/questions/questionText.js';
import type { Context } from './context.js';
import { wrapText } from './help.js';

export function questionLines(
  { terminal }: Pick<Context, 'terminal'>,
  { title, details }: Pick<QuestionText, 'title' | 'details'>,
): readonly string[] {
  return [title, ...details.split('\n').flatMap((line) => (line === '' ? [] : wrapText(line, terminal.textWidth, 2)))];
}

export function commandLines({ plan, view }: { readonly plan: Plan; readonly view: VmView }): readonly string[] {
  return plan.steps.map((step) => virshLine([step], view.vm, view.ref.connection)).filter((line) => line !== '');
}

export function planText(
  { terminal }: Pick<Context, 'terminal'>,
  [title = '', ...lines]: readonly string[],
  commands: readonly string[],
): readonly string[] {
  return [
    terminal.style('bold', title),
    ...lines,
    ...(commands.length === 0 ? [] : ['', t('Equivalent commands:'), ...commands.map((line) => `  ${line}`)]),
    '',
    t('Nothing was changed.'),
  ];
}
