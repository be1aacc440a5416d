// What is said of a file or folder that goes back into the VM: before, and after.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { freeTitle } from '../../../domain/snapshotName.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { bytesText } from '../../../text/bytesText.js';
import { savedText } from '../../../text/guests/copyFailure.js';
import type { PlannedRestore, RestoreResult } from './restoreToGuest.js';

/** The title of the snapshot of the state before: the same in each language, as those of other checkpoints. */
export function checkpointTitleOf(target: string, existing: readonly Pick<Snapshot, 'name' | 'title'>[]): string {
  return freeTitle(`Before restoring ${displayLine(target, 100)}`, existing);
}

export function restoreTitle({ target }: PlannedRestore, vm: string): string {
  return t('Restore {0} in {1}?', displayLine(target.path), displayLine(vm));
}

/** What is done, and what is lost in the guest. */
export function restoreLines({ survey, target }: PlannedRestore): readonly string[] {
  const { files, bytes, leftOut, kind } = survey;
  return [
    t('Size: {0}, files: {1}', bytesText(bytes), files),
    target.kind === 'none'
      ? t('It does not exist in the VM now.')
      : kind === 'folder'
        ? t('Replaces the folder that is there now, with all files in it.')
        : t('Replaces the file that is there now.'),
    t('The current state of the VM is saved first as a snapshot.'),
    ...(leftOut > 0 ? [leftOutLine(leftOut)] : []),
    ...(target.way === 'inPlace' ? [inPlaceLine()] : []),
  ];
}

export function restoredLines(restored: RestoreResult, vm: string): readonly string[] {
  return [
    t('Restored {0} in {1}.', displayLine(restored.path), displayLine(vm)),
    ...(restored.leftOut > 0 ? [leftOutLine(restored.leftOut)] : []),
    ...(restored.way === 'inPlace' ? [inPlaceLine()] : []),
    ...(restored.left === undefined
      ? []
      : [t('What was there before could not be deleted, and is now in {0}.', displayLine(restored.left))]),
    ...savedText({ saved: restored.checkpoint }),
  ];
}

function leftOutLine(count: number): string {
  return t('Left out, because they are devices, sockets or pipes, or their names are no text: {0}', count);
}

function inPlaceLine(): string {
  return t(
    'The guest agent runs no programs, so the file is written in its place. Its owner, permissions and time are not restored.',
  );
}
