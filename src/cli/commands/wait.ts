// Waits for a VM: until its agent or a port answers, until it runs or is off.
import { t } from '@vscode/l10n';
import { systemClock } from '../../base/clock.js';
import type { VmView } from '../../live/views.js';
import type { Wait } from '../../domain/wait.js';
import { guestPort, waitInSession } from '../../session/guestInSession.js';
import { lateText, noAddressText, noAgentText, waitHeading } from '../../text/guests/waitText.js';
import { durationText } from '../../text/relativeAge.js';
import { placeOf, secondsOf } from '../arguments.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandAnswer } from '../printed.js';
import type { Answers } from '../answers.js';

type WaitOfVm = Exclude<Wait, { what: 'time' }>;

const usualSeconds = 120;

export async function wait(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal, interruption } = context;
  const began = systemClock.ticks();
  const view = await session.vm(call.operands[0] ?? '');
  const wanted = await waitOf(context, view, secondsOf(call, usualSeconds) * 1_000);
  terminal.progress(waitHeading(wanted));
  const { outcome, name } = await waitInSession(session, wanted, interruption.signal);
  switch (outcome) {
    case 'stopped':
      throw new CliError('cancelled', t('Cancelled.'));
    case 'noAgent':
      throw new CliError('refused', noAgentText(name));
    case 'late':
      throw new CliError('late', lateText(wanted));
    case 'there':
  }
  const durationMs = Math.round(systemClock.ticks() - began);
  return {
    answer: {
      vm: session.infoOf(session.view(view)),
      waited: { for: wanted.what, durationMs },
    } satisfies Answers['wait'],
    text: t('Done in {0}.', durationText(durationMs)),
  };
}

/**
 * A port without a host is one of the VM's own address, which may not be known yet: it is asked for until the time is
 * over.
 */
async function waitOf({ call, session, interruption }: Context, view: VmView, atMostMs: number): Promise<WaitOfVm> {
  const { ref, vm } = view;
  const place = placeOf(call);
  if (place === undefined) {
    const what = call.texts['for'];
    const wanted = what === 'off' || what === 'running' ? what : 'agent';
    return { what: wanted, vm: vm.name, connection: ref.connection, atMostMs };
  }
  const { host, port } = place;
  if (host !== undefined) {
    return { what: 'port', host, port, atMostMs };
  }
  const found = await guestPort(session, view, port, atMostMs, interruption.signal);
  if (found === 'stopped') {
    throw new CliError('cancelled', t('Cancelled.'));
  }
  if (found === 'late') {
    throw new CliError('late', noAddressText(vm.name, '--port HOST:PORT'));
  }
  return found;
}
