// At which moments of the work settings want a checkpoint, how it is called, and what is said of it.
import { t } from '@vscode/l10n';
import { automaticTitles } from '../../../domain/automaticTitles.js';
import { displayLine } from '../../../domain/plainText.js';
import type { Settings } from '../../../manifest/settings.js';
import { taskType } from '../../../manifest/viewIds.js';

/** Its name is that of the debug configuration, the task or the branch. */
export interface Occasion {
  readonly kind: 'debugging' | 'task' | 'branch';
  readonly name: string;
}

/** A title has 200 characters at most, and a number behind it where it is taken. */
const longestName = 120;

const titles = {
  debugging: automaticTitles.beforeDebugging,
  task: automaticTitles.atTaskStart,
  branch: automaticTitles.afterBranchSwitch,
} as const satisfies Record<Occasion['kind'], (name: string) => string>;

export function occasionTitle({ kind, name }: Occasion): string {
  return titles[kind](displayLine(name, longestName)).trim();
}

/**
 * Sessions that start while another one runs belong to it: those of one launch, and those that a debugger opens itself.
 */
export function isWantedBeforeDebugging(
  { checkpointBeforeDebugging: wanted }: Pick<Settings, 'checkpointBeforeDebugging'>,
  configuration: string,
  sessions: number,
): boolean {
  return sessions === 0 && (typeof wanted === 'boolean' ? wanted : wanted.includes(configuration.trim()));
}

/**
 * Found tasks are called by their source, too, as the editor lists them: `npm: build`. A task of ours takes what it is
 * to take.
 */
export function isWantedAtTaskStart(
  { checkpointAtTaskStart: wanted }: Pick<Settings, 'checkpointAtTaskStart'>,
  { name, source, type }: { readonly name: string; readonly source: string; readonly type: string },
): boolean {
  return type !== taskType && [name, `${source}: ${name}`].some((one) => wanted.includes(one.trim()));
}

/** @param what the VM or system */
export function takenText({ kind, name }: Occasion, what: string): string {
  const of = displayLine(what);
  const at = displayLine(name, longestName);
  switch (kind) {
    case 'debugging':
      return t('Created a checkpoint of {0} before debugging {1}.', of, at);
    case 'task':
      return t('Created a checkpoint of {0} when the task {1} started.', of, at);
    case 'branch':
      return t('Created a checkpoint of {0} after the switch to {1}.', of, at);
  }
}

/** @param why a sentence */
export function notTakenText({ kind, name }: Occasion, why: string): string {
  const at = displayLine(name, longestName);
  switch (kind) {
    case 'debugging':
      return `${t('No checkpoint was created before debugging {0}. Debugging continues.', at)} ${why}`;
    case 'task':
      return `${t('No checkpoint was created when the task {0} started. The task continues.', at)} ${why}`;
    case 'branch':
      return `${t('No checkpoint was created after the switch to {0}.', at)} ${why}`;
  }
}
