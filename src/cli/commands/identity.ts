// A machine ID and SSH host keys of its own for a guest that began as a copy.
import { randomBytes } from 'node:crypto';
import { t } from '@vscode/l10n';
import { identityCommand, renewalOf, seedBytes } from '../../domain/guestIdentity.js';
import { displayLine } from '../../domain/plainText.js';
import { identityQuestion, identityWarning, renewedText } from '../../text/guests/identityText.js';
import { agreeTo } from '../agree.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

export async function renew(context: Context): Promise<CommandAnswer> {
  const { call, session, interruption } = context;
  const view = await session.vm(call.operands[0] ?? '');
  const { name } = view.vm;
  await agreeTo(context, {
    lines: [identityQuestion([name]), identityWarning()],
    confirm: t('Renew'),
    asks: true,
    ...(session.isProtected(view.vm) && { isProtected: displayLine(name), typed: name }),
  });
  const command = identityCommand(randomBytes(seedBytes));
  const renewal = renewalOf(await session.engine.guests.runIn(view.ref, command, interruption.signal));
  if (renewal.kind !== 'renewed') {
    throw new CliError(renewal.kind === 'late' ? 'late' : 'failed', renewedText(name, renewal));
  }
  return {
    answer: {
      vm: session.infoOf(session.view(view)),
      renewed: renewal.parts,
    } satisfies Answers['renew-identity'],
    text: renewedText(name, renewal),
  };
}
