// Asks before something is done: a few lines and buttons, and Details with all the rest. Every question of the commands
// goes through here, so that all have the same order: what Enter does, one other way, Details; the editor adds Cancel.
// A second other way would be cut off in a narrow window; where there are several, they stand in a list behind one
// button.
import { t } from '@vscode/l10n';
import type { QuestionText } from '../../text/questions/questionText.js';
import { requireAnswer } from './commandError.js';
import { askModal, showModal } from './notify.js';

/**
 * Resolves to the button that was pressed.
 * @param otherWay label of a button beside the one that the question has itself
 * @throws Dismissed when the user does not want it
 */
export async function askQuestion(
  { title, lines, details, confirm, isCalm }: QuestionText,
  otherWay?: string,
): Promise<string> {
  const text = lines.join('\n');
  const more = t('Details…');
  const buttons = [
    confirm,
    ...(otherWay === undefined ? [] : [otherWay]),
    ...(details === '' || details === text ? [] : [more]),
  ];
  for (;;) {
    const button = requireAnswer(await askModal(isCalm === true ? 'info' : 'warning', title, text, ...buttons));
    if (button !== more) {
      return button;
    }
    await showModal(title, details, t('Back'));
  }
}
