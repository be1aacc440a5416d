// That a guest did nothing of what it was asked for, and what can be done then. A part of failureText; knows nothing of
// the editor.
import { t } from '@vscode/l10n';
import type { FailureDetails } from '../domain/failure.js';
import type { FailureButton } from './failureSentences.js';

/** Undefined where it was something else. */
export function silentSentence({ silentMs, vm }: FailureDetails): string | undefined {
  if (silentMs === undefined) {
    return undefined;
  }
  const time = t('{0} s', Math.round(silentMs / 1_000));
  return t('{0} did not respond to the power button within {1}.', vm ?? t('VM'), time);
}

/** To wait on is to press the button once more: a guest that is at it already takes no notice. */
export function silentButtons({ request, connection, vm }: FailureDetails): readonly FailureButton[] {
  const given = [{ vm: request?.vm.uuid ?? vm, ...(connection === undefined ? {} : { connection }) }];
  const isRestart = request?.kind === 'power' && request.action === 'restart';
  return [
    {
      title: t('Keep Waiting'),
      command: isRestart ? 'virtRewind.restart' : 'virtRewind.shutDown',
      arguments: given,
    },
    { title: t('Force Off…'), command: 'virtRewind.forceOff', arguments: given },
  ];
}
