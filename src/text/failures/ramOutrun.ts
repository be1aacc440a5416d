// That a guest wrote to its RAM faster than it was saved. A part of failureText; knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import { bytesText } from '../bytesText.js';

/** Undefined: that is not what happened. */
export function outrunSentence({ outrunBytes, vm = '' }: FailureDetails): string | undefined {
  return outrunBytes === undefined
    ? undefined
    : t(
        '{0} writes to its RAM faster than it can be saved, and could not be paused. The snapshot was cancelled after {1} and left nothing behind.',
        vm,
        bytesText(outrunBytes),
      );
}
