// How far an operation is, as a line of text.
import { t } from '@vscode/l10n';
import type { Progress, SavedRamProgress } from '../../domain/operation.js';
import { bytesText } from '../bytesText.js';
import { elapsedText } from '../relativeAge.js';

/**
 * | libvirt tells | estimate | text                                  |
 * |---------------|----------|---------------------------------------|
 * | a fraction    | any      | 42 %, 12 s                            |
 * | a fraction, and what is written | any | 42 %, 12 s, 1.2 GB written, 350 MB a second |
 * | nothing       | yes      | 12 s of about 30 s                    |
 * | nothing       | exceeded | 40 s, it was thought to take 30 s     |
 * | nothing       | no       | 12 s                                  |
 */
export function progressText(progress: Progress, elapsedMs: number): string {
  const elapsed = elapsedText(elapsedMs);
  const { fraction, estimateMs, saved } = progress;
  if (fraction !== undefined) {
    const far = t('{0} %, {1}', percent(fraction), elapsed);
    return saved === undefined ? far : t('{0}, {1}', far, savedText(saved));
  }
  if (estimateMs === undefined) {
    return uncancellable(progress, elapsed);
  }
  const estimate = elapsedText(Math.max(1_000, estimateMs));
  return uncancellable(
    progress,
    elapsedMs <= estimateMs ? t('{0} of about {1}', elapsed, estimate) : t('{0} (estimate was {1})', elapsed, estimate),
  );
}

/** RAM of a guest that runs on is written again when it was changed, so that a part of it tells little. */
function savedText({ bytes, bytesPerSecond, guestStopped }: SavedRamProgress): string {
  const words = [bytesText(bytes), bytesText(bytesPerSecond)] as const;
  return guestStopped
    ? t('{0} written, {1} per second; the VM is paused until all is written', ...words)
    : t('{0} written, {1} per second', ...words);
}

/** Whole percent, never 100 before the end has been seen. */
export function percent(fraction: number): number {
  return Math.max(0, Math.min(99, Math.floor(fraction * 100)));
}

function uncancellable(progress: Progress, text: string): string {
  return progress.cancellable ? text : t('{0} (libvirt cannot cancel it)', text);
}
