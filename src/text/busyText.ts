// Who holds a VM that somebody else works at, and what to do about it.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';
import type { FailureText } from './failureSentences.js';
import { durationText } from './relativeAge.js';

export function busyText({
  vm,
  editor,
  heldByNobody,
  unanswered,
  mayStillHappen,
}: FailureDetails): Pick<FailureText, 'sentence' | 'nextStep'> {
  if (heldByNobody === true) {
    return {
      sentence:
        vm === undefined
          ? t('libvirt waits for a job at which nobody seems to work.')
          : t('libvirt waits for a job of {0} at which nobody seems to work.', vm),
      nextStep: t('Try again; if it stays so, restart libvirt’s service (libvirtd or virtqemud); running VMs go on.'),
    };
  }
  if (unanswered !== undefined) {
    const [name, span] = [vm ?? '', durationText(unanswered.ms)];
    return {
      sentence:
        unanswered.by === 'job'
          ? t('libvirt’s job on {0} has run for {1}, and its QEMU does not answer.', name, span)
          : t('The QEMU of {0} has not answered libvirt for {1}.', name, span),
      nextStep:
        mayStillHappen === true
          ? `${t('What it was asked for may still happen.')} ${waitOrForceOff(name)}`
          : waitOrForceOff(name),
    };
  }
  return { sentence: holder(vm, editor), nextStep: t('Try again when it has ended.') };
}

/** Forcing it off ends a QEMU that hangs, in a job too (measured on 9.0). */
export function waitOrForceOff(vm: string): string {
  return t('Wait for it. If QEMU hangs for good, force {0} off: what only its RAM holds is lost.', vm);
}

function holder(vm: string | undefined, editor: string | undefined): string {
  if (vm === undefined) {
    return t('Another operation is under way.');
  }
  return editor === undefined
    ? t('Another operation holds {0}.', vm)
    : t('{0}, perhaps in another window, is carrying out an operation on {1}.', editor, vm);
}
