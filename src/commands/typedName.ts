// The question before anything dangerous is done to a protected VM: its name must be typed.
import * as vscode from 'vscode';
import type { VmView } from '../inventory/views.js';
import { readSettings } from '../manifest/readSettings.js';
import type { OperationRequest } from '../model/operation.js';
import type { Plan } from '../model/plan.js';
import { displayLine } from '../model/plainText.js';
import { needsName, protectedBy } from '../model/protection.js';
import { titleIn } from '../views/operationProgress.js';
import { durationText } from '../views/relativeAge.js';
import { operationWords } from '../views/words.js';
import { answered } from './commandError.js';
import type { CommandRun } from './commandServices.js';

const t = vscode.l10n.t;

/**
 * Asks nothing for a VM that is not protected, or an operation that is harmless or refused anyway. A program cannot do
 * without the question: that is what the protection is for.
 * @param plan what was confirmed already
 * @throws Dismissed
 */
export async function askNameOfProtected(
  { inventory }: CommandRun,
  view: VmView,
  request: OperationRequest,
  plan?: Plan,
): Promise<void> {
  if (!protectedBy(readSettings().protectedVms)(view.vm)) {
    return;
  }
  const decision = plan ?? (await inventory.plan(request));
  if (decision.type === 'refusal' || !needsName(request, decision)) {
    return;
  }
  const name = displayLine(view.vm.name);
  const typed = await vscode.window.showInputBox({
    title: t('{0} Is Protected', name),
    prompt: [
      `${name}: ${operationWords(request, displayLine(titleIn(view, request)), t)}.`,
      stillText(decision),
      t('Type the name of the VM to go on.'),
    ].join(' '),
    placeHolder: name,
    ignoreFocusOut: true,
    validateInput: (text) => (text === view.vm.name ? undefined : t('This is not the name of the VM.')),
  });
  answered(typed);
}

/** How long the VM does not do its work: known for a snapshot, and open where the VM ends in another state. */
function stillText({ request, warnings, estimateMs }: Plan): string {
  const still = warnings.find((warning) => warning.about === 'guestStandsStill')?.estimateMs;
  const ms = still ?? (request.type === 'power' ? undefined : estimateMs);
  return ms === undefined
    ? t('It stands still until somebody starts it again.')
    : t('It stands still for about {0}.', durationText(ms, t));
}
