// Backs up a running VM while it is off: it is shut down first, and started again whatever becomes of the backup.
import { t } from '@vscode/l10n';
import type { Context } from '../../../cli/context.js';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { isActive } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { copiesFailure, notStartedText } from '../copiesFailure.js';

type Parts = Pick<Context, 'session' | 'terminal' | 'interruption'>;

/**
 * Shuts the VM down, backs it up and starts it again. One that is off already is only backed up.
 * @throws Failure; what the backup throws
 */
export async function whileOff<T>(context: Parts, view: VmView, backUp: () => Promise<T>): Promise<T> {
  if (!isActive(view.vm.power)) {
    return backUp();
  }
  const { session, terminal } = context;
  await shutDown(context, view);
  terminal.tell(t('Shut down {0}. It is started again after the backup.', displayLine(view.vm.name)));
  let made: T;
  try {
    made = await backUp();
  } catch (error) {
    await startAgain(session, view).catch((other: unknown) => {
      terminal.tell(notStartedText(view.vm.name, failureMessage(asFailure(other))));
    });
    throw error;
  }
  try {
    await startAgain(session, view);
  } catch (error) {
    throw copiesFailure('notStarted', { said: failureMessage(asFailure(error)) });
  }
  terminal.tell(t('Started {0}.', displayLine(view.vm.name)));
  return made;
}

async function shutDown({ session, interruption }: Parts, view: VmView): Promise<void> {
  const plan = await session.plan(view, { kind: 'power', vm: view.ref, action: 'shutDown' });
  if (plan.losses.length > 0 || plan.warnings.some(({ kind }) => kind === 'cloneGoes')) {
    throw copiesFailure('goesWhenOff');
  }
  try {
    await session.run(plan, { signal: interruption.signal });
  } catch (error) {
    const { silentMs } = asFailure(error).details;
    throw silentMs === undefined ? error : copiesFailure('stillOn', { seconds: Math.round(silentMs / 1_000) });
  }
}

/** Where nobody has done it meanwhile. A cancel of the backup is none of this. */
async function startAgain(session: Context['session'], view: VmView): Promise<void> {
  await session.engine.refresh({ vm: view.ref });
  const now = session.view(view);
  if (!isActive(now.vm.power)) {
    await startVm(session, now);
  }
}

export async function startVm(session: Context['session'], view: VmView): Promise<void> {
  await session.run(await session.plan(view, { kind: 'power', vm: view.ref, action: 'start' }));
}
