// What is said of a file or folder that goes back into the VM: before, after, and where it did not.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { freeTitle } from '../../../domain/snapshotName.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { CopyStopped } from '../../../session/copyStopped.js';
import { bytesText } from '../../../text/bytesText.js';
import { copyStoppedText } from '../../../text/guests/copyText.js';
import type { RestoreFault } from './restoreFault.js';
import type { PlannedRestore, RestoreResult } from './restoreToGuest.js';

/** Of the snapshot that holds what the VM was before: the same in each language, as those of other checkpoints. */
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
    t('The previous state was saved as {0}.', displayLine(restored.checkpoint)),
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

export function restoreStoppedText(error: RestoreFault | CopyStopped, vm: string): string {
  if (error instanceof CopyStopped) {
    return copyStoppedText(error, vm);
  }
  const what = faultSentence(error);
  const { left } = error;
  if (left === undefined) {
    return t('{0} Nothing was replaced.', what);
  }
  const path = displayLine(left.path);
  return left.is === 'inPlace'
    ? t('{0} {1} in {2} is incomplete. Copy it again.', what, path, displayLine(vm))
    : t('{0} Parts of it, or what was there before, may be in {1} as {2}.', what, displayLine(vm), path);
}

function faultSentence({ fault, detail }: RestoreFault): string {
  const shown = displayLine(detail);
  switch (fault) {
    case 'tooLarge':
      return t(
        'More than {0} is too much for the guest agent. Copy it to this computer with virt-rewind files, and send it over the network.',
        bytesText(Number(detail)),
      );
    case 'noFolder':
      return t('{0} is not an absolute path, or its folder does not exist in the guest.', shown);
    case 'otherKind':
      return t('A folder cannot replace a file, nor a file a folder or a device. Name another target.');
    case 'mounted':
      return t('Another file system is mounted at {0}. Unmount it, or restore single files.', shown);
    case 'notOnDisk':
      return t(
        'The target is on {0}, not on a disk of the VM, so a snapshot cannot save what is there. Name another target.',
        shown,
      );
    case 'needsPrograms':
      return t('The guest agent runs no programs (guest-exec), so only single files can be restored.');
    case 'changed':
      return t('{0} changed meanwhile. Try again.', shown);
    case 'differs':
      return t('What arrived in the guest differs from what was sent.');
    case 'failed':
      return t('The guest reported an error: {0}', shown);
    case 'silent':
      return t('The guest did not answer in time.');
    case 'unknown':
      return t(
        'The guest did not answer in time, so it is not known whether {0} was replaced. Check it in the guest.',
        shown,
      );
  }
}
