// virtRewind.prune: deletes snapshots by a rule, after a look at which.
import * as vscode from 'vscode';
import { type CommandArguments, givenTo } from './commandArguments.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { confirmModal, existingVm, operate, planOrRefuse } from './operate.js';
import { mustConfirm } from './mustConfirm.js';
import { pickPruneRule, pickPruned } from '../prompts/pickPruned.js';
import { namedSnapshot, targetVm } from './targets.js';
import { askNameOfProtected } from './typedName.js';
import { undoMoment } from './undoMoment.js';
import { requestWords } from './operationNotice.js';
import { asFailure } from '../../domain/asFailure.js';
import type { VmView } from '../../inventory/views.js';
import type { SnapshotSize } from '../../domain/layers.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import type { Plan } from '../../operations/plan.js';
import { doubtfulTimes } from '../../domain/snapshotTime.js';
import { chosenByRule } from '../../operations/prune/pruneRule.js';
import { planText } from '../../text/planText.js';
import { refusalText } from '../../text/refusalText.js';

const t = vscode.l10n.t;

/** What a caller learns: the names that are gone, and of each that stays why. */
export interface Pruned extends OperationResult {
  readonly deleted: readonly string[];
  readonly stays: readonly { readonly snapshot: string; readonly why: string }[];
}

export async function prune(run: CommandRun): Promise<Pruned> {
  const view = await targetVm(run, t('Prune the snapshots of which VM?'));
  const plan = await planOrRefuse(run, await pruneRequest(run, view));
  const untimed = await untimedIn(run, view);
  const wanted = isRuleTold(givenTo(run.call)) ? plan : await unticked(run, view, plan, untimed);
  if (mustConfirm(run)) {
    const text = planText(wanted, existingVm(run, view.ref), Date.now() / 1_000, t);
    await confirmModal(text.title, text.detail, [text.confirm]);
    await askNameOfProtected(run, existingVm(run, view.ref), wanted.request, wanted);
    await undoMoment(requestWords(run.inventory, wanted.request));
  }
  const protection = mustConfirm(run) ? { protection: 'answered' as const } : {};
  const result = await operate(run, wanted.request, { confirmed: wanted, ...protection });
  const gone = goingIn(wanted);
  const stays = [...skippedIn(wanted), ...untimed.filter(({ snapshot }) => !gone.includes(snapshot))];
  for (const { snapshot, why } of stays) {
    run.log.info(`${view.vm.name}: ${snapshot}: ${why}`);
  }
  return { ...result, deleted: gone, stays };
}

/** By the rule or the names that were called for, or by a rule that is asked for. */
export async function pruneRequest(run: CommandRun, view: VmView): Promise<OperationRequest> {
  const given = givenTo(run.call);
  const snapshots = await (given.snapshots === undefined ? byRule(run, view, given) : byName(run, view, given));
  return { kind: 'prune', vm: view.ref, snapshots };
}

function isRuleTold({ snapshots, olderThan, keepLast }: CommandArguments): boolean {
  return snapshots !== undefined || olderThan !== undefined || keepLast !== undefined;
}

async function byRule(run: CommandRun, view: VmView, given: CommandArguments): Promise<readonly string[]> {
  const tree = await run.inventory.readTree(view.ref);
  const rule = isRuleTold(given) ? given : await pickPruneRule(tree);
  const chosen = chosenByRule(
    {
      ...(rule.olderThan === undefined ? {} : { olderThanSeconds: rule.olderThan * 3_600 }),
      ...(rule.keepLast === undefined ? {} : { keepLast: rule.keepLast }),
    },
    tree,
    Date.now() / 1_000,
  );
  if (chosen.length === 0) {
    throw new CommandError('notFound', t('The rule fits no snapshot of {0}.', view.vm.name), { vm: view.vm.name });
  }
  return chosen.map(({ name }) => name);
}

async function byName(run: CommandRun, view: VmView, { snapshots = [] }: CommandArguments): Promise<readonly string[]> {
  const found = await Promise.all(snapshots.map((name) => namedSnapshot(run, view, name)));
  return [...new Set(found.map(({ name }) => name))];
}

/** What no rule over ages chooses, because its time cannot be right. */
async function untimedIn(run: CommandRun, view: VmView): Promise<Pruned['stays']> {
  if (givenTo(run.call).snapshots !== undefined) {
    return [];
  }
  const tree = await run.inventory.readTree(view.ref);
  return [...doubtfulTimes(tree, Date.now() / 1_000)].map((snapshot) => ({
    snapshot,
    why: t('Its time cannot be right, so that its age is not known. It can be deleted by itself.'),
  }));
}

/** Planned anew for those that stay ticked: what goes before another one decides how that one can. */
async function unticked(run: CommandRun, view: VmView, plan: Plan, untimed: Pruned['stays']): Promise<Plan> {
  const going = goingIn(plan);
  const told = [...skippedIn(plan), ...untimed.filter(({ snapshot }) => !going.includes(snapshot))];
  const sizes = await sizesOf(run, view);
  const ticked = await pickPruned(existingVm(run, view.ref), going, told, sizes);
  if (ticked.length === 0) {
    throw new CommandError('notFound', t('No snapshot of {0} was chosen.', view.vm.name), { vm: view.vm.name });
  }
  return ticked.length === going.length && skippedIn(plan).length === 0
    ? plan
    : planOrRefuse(run, { kind: 'prune', vm: view.ref, snapshots: ticked });
}

/** The list is good without. */
async function sizesOf(run: CommandRun, view: VmView): Promise<readonly SnapshotSize[]> {
  try {
    return (await run.inventory.readLayers(view.ref)).snapshots;
  } catch (error) {
    run.log.warn(`the sizes of the snapshots of ${view.vm.name} are not known: ${asFailure(error).message}`);
    return [];
  }
}

function goingIn({ losses }: Plan): readonly string[] {
  return losses.flatMap((loss) => (loss.kind === 'restorePoints' ? loss.names : []));
}

function skippedIn({ warnings }: Plan): Pruned['stays'] {
  return warnings.flatMap((warning) =>
    warning.kind === 'skipped' ? [{ snapshot: warning.snapshot, why: refusalText(warning.why, t).reason }] : [],
  );
}
