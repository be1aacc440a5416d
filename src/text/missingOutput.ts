// That nobody knows how a program in a guest ended. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';

/** Undefined: that is not what happened. */
export function missingOutputSentence({ outputLost }: FailureDetails): string | undefined {
  if (outputLost === 'unheard') {
    return t(
      'The program was begun, but how it ended is lost: the guest agent answered too late, and tells it once, or was restarted.',
    );
  }
  // A string of libvirt's protocol has 4 MiB at most, and the agent's answer is base64.
  return outputLost === 'tooLarge'
    ? t(
        'The program has ended, but wrote more than {0}, which libvirt does not pass on: its exit code is lost too.',
        '3 MiB',
      )
    : undefined;
}
