// What a question that lasts waits for.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { SlowLook } from '../../operations/slowLook.js';
import { factWords } from '../refusals/factWords.js';

export function slowLookText({ waitsFor }: SlowLook): string {
  return t('waiting for: {0}', displayLine(factWords(waitsFor())));
}
