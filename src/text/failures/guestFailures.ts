// What is said where a guest did nothing of what it was asked for, where nobody knows how a program in it ended, and
// where it wrote to its RAM faster than that was saved.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import type { FailureButton } from './failureSentences.js';
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

/** Undefined where it was something else. */
export function silentSentence({ silentMs, vm = t('VM'), noAgent }: FailureDetails): string | undefined {
  if (silentMs === undefined) {
    return undefined;
  }
  const time = t('{0} s', Math.round(silentMs / 1_000));
  return noAgent === true
    ? t('The guest agent of {0} did not respond within {1}.', vm, time)
    : t('{0} did not respond to the power button within {1}.', vm, time);
}

/**
 * To wait on is to press the button once more: a guest that is at it already takes no notice. An agent is asked again
 * by the doctor.
 */
export function silentButtons({ request, connection, vm, noAgent }: FailureDetails): readonly FailureButton[] {
  const given = [{ vm: request?.vm.uuid ?? vm, ...(connection === undefined ? {} : { connection }) }];
  const isRestart = request?.kind === 'power' && request.action === 'restart';
  const wait: FailureButton = {
    title: t('Keep Waiting'),
    command: isRestart ? 'virtRewind.restart' : 'virtRewind.shutDown',
    arguments: given,
  };
  return [
    ...(noAgent === true ? [] : [wait]),
    { title: t('Force Off…'), command: 'virtRewind.forceOff', arguments: given },
  ];
}
