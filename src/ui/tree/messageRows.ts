// Rows that say why there is nothing, or nothing new, and what a click on them does.
import { t } from '@vscode/l10n';
import type { AnyCommandId } from '../../verbs/verbs.js';
import type { Failure } from '../../domain/failure.js';
import type { FactList } from '../../text/rows/factList.js';
import { failureText } from '../../text/failures/failureText.js';
import type { MessageNode } from './nodes.js';
import type { Row } from '../../text/rows/rows.js';

export interface MessageRow extends Row {
  readonly click: { readonly title: string; readonly command: AnyCommandId };
}

/** @param failure what the row is about, where it is about one */
export function messageRow(node: MessageNode, failure: Failure | undefined): MessageRow | undefined {
  switch (node.about) {
    case 'failure':
      return failureRow(node, failure);
    case 'idle':
      return row(t('Not connected'), t('Click to connect'), 'plug', 'connectable', connect());
    case 'connecting':
      return row(t('Connecting…'), '', 'loading~spin', '', { title: t('Show Log'), command: 'virtRewind.showLog' });
    case 'noVms':
      return row(t('No VMs'), t('New VMs appear automatically'), 'info', '', {
        title: t('Refresh'),
        command: 'virtRewind.refresh',
      });
    case 'noMatch':
      return row(t('The filter hides all VMs'), t('Click to clear the filter'), 'filter', '', {
        title: t('Clear Filter'),
        command: 'virtRewind.clearFilter',
      });
    case 'note':
      // A wing makes it.
      return undefined;
  }
}

export function messageFacts(failure: Failure | undefined): FactList | undefined {
  if (failure === undefined) {
    return undefined;
  }
  const { sentence, nextStep } = failureText(failure);
  return { heading: sentence, ...(nextStep === '' ? {} : { text: nextStep }), lines: [] };
}

function failureRow(node: MessageNode, failure: Failure | undefined): MessageRow {
  const text = failure === undefined ? undefined : failureText(failure);
  const isVm = node.ref !== undefined;
  return row(
    text?.sentence ?? t('The operation failed.'),
    text?.nextStep ?? '',
    'warning',
    isVm ? 'failure' : 'failure;connectable',
    isVm ? { title: t('Refresh'), command: 'virtRewind.refresh' } : connect(),
  );
}

function connect(): MessageRow['click'] {
  return { title: t('Connect'), command: 'virtRewind.connect' };
}

function row(label: string, description: string, icon: string, tokens: string, click: MessageRow['click']): MessageRow {
  return {
    label,
    description,
    words: description,
    icon: { name: icon },
    context: tokens === '' ? 'message;' : `message;${tokens};`,
    opens: 'never',
    spoken: description === '' ? label : `${label}, ${description}`,
    click,
  };
}
