// Why no program opens an image that may lead to files of others.
import { t } from '@vscode/l10n';
import { shellWord } from '../../base/shellWord.js';
import type { RefusalFacts } from '../../domain/refusal.js';
import { inQuotes } from '../quotes.js';

export function unjudgedImage({
  file: path,
  why,
  below = '',
}: RefusalFacts['unjudgedImage']): readonly [reason: string, nextStep: string] {
  const file = inQuotes(path);
  const convert = t('If you trust its source, convert it to qcow2 (qemu-img convert).');
  switch (why) {
    case 'name':
      return [t('{0} cannot be used: it is built on {1}, but does not name it by a path.', file, below), convert];
    case 'noFormat':
      return [
        t(
          '{0} does not name the format of {1}, and QEMU would guess it. Set it: {2}',
          file,
          below,
          `qemu-img rebase -u -F FORMAT -b ${shellWord(below)} ${shellWord(path)}`,
        ),
        t('Shut down the VM first.'),
      ];
    case 'format':
      return [t('{0} is not an image in the format qcow2 or raw.', file), convert];
    case 'dataFile':
      return [t('{0} cannot be used: it is encrypted or keeps its data in another file.', file), convert];
    case 'loop':
      return [t('{0} is built on itself.', file), convert];
    case 'replaced':
      return [t('Another file took the place of {0}.', file), t('Find out who replaces it, then try again.')];
  }
}
