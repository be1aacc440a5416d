// What a person is told before an agent's act, in his language: what it does, what is kept and what is lost.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { questionOf } from '../text/questions/questionText.js';
import { untrustedLine } from './guestText.js';
import { planAct } from './stepPlans.js';
import type { ToolQuestion, ToolCall } from './toolCall.js';

export async function questionFor(name: string, work: ToolCall): Promise<ToolQuestion> {
  const { view, plan } = await planAct(work, name);
  if (plan !== undefined) {
    return questionOf({ plan, target: view }, Date.now());
  }
  const { program, args } = work.input;
  const line = [program, ...(Array.isArray(args) ? (args as readonly string[]) : [])].join(' ');
  return {
    title: t('Run a program in {0}?', displayLine(view.vm.name)),
    details: [
      untrustedLine(line, 1_000),
      t(
        'A checkpoint is created first, so its changes to the VM can be undone. Data that it sends elsewhere cannot be undone.',
      ),
    ].join('\n'),
  };
}
