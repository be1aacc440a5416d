// What a failure left, as far as it was seen: what became of the operation, what lies about, the state of the VM. A part
// of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails, Leftover } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { listNames } from './lossText.js';
import { titleIn } from './operationProgress.js';
import { recoveryText } from './recoveryText.js';
import { stateWord } from './words.js';

/** Sentences; empty where nothing is known. */
export function aftermathText(details: FailureDetails): readonly string[] {
  return [
    ...recoveredFirstText(details),
    ...recoveredText(details),
    ...deletedText(details),
    ...(details.thawed === true ? [t('The guest’s file systems stood still and were let go on.')] : []),
    ...(details.left ?? []).map((one) => leftoverText(one)),
    ...stateText(details),
  ];
}

function recoveredFirstText({ recoveredFirst }: FailureDetails): readonly string[] {
  return recoveredFirst === undefined
    ? []
    : [recoveryText(recoveredFirst, titleIn({}, recoveredFirst.request)).message];
}

/** Whatever needs a person is told by itself, with the commands that lead out. */
function recoveredText({ recovered, vm, stateBefore }: FailureDetails): readonly string[] {
  if (recovered === undefined) {
    return [];
  }
  switch (recovered) {
    case 'before':
      return [
        vm === undefined || stateBefore !== undefined
          ? t('What had been begun was undone.')
          : t('{0} is as it was before.', vm),
      ];
    case 'after':
      return [t('It was brought to its end all the same.')];
    case 'partly':
      return [t('What was done before stays done; the rest was not begun.')];
    case 'explained':
    case 'failed':
      return [t('It stands half way.')];
  }
}

/** Which of them, where not all are. */
function deletedText({ recovered, deleted = [] }: FailureDetails): readonly string[] {
  const isWhole = recovered === 'before' || recovered === 'after';
  return isWhole || deleted.length === 0 ? [] : [t('Deleted by now: {0}.', listNames(deleted))];
}

function leftoverText(left: Leftover): string {
  switch (left.kind) {
    case 'pausedSaving':
      return t('The VM is left paused, as if it were still being saved: the doctor can resume it.');
    case 'frozen':
      return t('The guest’s file systems still stand still: the doctor can let them go on.');
    case 'tag':
      return t(
        'A part of the snapshot is left in “{0}”, where it takes space: the doctor can remove it.',
        displayLine(left.file),
      );
    case 'file':
      return t('The file “{0}” is left: the doctor says whether anybody needs it.', displayLine(left.file));
    case 'snapshot':
      return t(
        'The snapshot {0} was taken for it and stays: delete it if nobody needs it.',
        displayLine(left.snapshot),
      );
    case 'vm':
      return t('{0} is left, and could not be thrown away: try again.', displayLine(left.vm));
  }
}

function stateText({ stateNow, vm, qemuEnded }: FailureDetails): readonly string[] {
  if (stateNow === undefined) {
    return [];
  }
  const state = stateWord(stateNow);
  return [
    ...(qemuEnded === true
      ? [t('Its QEMU ended: RAM that no snapshot holds is lost, and its disks are as after a power cut.')]
      : []),
    vm === undefined ? t('The VM is {0} now.', state) : t('{0} is {1} now.', vm, state),
  ];
}
