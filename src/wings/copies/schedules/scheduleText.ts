// How the last run of a schedule ended, as sentences.
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { t } from '@vscode/l10n';
import type { RunState, Schedule } from './schedule.js';

export function stateText(state: RunState): string {
  switch (state) {
    case 'never':
      return t('none yet');
    case 'running':
      return t('running');
    case 'done':
      return t('done');
    case 'failed':
      return t('failed');
    case 'interrupted':
      return t('interrupted');
  }
}

/** Where a timer of this user ends with their login. */
export function lingerLines(by: Schedule['by']): readonly string[] {
  if (by === 'editor') {
    return [t('Neither systemd nor cron runs here: it runs while an editor with Virt Rewind is open.')];
  }
  return by === 'systemd' && process.geteuid?.() !== 0 && !existsSync(`/var/lib/systemd/linger/${userInfo().username}`)
    ? [t('It runs while you are logged in. To run it always: {0}.', 'loginctl enable-linger')]
    : [];
}
