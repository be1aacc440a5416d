// Ends what broke off of the creation or deletion of a VM, asked.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { dismissTitle } from '../../../text/operations/interruptedOperationText.js';
import type { EndLeft } from '../../../ui/commands/commandServices.js';
import { sessionOf } from '../../../ui/commands/sessionOf.js';
import { mustConfirm, typeNameOfVm } from '../../../ui/commands/consent.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { askModal, notify } from '../../../ui/prompts/notify.js';
import { endLeft, leftOf, leftQuestion, newVmStore, withRecord } from '../make/removeNewVm.js';

export const endLeftVm: EndLeft = async (run, view, how) => {
  const { ref, vm } = view;
  const session = sessionOf(run);
  const store = newVmStore(session, run.log, vscode.env.appName);
  const record = await leftOf(store, session, ref.uuid);
  if (record === undefined) {
    return false;
  }
  const name = displayLine(vm.name);
  const isDismissed = how === 'dismiss';
  const question = isDismissed ? dismissTitle(name) : await leftQuestion(record, session);
  if (question !== undefined && mustConfirm(run)) {
    requireAnswer(await askModal('warning', question, '', isDismissed ? t('Mark as Resolved') : t('Delete')));
  }
  if (question !== undefined && !isDismissed && session.isProtected(vm)) {
    await typeNameOfVm(view, t('Delete'), question);
  }
  await withRecord<unknown>(store, record, (open) =>
    isDismissed
      ? open.put({ phase: 'ready' })
      : endLeft(open, {
          ...{ session, environment: process.env, onStep: () => undefined },
          onNote: (line) => void notify('info', line),
        }),
  );
  return true;
};
