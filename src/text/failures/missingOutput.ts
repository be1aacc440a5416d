// That nobody knows how a program in a guest ended. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';

/** Undefined: that is not what happened. */
export function missingOutputSentence({ outputLost }: FailureDetails): string | undefined {
  if (outputLost === 'unheard') {
    return t(
      'The program was started, but its result is lost: the guest agent answered too late or was restarted. It reports a result only once.',
    );
  }
  // A string of libvirt's protocol has 4 MiB at most, and the agent's answer is base64.
  return outputLost === 'tooLarge'
    ? t('The program has ended, but its output exceeds {0}, the limit of libvirt. Its exit code is lost too.', '3 MiB')
    : undefined;
}
