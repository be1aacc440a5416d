// A machine ID and SSH host keys of their own for guests that began as copies.
import { randomBytes } from 'node:crypto';
import { t } from '@vscode/l10n';
import { identityCommand, type IdentityPart, renewalOf, seedBytes } from '../../../domain/guestIdentity.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmView } from '../../../live/views.js';
import { identityQuestion, identityWarning, renewedText } from '../../../text/guests/identityText.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { CommandError } from '../../prompts/commandError.js';
import { notify, notifyProgress } from '../../prompts/notify.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { mustConfirm, typeNameOfVm } from '../consent.js';
import { targetVms } from '../targets.js';
import { sessionOf } from '../sessionOf.js';

export const identityCommands = {
  'virtRewind.renewIdentity': renew,
} satisfies CommandTable;

interface RenewedVm {
  readonly vm: string;
  readonly renewed: readonly IdentityPart[];
}

/** One after another: what fails in one guest stops it before the next one. */
async function renew(run: CommandRun): Promise<readonly RenewedVm[]> {
  const views = await targetVms(run, ({ vm }) => vm.power === 'running');
  const names = views.map(({ vm }) => vm.name);
  if (mustConfirm(run)) {
    const title = identityQuestion(names);
    await askQuestion({ title, lines: [identityWarning()], details: '', confirm: t('Renew') });
  }
  const session = sessionOf(run);
  for (const view of views.filter(({ vm }) => session.isProtected(vm))) {
    const name = displayLine(view.vm.name);
    await typeNameOfVm(view, t('{0} Is Protected', name), identityWarning());
  }
  const done: RenewedVm[] = [];
  for (const view of views) {
    done.push(await renewVm(run, view));
  }
  return done;
}

async function renewVm({ engine }: CommandRun, { ref, vm }: VmView): Promise<RenewedVm> {
  const title = t('Virt Rewind: renewing the identity of {0}', vm.name);
  const renewal = await notifyProgress(title, true, async (_, cancellation) => {
    const controller = new AbortController();
    cancellation.onCancellationRequested(() => controller.abort());
    return renewalOf(await engine.guests.runIn(ref, identityCommand(randomBytes(seedBytes)), controller.signal));
  });
  const told = renewedText(vm.name, renewal);
  if (renewal.kind !== 'renewed') {
    throw new CommandError('failed', told, { vm: vm.name });
  }
  void notify('info', told);
  return { vm: vm.name, renewed: renewal.parts };
}
