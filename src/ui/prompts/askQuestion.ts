// Asks before something is done: a few lines and buttons, and Details with all the rest. Every question of the commands goes
// through here, so that all have the same order: what Enter does, other ways, Details; the editor adds Cancel.
import { t } from '@vscode/l10n';
import type { QuestionText } from '../../text/questionText.js';
import { answered } from './commandError.js';
import { askModal, showModal } from './notify.js';

/**
 * Resolves to the button that was pressed.
 * @param otherWays labels of the buttons beside the one that the question has itself
 * @throws Dismissed when the user does not want it
 */
export async function askQuestion(
  { title, lines, details, confirm }: QuestionText,
  ...otherWays: readonly string[]
): Promise<string> {
  const text = lines.join('\n');
  const more = t('Details…');
  const buttons = [confirm, ...otherWays, ...(details === '' || details === text ? [] : [more])];
  for (;;) {
    const button = answered(await askModal(title, text, ...buttons));
    if (button !== more) {
      return button;
    }
    await showModal(title, details, t('Back'));
  }
}
