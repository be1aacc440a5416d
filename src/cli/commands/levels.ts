// The commands about levels of the lesson, for their authors.
import { resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { problemLines } from '../../lab/labs.js';
import { readLevelFile } from '../../lesson/levelFiles.js';
import type { Answers } from '../answers.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';

export async function checkLevel({ call, terminal, json }: Context): Promise<ExitName> {
  const [name = ''] = call.operands;
  const file = resolve(name);
  const { problems } = await readLevelFile(file);
  if (json === undefined) {
    terminal.say(problems.length === 0 ? t('The level is correct.') : problemLines(name, problems).join('\n'));
  } else {
    json({ level: { file, problems } } satisfies Answers['level']);
  }
  return problems.length === 0 ? 'done' : 'wrong';
}
