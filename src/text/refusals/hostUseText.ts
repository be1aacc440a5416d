// How the host itself uses a disk, and what ends that.
import { t } from '@vscode/l10n';
import type { HostUse } from '../../domain/hostFiles.js';
import { displayLine } from '../../domain/plainText.js';
import { quoteForShell } from '../../domain/quoteForShell.js';
import { quotedPath } from '../problems/problemSentence.js';

export function usedByHostText(file: string, how: HostUse['how'], where: string): string {
  switch (how) {
    case 'loop':
      return t('The host itself uses {0}, as {1}.', quotedPath(file), displayLine(where));
    case 'mounted':
      return t('The host itself uses {0}: it is mounted at {1}.', quotedPath(file), quotedPath(where));
    case 'swap':
      return t('The host itself uses {0} as swap.', quotedPath(file));
  }
}

/** What ends it. */
export function endHostUseText(how: HostUse['how'], where: string): string {
  const word = displayLine(quoteForShell(where));
  switch (how) {
    case 'loop':
      return t('Unmount what is mounted from it, then detach it (“losetup -d {0}”).', word);
    case 'mounted':
      return t('Unmount it (“umount {0}”).', word);
    case 'swap':
      return t('Turn it off (“swapoff {0}”).', word);
  }
}
