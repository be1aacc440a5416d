// What a person has agreed to begins a moment later where nothing brings it back afterwards.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import { DismissedError } from '../prompts/commandError.js';
import { notifyProgress } from '../prompts/notify.js';
import { readSettings } from '../readSettings.js';

/** The longest line of a notification. */
const longestLine = 200;

/** What a question says of that moment; undefined: there is none. */
export function cancelSeconds(): number | undefined {
  const { deleteUndoSeconds: seconds } = readSettings();
  return seconds === 0 ? undefined : seconds;
}

/** Waits a moment for the undo of new snapshots, or restore points, of a VM or a system. */
export function undoMomentOf(name: string, titles: readonly string[]): Promise<void> {
  return waitForCancelMoment(displayLine(`${name}: ${t('deleting {0}', titles.join(', '))}`, longestLine));
}

/**
 * The moment between a confirmed delete and its beginning, in which it can be taken back: afterwards it cannot.
 * Resolves when the moment of the settings is over; at once where it is none.
 * @param what will begin, as a sentence without its end: `web: deleting before-upgrade`
 * @throws Dismissed when the user took it back
 */
export async function waitForCancelMoment(what: string): Promise<void> {
  const seconds = cancelSeconds();
  if (seconds === undefined) {
    return;
  }
  await notifyProgress(what, true, (report, cancellation) => {
    return new Promise<void>((resolve, reject) => {
      let left = seconds;
      const tell = (): void => report(t('starts in {0} s; you can still cancel', left));
      const timer = setInterval(() => {
        left -= 1;
        if (left > 0) {
          report(t('starts in {0} s; you can still cancel', left), 100 / seconds);
          return;
        }
        clearInterval(timer);
        listening.dispose();
        resolve();
      }, 1_000);
      const listening = cancellation.onCancellationRequested(() => {
        clearInterval(timer);
        listening.dispose();
        reject(new DismissedError());
      });
      tell();
    });
  });
}
