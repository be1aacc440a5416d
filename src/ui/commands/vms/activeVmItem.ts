// The place in the status bar of the VM that somebody works with; who does not want it hides it there.
import { t } from '@vscode/l10n';
import { type StatusItem, statusItem } from '../../prompts/notify.js';

export function activeVmItem(): StatusItem {
  return statusItem('virtRewind.vm', t('Active VM'), 'vm');
}
