// How file systems and folders of a restore point are listed.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { failureText } from '../../text/failures/failureText.js';
import type { NodeFacts } from './read/guestFileSystem.js';
import type { Volume } from './read/volumes.js';
import { readFailure } from './readFailure.js';

/** What a volume is, and why it cannot be read. */
export function volumeText({ type, system, fault }: Volume): string {
  if (system !== undefined) {
    return [
      type ?? '',
      ...(system.label === '' ? [] : [`“${displayLine(system.label)}”`]),
      ...(system.journal === 'replayed' ? [t('as after a power cut: its journal was replayed')] : []),
      ...(system.journal === 'notReplayed' ? [t('as after a power cut: its journal was not replayed')] : []),
    ].join(', ');
  }
  return fault !== undefined
    ? failureText(readFailure(fault, type ?? '')).sentence
    : type === undefined
      ? t('unknown')
      : t('{0}: Virt Rewind cannot read it', type);
}

export function volumeRow(volume: Volume): readonly string[] {
  return [volume.name, bytesText(volume.bytes), volumeText(volume)];
}

const kindLetters = { file: '-', folder: 'd', link: 'l', other: '?' } as const;

/** As `ls -l` has it. */
export function modeText({ kind, mode }: Pick<NodeFacts, 'kind' | 'mode'>): string {
  const letters = Array.from('rwxrwxrwx')
    .map((letter, bit) => (((mode ?? 0) >>> (8 - bit)) & 1 ? letter : '-'))
    .join('');
  return mode === undefined ? kindLetters[kind] : `${kindLetters[kind]}${letters}`;
}
