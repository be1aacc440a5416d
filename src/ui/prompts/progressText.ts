// How far an operation is and what it did, as lines of text. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type {
  DeleteScope,
  OperationRequest,
  OperationResult,
  Progress,
  SavedRamProgress,
} from '../../domain/operation.js';
import { bytesText } from '../../text/bytesText.js';
import { durationText, elapsedText } from '../../text/relativeAge.js';
import { powerWord } from '../../text/words.js';

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
    elapsedMs <= estimateMs
      ? t('{0} of about {1}', elapsed, estimate)
      : t('{0}, it was thought to take {1}', elapsed, estimate),
  );
}

/** RAM of a guest that runs on is written again when it was changed, so that a part of it tells little. */
function savedText({ bytes, bytesPerSecond, guestStopped }: SavedRamProgress): string {
  const words = [bytesText(bytes), bytesText(bytesPerSecond)] as const;
  return guestStopped
    ? t('{0} written, {1} a second; the guest is stopped until all is', ...words)
    : t('{0} written, {1} a second', ...words);
}

/** Whole percent, never 100 before the end has been seen. */
export function percent(fraction: number): number {
  return Math.max(0, Math.min(99, Math.floor(fraction * 100)));
}

function uncancellable(progress: Progress, text: string): string {
  return progress.cancellable ? text : t('{0} (libvirt cannot cancel it)', text);
}

/**
 * What was done, for the status bar and the log.
 * @param title of the snapshot that the request names
 */
export function doneText(request: OperationRequest, result: OperationResult, vm: string, title: string): string {
  const took = durationText(result.durationMs);
  switch (request.kind) {
    case 'create':
      return createdText(result, vm, title);
    case 'revert':
      return t('Reverted {0} to “{1}” in {2}; it is {3} now.', vm, title, took, stateWord(result));
    case 'delete':
      return deletedText(request.scope, title, vm, took);
    case 'rename':
      return t('Renamed a snapshot of {1} to “{0}”.', title, vm);
    case 'repair':
      return t('Repaired {0} in {1}; it is {2} now.', vm, took, stateWord(result));
    case 'describe':
      return t('Changed the description of “{0}” of {1}.', title, vm);
    case 'power':
      return t('{0} is {1} now.', vm, stateWord(result));
    case 'consolidate':
      return t('Consolidated the disks of {0} in {1}.', vm, took);
    case 'prune':
      return t('Pruned the snapshots of {0} in {1}.', vm, took);
  }
}

function deletedText(scope: DeleteScope, title: string, vm: string, took: string): string {
  switch (scope) {
    case 'one':
      return t('Deleted “{0}” of {1} in {2}.', title, vm, took);
    case 'withDescendants':
      return t('Deleted “{0}” of {1} and its descendants in {2}.', title, vm, took);
    case 'descendants':
      return t('Deleted the descendants of “{0}” of {1} in {2}.', title, vm, took);
  }
}

/**
 * The stop before the title, because the status bar cuts a long text at its end. libvirt sends no event for a stop that
 * is too short; a VM that is off has nothing to stop.
 */
function createdText(result: OperationResult, vm: string, title: string): string {
  const took = durationText(result.durationMs);
  if (result.guestPausedMs !== undefined) {
    const still = durationText(result.guestPausedMs);
    return t('Snapshot in {2}, guest still for {3}: “{0}” of {1}.', title, vm, took, still);
  }
  return result.state === 'running'
    ? t('Snapshot in {2}, no stop of the guest seen: “{0}” of {1}.', title, vm, took)
    : t('Snapshot in {2}: “{0}” of {1}.', title, vm, took);
}

function stateWord(result: OperationResult): string {
  return powerWord({ power: result.state, powerReason: 'other', managedSave: false });
}
