// What the first operand of a command is called: a VM, or a system where the command does the same to one.
import { t } from '@vscode/l10n';
import { displayLine } from '../domain/plainText.js';
import { openSystem, openTarget, type Target } from '../session/target.js';
import { commandFor } from '../text/ways.js';
import { askLine } from './agree.js';
import { CliError } from './commandError.js';
import { commonOptions } from './commandShape.js';
import type { Context } from './context.js';

/** @throws Failure `notFound`; CliError `ambiguous`, or `usage` of an option that a system has not */
export async function targetOf(context: Context): Promise<Target> {
  const { call, session } = context;
  const [name = ''] = call.operands;
  const target: Target =
    call.group === 'system'
      ? { kind: 'system', stored: await openSystem(session, name) }
      : await openTarget(session, name, () => askWhich(context, name));
  if (target.kind === 'system') {
    requireSystemOptions(context);
  }
  return target;
}

/** @throws CliError `ambiguous` where nobody can be asked, `declined` */
async function askWhich(context: Context, name: string): Promise<Target['kind']> {
  const { call, printer } = context;
  const both = t('{0} is the name of a VM and of a system.', displayLine(name));
  if (!printer.canAsk) {
    const command = commandFor(['system', call.command, displayLine(name)]);
    throw new CliError('ambiguous', `${both} ${t('Use the UUID of the VM, or for the system: {0}', command)}`);
  }
  const answer = await askLine(context, `${both} [v]m, [s]ystem? `);
  if (!/^[vs]/iu.test(answer)) {
    throw new CliError('declined', t('Nothing was changed.'));
  }
  return /^s/iu.test(answer) ? 'system' : 'vm';
}

/** @throws CliError `usage` */
function requireSystemOptions({ call: { command, row, texts, lists, flags, operands } }: Context): void {
  const { onSystem = [], operands: all } = row;
  const said = [...Object.keys(texts), ...Object.keys(lists), ...flags];
  const other = said.find((name) => !onSystem.includes(name) && !(name in commonOptions));
  const [, last] = all;
  if (other !== undefined || (last?.onSystem === false && operands[1] !== undefined)) {
    const what = other === undefined ? (last?.name ?? '') : `--${other}`;
    throw new CliError('usage', `${what} is for one VM, not for a system. See virt-rewind ${command} --help.`);
  }
}
