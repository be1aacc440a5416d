// That a guest did nothing of what it was asked for, and what can be done then. A part of failureText; knows nothing of
// the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../../domain/failure.js';
import type { FailureButton } from './failureSentences.js';

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
