// The two lines of text that people write about a snapshot.
import { t } from '@vscode/l10n';
import type { Snapshot } from '../../domain/snapshot.js';
import { longestTitle, titleProblem } from '../../domain/snapshotName.js';
import { askText } from './ask.js';
import { answered } from './commandError.js';
import { fromOneLine, lineBreak, toOneLine } from './oneLine.js';

/** Checked as it is typed. */
export async function askTitle(value: string, others: readonly Pick<Snapshot, 'name' | 'title'>[]): Promise<string> {
  const title = await askText({
    title: t('Title of the Snapshot'),
    prompt: t('Any text; a name that libvirt can use is made from it.'),
    value,
    ignoreFocusOut: true,
    problem: (text) => problemText(text, others),
  });
  return answered(title).trim();
}

/** May be left empty. */
export async function askDescription(value: string): Promise<string> {
  const text = await askText({
    title: t('Description of the Snapshot'),
    prompt: t('What is in it, or why it was taken; {0} stands for a new line. May be left empty.', lineBreak),
    value: toOneLine(value),
    ignoreFocusOut: true,
  });
  return fromOneLine(answered(text));
}

function problemText(title: string, others: readonly Pick<Snapshot, 'name' | 'title'>[]): string | undefined {
  switch (titleProblem(title, others)) {
    case undefined:
      return undefined;
    case 'empty':
      return t('A snapshot needs a title.');
    case 'tooLong':
      return t('A title has at most {0} characters.', longestTitle);
    case 'controlCharacter':
      return t('A title cannot hold line breaks, control characters or characters that turn the text around.');
    case 'taken':
      return t('Another snapshot of this VM has this title or name.');
  }
}
