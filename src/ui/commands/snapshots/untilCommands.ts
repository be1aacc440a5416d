// What is given to a command as a date, and what deletes snapshots when their dates are over.
import { join } from 'node:path';
import { t } from '@vscode/l10n';
import * as vscode from 'vscode';
import { parseUntil } from '../../../domain/untilDate.js';
import { sessionFolder } from '../../../session/sessionFolder.js';
import { CommandError } from '../../prompts/commandError.js';
import { notify } from '../../prompts/notify.js';
import { untilProblem } from '../../prompts/askUntil.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';

/** @throws CommandError `invalid` */
export function givenUntil({ call }: Pick<CommandRun, 'call'>): number | undefined {
  const { until: text } = argumentsOf(call);
  const until = text === undefined ? undefined : parseUntil(text, Date.now());
  if (typeof until === 'string') {
    throw new CommandError('invalid', untilProblem(text ?? '') ?? t('Invalid value for the argument {0}.', 'until'));
  }
  return until;
}

/** With the first date of this user. It tells what was added, and nothing where it is there. */
export async function startDatesTimer({ wings, log }: Pick<CommandRun, 'wings' | 'log'>): Promise<void> {
  const folder = sessionFolder(process.env);
  const { extensionPath = '' } = vscode.extensions.getExtension('virt-rewind.virt-rewind') ?? {};
  const { ensureDates } = await (await wings()).readers.dates();
  const lines = await ensureDates({
    ...{ folder, log },
    environment: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    program: join(extensionPath, 'dist', 'commandLine.js'),
  });
  if (lines.length > 0) {
    void notify('info', lines.join(' '));
  }
}
