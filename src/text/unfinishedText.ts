// What had broken off on a VM and what would be done about it, for the person who is to decide. Knows nothing of the editor.
import { t } from '@vscode/l10n';
import type { VmView } from '../inventory/views.js';
import { displayLine } from '../domain/plainText.js';
import type { UnfinishedOperation } from '../operations/interrupted.js';
import { titleIn } from './operationProgress.js';
import { refusalText } from './refusalText.js';
import { agoText } from './relativeAge.js';
import { operationWords } from './operationText.js';

/** More are in no dialog that anybody reads to its end. */
const mostCommands = 12;

/**
 * | what would be done    | says |
 * |-----------------------|------|
 * | nothing               | that nothing is left to do |
 * | steps                 | whether they lead to before or after it, and the commands |
 * | only a person can     | why, and what helps |
 *
 * @param now milliseconds since 1970
 */
export function unfinishedText(
  { request, vm, startedAt, recovery, commands }: UnfinishedOperation,
  view: VmView,
  now: number,
): string {
  const what = operationWords(request, displayLine(titleIn(view, request)));
  const began = t('{0}: {1}, begun {2}, was interrupted.', displayLine(vm), what, agoText(startedAt, now));
  switch (recovery.kind) {
    case 'settled':
      return [began, t('Nothing is left to do.')].join('\n');
    case 'explain': {
      const { reason, nextStep } = refusalText(recovery.why);
      return [began, reason, nextStep].filter((line) => line !== '').join('\n');
    }
    case 'steps': {
      const more = commands.length - mostCommands;
      return [
        began,
        recovery.to === 'before'
          ? t('It would be undone. This would be done, after one more look at the VM:')
          : t('It would be finished. This would be done, after one more look at the VM:'),
        ...commands.slice(0, mostCommands).map((command) => displayLine(command)),
        ...(more > 0 ? [t('and {0} more', more)] : []),
      ].join('\n');
    }
  }
}
