// What the filter of the view says that it looks at: all that `matches` is asked about, and nothing else.
import { t } from '@vscode/l10n';

export function filterPrompt(): string {
  return t(
    'Matches names and titles of VMs, snapshots, systems and restore points, and states of VMs, such as “{0}”. Also matches the description, Git branch and commit of a snapshot. Empty: shows all.',
    t('running'),
  );
}
