// Snapshots go, one by one or by a rule, and layers with them.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { DeleteScope, OperationRequest, OperationResult } from '../../../domain/operation.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { existingVm, operate, planIn, planOrRefuse } from '../operate.js';
import { leftOutText, operateAll, tellDone } from '../operateAll.js';
import { inDeleteOrder } from './snapshotOrder.js';
import { askWithTrash, trashAnswer } from './trashCommands.js';
import { type SnapshotTarget, rowOfCall, targetSnapshots, targetVm, hasSnapshots } from '../targets.js';
import { requireSnapshotByName } from '../../../engine/findTargets.js';
import { mustConfirm } from '../consent.js';
import { askToDelete } from './askToDelete.js';
import type { CommandArguments } from '../../../verbs/arguments.js';
import { argumentsOf } from '../commandArguments.js';
import { NothingThere } from '../../prompts/commandError.js';
import { pickedWords, pickPruneRule, pickPruned, prunesByRule } from '../../prompts/pickPruned.js';
import { asFailure } from '../../../domain/asFailure.js';
import { type VmView, vmKey } from '../../../live/views.js';
import type { Decision, Plan } from '../../../operations/plan.js';
import { descendantsOf } from '../../../domain/snapshotTree.js';
import { doubtfulTimes } from '../../../domain/snapshotTime.js';
import { type LeftOut, questionOf } from '../../../text/questions/questionText.js';
import { severalVms, targetOnEach } from '../severalVms.js';
import { pruneSeveral } from './pruneSeveral.js';
import { prunedIn, skippedIn } from '../../../text/questions/pruneText.js';
import { cancelSeconds, waitForCancelMoment } from '../cancelMoment.js';
import { deleteOfSystem } from '../systems/systemOperations.js';
import { pruneSystem } from '../systems/systemPrune.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { deletedText } from '../../../text/operations/deletedText.js';
import { snapshotCountText } from '../../../text/words.js';

/** The longest name of a VM in a title. */
const longestName = 48;

export const deleteCommands = {
  'virtRewind.deleteSnapshot': { vms: deleteSnapshots, system: deleteOfSystem },
  'virtRewind.prune': { vms: prune, several: pruneSeveral, system: pruneSystem },
} satisfies CommandTable;

/** Deletes snapshots; their children keep their data. For one snapshot, those below it can be deleted too, or alone. */
async function deleteSnapshots(run: CommandRun): Promise<unknown> {
  const several = severalVms(run);
  if (several !== undefined && run.call.kind === 'rows' && run.call.rows.some(({ kind }) => kind !== 'snapshot')) {
    const each = await targetOnEach(run, several, t('Select the snapshot to delete on {0} VMs', several.length));
    return deleteSeveral(run, each.targets, each.leftOut);
  }
  const targets = await targetSnapshots(run);
  const [only, ...others] = targets;
  return others.length === 0 ? deleteOne(run, only) : deleteSeveral(run, inDeleteOrder(targets));
}

async function deleteOne(run: CommandRun, target: SnapshotTarget): Promise<unknown> {
  const { scope } = argumentsOf(run.call);
  const { view, snapshot } = target;
  const usual = { kind: 'delete', vm: view.ref, snapshot: snapshot.name, scope: scope ?? 'one' } as const;
  const agreed = run.pictures.agreed.take(usual);
  if (agreed === undefined && !mustConfirm(run)) {
    return following(run, [target], usual.scope, () => operate(run, usual));
  }
  const plan = agreed ?? (await askToDelete(run, target, scope));
  if (plan?.request.kind !== 'delete') {
    return undefined;
  }
  const { request } = plan;
  return following(run, [target], request.scope, () => operate(run, request, { confirmed: plan }));
}

async function deleteSeveral(
  run: CommandRun,
  targets: readonly SnapshotTarget[],
  leftOut: readonly LeftOut[] = [],
): Promise<unknown> {
  const requests = targets.map(
    ({ view, snapshot }) => ({ kind: 'delete', vm: view.ref, snapshot: snapshot.name, scope: 'one' }) as const,
  );
  const [first, ...others] = new Map(targets.map(({ view }) => [vmKey(view.ref), view.vm.name])).values();
  return following(run, targets, 'one', () =>
    operateAll(run, requests, {
      title: (count) =>
        first === undefined || others.length > 0
          ? t('Delete {0}?', snapshotCountText(count))
          : t('Delete {0} of {1}?', snapshotCountText(count), displayLine(first, longestName)),
      confirm: (count) => (count === 1 ? t('Delete') : t('Delete {0} Snapshots', count)),
      cancelSeconds: cancelSeconds(),
      done: (done) => deletedText(done, others.length === 0 ? first : undefined),
      when: 'always',
      leftOut,
      ask: (question, planned) => askWithTrash(question, trashAnswer(run, planned)),
      afterAnswer: (count) => waitForCancelMoment(t('Deleting {0}', snapshotCountText(count))),
    }),
  );
}

/** Afterwards, people stand on what was next to the first one. */
async function following<T>(
  run: CommandRun,
  targets: readonly SnapshotTarget[],
  scope: DeleteScope,
  remove: () => Promise<T>,
): Promise<T> {
  const follow = followNeighbour(run, targets, scope);
  try {
    return await remove();
  } finally {
    follow();
  }
}

function followNeighbour(run: CommandRun, targets: readonly SnapshotTarget[], scope: DeleteScope): () => void {
  const [first] = targets;
  if (first === undefined) {
    return () => undefined;
  }
  const row = rowOfCall(run);
  const { ref } = first.view;
  const ofVm = targets.filter(({ view }) => vmKey(view.ref) === vmKey(ref)).map(({ snapshot }) => snapshot.name);
  const below = ofVm.flatMap((name) => (first.view.tree === undefined ? [] : descendantsOf(first.view.tree, name)));
  const gone = scope === 'one' ? ofVm : [...(scope === 'descendants' ? [] : ofVm), ...below.map(({ name }) => name)];
  return run.tree.focus.followNeighbour({ ref, row }, new Set(gone));
}

/** What a caller learns: the names that are gone, and of each that stays why. */
interface PruneResult extends OperationResult {
  readonly deleted: readonly string[];
  readonly stays: readonly { readonly snapshot: string; readonly why: string }[];
}

/** Deletes snapshots by a rule, after a look at which. */
async function prune(run: CommandRun): Promise<unknown> {
  const view = await targetVm(run, hasSnapshots);
  const isGiven = isRuleGiven(argumentsOf(run.call));
  const { request, rule, decision } = await pruneRequest(run, view);
  const plan = decision === undefined ? await planOrRefuse(run, request) : planIn(run, { request, decision });
  const untimed = await untimedIn(run, view);
  const wanted = isGiven ? plan : await askWhichToPrune(run, view, plan, untimed, rule);
  const gone = prunedIn(wanted);
  const stays = [...skippedIn(wanted), ...untimed.filter(({ snapshot }) => !gone.includes(snapshot))];
  const left = stays.map(({ snapshot, why }) => ({ vm: titleOf(view, snapshot), why }));
  if (mustConfirm(run)) {
    const planned = { plan: wanted, target: existingVm(run, view.ref) };
    const question = questionOf(planned, Date.now(), { cancelSeconds: cancelSeconds() });
    if (await askWithTrash(question, trashAnswer(run, [planned], left))) {
      return undefined;
    }
  }
  const result = await operate(run, wanted.request, { confirmed: wanted, quiet: 'result' });
  const deleted = deletedText([{ item: wanted.request, value: result }], view.vm.name);
  tellDone(run, deleted, leftOutText(run, left));
  const done: PruneResult = { ...result, deleted: gone, stays };
  return done;
}

/** By the rule or the names that were called for, or by a rule that is asked for. */
export async function pruneRequest(
  run: CommandRun,
  view: VmView,
): Promise<{ readonly request: OperationRequest } & Omit<PrunedNames, 'snapshots'>> {
  const given = argumentsOf(run.call);
  const { snapshots, ...more } = await (given.snapshots === undefined
    ? byRule(run, view, given)
    : byName(run, view, given));
  return { request: { kind: 'prune', vm: view.ref, snapshots }, ...more };
}

interface PrunedNames {
  readonly snapshots: readonly string[];
  /** In words; absent: none chose them. */
  readonly rule?: string;
  /** What was counted when the rule was picked. */
  readonly decision?: Decision;
}

function isRuleGiven({ snapshots, olderThan, keepLast }: CommandArguments): boolean {
  return snapshots !== undefined || olderThan !== undefined || keepLast !== undefined;
}

async function byRule(run: CommandRun, view: VmView, given: CommandArguments): Promise<PrunedNames> {
  const [tree, trash] = [await run.engine.readTree(view.ref), await run.engine.trashedSnapshots(view.ref)];
  const picked = isRuleGiven(given)
    ? { ruleFor: () => given, decided: undefined }
    : await pickPruneRule(run.engine, [{ view, tree, trash }], t('Prune Snapshots of {0}', view.vm.name));
  const [counted] = picked.decided ?? [];
  const rule = picked.ruleFor(view.ref.connection);
  const words = pickedWords(rule);
  if (counted !== undefined) {
    const { request, decision } = counted;
    return { snapshots: request.snapshots, rule: words, decision };
  }
  const [chosen] = prunesByRule(picked.ruleFor, [{ view, tree, trash }], Date.now());
  if (chosen === undefined) {
    throw new NothingThere(t('No snapshot of {0} matches the rule.', view.vm.name), { vm: view.vm.name });
  }
  return { snapshots: chosen.snapshots, ...(words !== '' && { rule: words }) };
}

async function byName(run: CommandRun, view: VmView, { snapshots = [] }: CommandArguments): Promise<PrunedNames> {
  const found = await Promise.all(snapshots.map((name) => requireSnapshotByName(run.engine, view, name)));
  return { snapshots: [...new Set(found.map(({ name }) => name))] };
}

/** What no rule over ages chooses, because its time cannot be right. */
async function untimedIn(run: CommandRun, view: VmView): Promise<PruneResult['stays']> {
  if (argumentsOf(run.call).snapshots !== undefined) {
    return [];
  }
  const [tree, trash] = [await run.engine.readTree(view.ref), await run.engine.trashedSnapshots(view.ref)];
  const untimed = [...doubtfulTimes(tree, Date.now())].filter((name) => !trash.includes(name));
  return untimed.map((snapshot) => ({
    snapshot,
    why: t('Its creation time is wrong, so its age is unknown. Delete it individually.'),
  }));
}

/** Planned anew for those that stay ticked: what goes before another one decides how that one can. */
async function askWhichToPrune(
  run: CommandRun,
  view: VmView,
  plan: Plan,
  untimed: PruneResult['stays'],
  rule: string | undefined,
): Promise<Plan> {
  const going = prunedIn(plan);
  const stays = [...skippedIn(plan), ...untimed.filter(({ snapshot }) => !going.includes(snapshot))];
  const layers = await layersOf(run, view);
  const [tree, trash] = [await run.engine.readTree(view.ref), await run.engine.trashedSnapshots(view.ref)];
  const seen = { view: { ...existingVm(run, view.ref), tree }, tree, trash };
  const ticked = await pickPruned(seen, { going, stays, rule }, layers);
  if (ticked.length === 0) {
    throw new NothingThere(t('No snapshot of {0} was selected.', view.vm.name), { vm: view.vm.name });
  }
  return ticked.length === going.length && ticked.every((name) => going.includes(name))
    ? plan
    : planOrRefuse(run, { kind: 'prune', vm: view.ref, snapshots: ticked });
}

/** The list is good without. */
async function layersOf(run: CommandRun, view: VmView): Promise<VmView['layers']> {
  try {
    return await run.engine.readLayers(view.ref);
  } catch (error) {
    run.log.warn(`the sizes of the snapshots of ${view.vm.name} are not known: ${asFailure(error).message}`);
    return undefined;
  }
}
