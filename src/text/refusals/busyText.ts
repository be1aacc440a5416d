// Who holds a VM that somebody else works at, and what to do about it.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import { lockedImage } from '../../domain/imageLock.js';
import { displayLine } from '../../domain/plainText.js';
import type { FailureText } from '../failures/failureSentences.js';
import { heldText } from './fileRefusals.js';
import { durationText } from '../relativeAge.js';

export function busyText({
  vm,
  editor,
  heldByNobody,
  unanswered,
  mayStillHappen,
  libvirtMessage = '',
}: FailureDetails): Pick<FailureText, 'sentence' | 'nextStep'> {
  const image = lockedImage(libvirtMessage);
  if (image !== undefined) {
    const [sentence, nextStep] = heldText(displayLine(image));
    return { sentence, nextStep };
  }
  if (heldByNobody === true) {
    return {
      sentence:
        vm === undefined
          ? t('libvirt is waiting for a job that no program seems to run.')
          : t('libvirt is waiting for a job of {0} that no program seems to run.', vm),
      nextStep: t(
        'Try again. If the problem remains, restart the libvirt service (libvirtd or virtqemud). Running VMs are not affected.',
      ),
    };
  }
  if (unanswered !== undefined) {
    const [name, span] = [vm ?? '', durationText(unanswered.ms)];
    return {
      sentence:
        unanswered.by === 'job'
          ? t('The libvirt job on {0} has been running for {1}, but QEMU does not respond.', name, span)
          : t('The QEMU process of {0} has not responded to libvirt for {1}.', name, span),
      nextStep:
        mayStillHappen === true
          ? `${t('The requested operation may still happen.')} ${waitOrForceOff(name)}`
          : waitOrForceOff(name),
    };
  }
  return { sentence: holder(vm, editor), nextStep: t('Try again when it has finished.') };
}

/** Forcing it off ends a QEMU that hangs, in a job too (measured on 9.0). */
export function waitOrForceOff(vm: string): string {
  return t('Wait for it. If QEMU does not recover, force off {0}: data that is only in its RAM is then lost.', vm);
}

function holder(vm: string | undefined, editor: string | undefined): string {
  if (vm === undefined) {
    return t('Another operation is running.');
  }
  return editor === undefined
    ? t('Another operation is running on {0}.', vm)
    : t('{0}, perhaps in another window, is running an operation on {1}.', editor, vm);
}
