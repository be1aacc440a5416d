// Before a VM is restored without parts that its backup names: whether it is, or with those of the host.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { askQuestion } from '../../../ui/prompts/askQuestion.js';
import { leftOutLines } from '../doneText.js';
import type { RestoreUse } from '../restore/planRestore.js';

/**
 * Asks nothing where nothing is left out.
 * @param mayKeep absent: it is restored without them, or not at all
 * @returns whether parts of the host are kept
 * @throws Dismissed when it is not wanted
 */
export async function asksForParts(use: RestoreUse, mayKeep?: 'mayKeep'): Promise<boolean> {
  const lines = leftOutLines(use);
  if (lines.length === 0) {
    return false;
  }
  const keep = t('Restore With Host Parts');
  const title = t('Restore {0}?', displayLine(use.name));
  const question = { title, lines, details: lines.join('\n'), confirm: t('Restore') };
  return (await askQuestion(question, mayKeep && keep)) === keep;
}
