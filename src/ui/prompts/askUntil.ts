// Until when a snapshot is kept: picked, or typed as on the command line.
import { t } from '@vscode/l10n';
import { fullTime } from '../../domain/clockText.js';
import { parseUntil } from '../../domain/untilDate.js';
import { askText } from './ask.js';
import { requireAnswer } from './commandError.js';
import { pick } from './pickTarget.js';

const dayMs = 24 * 3_600_000;

/** @param set the date that is set already */
export async function askUntil(title: string, set?: number): Promise<number> {
  const now = Date.now();
  const endOfDay = (days: number): number => new Date(now + days * dayMs).setHours(23, 59, 59, 0);
  const choices = [
    ...(set === undefined ? [] : [{ label: t('No Change'), icon: 'check', value: set }]),
    { label: t('Tomorrow'), value: endOfDay(1) },
    { label: t('A Week'), value: endOfDay(7) },
    { label: t('A Month'), value: endOfDay(30) },
  ].map((choice) => ({ ...choice, description: fullTime(choice.value) }));
  const placeHolder = t('How long is it kept? It is deleted afterwards.');
  const picked = await pick([...choices, { label: t('Other…'), value: 0 }], placeHolder, title);
  if (picked !== 0) {
    return picked;
  }
  const prompt = t('A day, a time or an age: {0}', 'friday, 2026-12-24, 2026-12-24 18:00, 12h, 3d, 2w');
  const text = requireAnswer(await askText({ title, prompt, ignoreFocusOut: true, problem: untilProblem }));
  const until = parseUntil(text, Date.now());
  return typeof until === 'number' ? until : askUntil(title, set);
}

export function untilProblem(text: string): string | undefined {
  switch (parseUntil(text, Date.now())) {
    case 'past':
      return t('{0} is in the past.', text.trim());
    case 'unclear':
      return t('That is no day, time or age.');
    default:
      return undefined;
  }
}
