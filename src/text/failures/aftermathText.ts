// What a failure left, as far as it was seen: what became of the operation, what lies about, the state of the VM. A
// part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails, Leftover } from '../../domain/failure.js';
import { displayLine } from '../../domain/plainText.js';
import { listNames } from '../listNames.js';
import { titleIn } from '../operations/operationProgress.js';
import { recoveryText } from '../operations/recoveryText.js';
import { stateWord, usedSinceText } from '../words.js';
import { repairBy, wayTo } from '../ways.js';
import { quoteForShell } from '../../domain/quoteForShell.js';

/** Sentences; empty where nothing is known. */
export function aftermathText(details: FailureDetails): readonly string[] {
  return [
    ...recoveredFirstText(details),
    ...recoveredText(details),
    ...deletedText(details),
    ...(details.thawed === true ? [t('The guest’s file systems were frozen and have been thawed.')] : []),
    ...(details.left ?? []).map((one) => leftoverText(one, details.vm)),
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
          ? t('The part that was already done was undone.')
          : t('{0} is in the same state as before.', vm),
      ];
    case 'after':
      return [t('It was completed anyway.')];
    case 'partly':
      return [t('Completed steps stay. The other steps did not start.')];
    case 'explained':
    case 'failed':
      return [t('The operation stopped in the middle.')];
  }
}

/** Which of them, where not all are. */
function deletedText({ recovered, deleted = [] }: FailureDetails): readonly string[] {
  const isWhole = recovered === 'before' || recovered === 'after';
  return isWhole || deleted.length === 0 ? [] : [t('Deleted so far: {0}.', listNames(deleted))];
}

function leftoverText(left: Leftover, vm: string | undefined): string {
  switch (left.kind) {
    case 'pausedSaving':
      return t('The VM is still paused, as if it were being saved. Resume it: {0}', repairBy('resumeAfterSave', vm));
    case 'frozen':
      return t('The guest’s file systems may still be frozen. Thaw them: {0}', thawCommand(vm));
    case 'tag':
      return t(
        'Part of the snapshot is left in “{0}” and uses space. Remove it: {1}',
        displayLine(left.file),
        wayTo('repair', vm),
      );
    case 'file':
      return t('The file “{0}” is left. Whether something needs it: {1}', displayLine(left.file), wayTo('examine', vm));
    case 'snapshot':
      return t(
        'The snapshot {0} was created for this operation and still exists. Delete it if nothing needs it.',
        displayLine(left.snapshot),
      );
    case 'vm':
      return left.used === true
        ? usedSinceText(left.vm)
        : t('{0} could not be deleted and still exists. Try again.', displayLine(left.vm));
  }
}

function stateText({ stateNow, vm, qemuEnded }: FailureDetails): readonly string[] {
  if (stateNow === undefined) {
    return [];
  }
  const state = stateWord(stateNow);
  return [
    ...(qemuEnded === true
      ? [t('The VM’s QEMU process ended. RAM that is in no snapshot is lost, and the disks are as after a power cut.')]
      : []),
    vm === undefined ? t('The VM is now {0}.', state) : t('{0} is now {1}.', vm, state),
  ];
}

/** It works where the agent is silent, too: the doctor then sees nothing to thaw. */
function thawCommand(vm = 'VM'): string {
  return `virsh domfsthaw ${quoteForShell(vm)}`;
}
