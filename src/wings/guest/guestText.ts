// What is told of images, and of a VM of one.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { bytesText } from '../../text/bytesText.js';
import { cloudInitLog } from './guestFailure.js';
import type { ReadyGuest } from './make/untilReady.js';
import type { WantedDigest } from './images/wantedDigest.js';

/** Undefined where its signature was right, or there is none. */
export function uncheckedText({ unchecked }: Pick<WantedDigest, 'unchecked'>): string | undefined {
  return unchecked === undefined
    ? undefined
    : t('The checksum is right. Its signature was not checked: {0} is missing on this computer.', unchecked);
}

export function fetchingText(name: string, received: number, total: number | undefined): string {
  return total === undefined
    ? t('Fetching {0}: {1}', name, bytesText(received))
    : t('Fetching {0}: {1} of {2}', name, bytesText(received), bytesText(total));
}

/** @param login a line for a shell */
export function readyLines(name: string, { isPartly }: ReadyGuest, login: string | undefined): readonly string[] {
  const shown = displayLine(name);
  return [
    t('{0} is ready.', shown),
    ...(isPartly ? [t('Parts of its configuration failed: see {0} in it.', cloudInitLog)] : []),
    login === undefined
      ? t('Run programs in it: {0}', `virt-rewind run ${shown} -- PROGRAM`)
      : t('Log in: {0}', displayLine(login, 2_000)),
  ];
}
