// The two lines of text that people write about a snapshot.
import { t } from '@vscode/l10n';
import type { Snapshot } from '../../domain/snapshot.js';
import { longestTitle, titleProblem } from '../../domain/snapshotName.js';
import { askText, askTextOr } from './ask.js';
import { askUntil } from './askUntil.js';
import type { askInEditor } from './askInEditor.js';
import { requireAnswer } from './commandError.js';
import { fromOneLine, lineBreak, toOneLine } from './oneLine.js';

/** The VM of a question, and its number among all questions. */
export interface QuestionStep {
  readonly vm: string;
  readonly step?: readonly [at: number, of: number];
  /** What is known by now of what was asked before. */
  readonly note?: string | undefined;
}

/** What the editor itself shows of a step. */
function titleWithStep(title: string, { step }: QuestionStep): string {
  return step === undefined ? title : t('{0} ({1}/{2})', title, ...step);
}

export function kindTitle(asking: QuestionStep): string {
  return titleWithStep(t('Kind of the Snapshot of {0}', asking.vm), asking);
}

export function disksTitle(asking: QuestionStep): string {
  return titleWithStep(t('Disks of the Snapshot of {0}', asking.vm), asking);
}

/** Checked as it is typed. */
export async function askTitle(
  value: string,
  others: readonly Pick<Snapshot, 'name' | 'title'>[],
  asking: QuestionStep,
): Promise<string> {
  const title = await askText({
    title: titleWithStep(t('Title of the Snapshot of {0}', asking.vm), asking),
    prompt: [asking.note ?? '', t('Any text. The name for libvirt is derived from it.')].join(' ').trim(),
    value,
    ignoreFocusOut: true,
    problem: (text) => problemText(text, others),
  });
  return requireAnswer(title).trim();
}

/** May be left empty. One of several lines is written in an editor, and any on request. */
export async function askDescription(value: string, asking: QuestionStep): Promise<string> {
  return (await askDescriptionAndDate(value, asking, false)).description;
}

/** With a button for a date. @param hasDate whether it is there */
export async function askDescriptionAndDate(
  value: string,
  asking: QuestionStep,
  hasDate: boolean,
): Promise<{ readonly description: string; readonly until?: number }> {
  const name = t('Description of the Snapshot of {0}', asking.vm);
  const title = titleWithStep(name, asking);
  if (value.includes('\n')) {
    return { description: await inEditor(name, value, title) };
  }
  const question = {
    title,
    prompt: t('What the snapshot contains, or why you created it. Type {0} for a new line. Optional.', lineBreak),
    value: toOneLine(value),
  };
  const [inOne, date] = [{ label: t('Write in an Editor'), icon: 'edit' }, dateButton()];
  const { text, pressed } = requireAnswer(await askTextOr(question, ...(hasDate ? [date, inOne] : [inOne])));
  const typed = fromOneLine(text);
  return pressed === date.label
    ? { description: typed, until: await askUntil(date.label) }
    : { description: pressed === undefined ? typed : await inEditor(name, typed, title) };
}

/** In the box of a snapshot that is created. */
export function dateButton(): { readonly label: string; readonly icon: string } {
  return { label: t('Keep Until…'), icon: 'calendar' };
}

async function inEditor(...asked: Parameters<typeof askInEditor>): Promise<string> {
  const editor = await import('./askInEditor.js');
  return editor.askInEditor(...asked);
}

function problemText(title: string, others: readonly Pick<Snapshot, 'name' | 'title'>[]): string | undefined {
  switch (titleProblem(title, others)) {
    case undefined:
      return undefined;
    case 'empty':
      return t('A snapshot needs a title.');
    case 'tooLong':
      return t('A title can have at most {0} characters.', longestTitle);
    case 'controlCharacter':
      return t('A title cannot contain line breaks, control characters or characters that change the text direction.');
    case 'taken':
      return t('The name is already used.');
  }
}
