// What a person has to agree to before something is destroyed: whether it is asked, and the name of the VM where a
// click is too little.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { CommandRun } from './commandServices.js';
import type { VmView } from '../../live/views.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { Plan } from '../../operations/plan.js';
import { displayLine } from '../../domain/plainText.js';
import { isActive } from '../../domain/vm.js';
import { titleIn } from '../../text/operations/operationProgress.js';
import { estimateText } from '../../text/relativeAge.js';
import { refusalText } from '../../text/refusals/refusalText.js';
import { operationWords } from '../../text/operations/operationText.js';
import { askText } from '../prompts/ask.js';
import { requireAnswer } from '../prompts/commandError.js';
import { sessionOf } from './sessionOf.js';

/**
 * Whether a command has to ask before it destroys something. A caller may do without the question, but not in a
 * workspace that the user does not trust.
 */
export function mustConfirm({ call }: Pick<CommandRun, 'call'>): boolean {
  return !(call.kind === 'program' && call.given.confirm === false && vscode.workspace.isTrusted);
}

/**
 * Asks nothing for a VM that is not protected, or an operation that is harmless. A program cannot do without the
 * question: that is what the protection is for.
 * @param plan what was confirmed already
 * @returns `answered` unless it is refused now, so that nothing could be asked
 * @throws Dismissed
 */
export async function askNameOfProtected(
  run: CommandRun,
  view: VmView,
  request: OperationRequest,
  plan?: Plan,
): Promise<'answered' | undefined> {
  const session = sessionOf(run);
  if (!session.isProtected(view.vm)) {
    return 'answered';
  }
  const decision = plan ?? (await run.engine.plan(request));
  if (decision.kind === 'refusal') {
    return undefined;
  }
  if (session.needsName(view, decision)) {
    await typeNameOfProtected(view, decision);
  }
  return 'answered';
}

/** @throws Dismissed */
export function typeNameOfProtected(view: VmView, plan: Plan): Promise<void> {
  const name = displayLine(view.vm.name);
  const words = operationWords(plan.request, displayLine(titleIn(view, plan.request)));
  const still = isActive(view.vm.power) ? ` ${stillText(plan)}` : '';
  return typeNameOfVm(view, t('{0} Is Protected', name), `${name}: ${words}.${still}`);
}

type DeleteRequest = Extract<OperationRequest, { kind: 'delete' }>;

/**
 * The same request, or, where nothing forbids it but VMs whose files cannot be read, one that passes over them, once
 * the name was typed. A caller without questions is refused instead.
 * @throws Dismissed
 */
export async function askToPassOverUnread(
  run: CommandRun,
  view: VmView,
  request: DeleteRequest,
): Promise<DeleteRequest> {
  if (!mustConfirm(run)) {
    return request;
  }
  const despite = { ...request, despiteUnread: true };
  const [{ decision }, passing] = await run.engine.decide([request, despite]);
  if (decision.kind === 'plan' || decision.refusal.reason !== 'otherVmUnread' || passing.decision.kind === 'refusal') {
    return request;
  }
  await typeNameOfVm(view, t('Other VMs May Need These Files'), refusalText(decision.refusal).reason);
  return despite;
}

/** Asks for the name of a system with a protected VM, before an operation on all its VMs. @throws Dismissed */
export async function typeNameOfSystem(system: string, vms: readonly string[]): Promise<void> {
  const name = displayLine(system);
  const why = t('It contains protected VMs: {0}.', vms.map((vm) => displayLine(vm, 40)).join(', '));
  await askForName(
    system,
    t('{0} Is Protected', name),
    `${why} ${t('Type its name to continue.')}`,
    t('This is not its name.'),
  );
}

/** Asks for the name of a lab that its file or a setting protects. @throws Dismissed */
export async function typeNameOfLab(lab: string): Promise<void> {
  const title = t('{0} Is Protected', displayLine(lab));
  await askForName(lab, title, t('Type its name to continue.'), t('This is not its name.'));
}

/** @throws Dismissed */
export function typeNameOfVm({ vm }: VmView, title: string, why: string): Promise<void> {
  const prompt = `${why} ${t('Type its name to continue.')}`;
  return askForName(vm.name, title, prompt, t('This is not its name.'));
}

async function askForName(name: string, title: string, prompt: string, wrong: string): Promise<void> {
  const typed = await askText({
    title,
    prompt,
    placeHolder: name,
    ignoreFocusOut: true,
    problem: (text) => (text === name ? undefined : wrong),
  });
  requireAnswer(typed);
}

/** How long a VM that is on does not do its work: known for a snapshot, and open where the VM ends in another state. */
function stillText({ request, warnings, estimateMs }: Plan): string {
  const still = warnings.find((warning) => warning.kind === 'guestStandsStill')?.estimateMs;
  const ms = still ?? (request.kind === 'power' ? undefined : estimateMs);
  return ms === undefined
    ? t('It stays stopped until someone starts it again.')
    : t('Pauses the VM for about {0}.', estimateText(ms));
}
