// Deletes snapshots of several VMs by one rule: one list with a row for each VM, one question, one message at the end.
import { t } from '@vscode/l10n';
import { mapLimited } from '../../../base/mapLimited.js';
import { asFailure } from '../../../domain/asFailure.js';
import type { VmRef } from '../../../domain/vm.js';
import type { OperationResult } from '../../../domain/operation.js';
import type { VmView } from '../../../live/views.js';
import { vmKey } from '../../../live/views.js';
import { treeViewId } from '../../../manifest/viewIds.js';
import { outsideTrash } from '../../../domain/snapshotTree.js';
import { displayLine } from '../../../domain/plainText.js';
import { type PlannedPrune, pruneCount, pruneDetail, prunedIn, skippedIn } from '../../../text/questions/pruneText.js';
import { type LeftOut, questionOfAll } from '../../../text/questions/questionText.js';
import { askSeveral } from '../../prompts/ask.js';
import { NothingThere, requireAnswer } from '../../prompts/commandError.js';
import { showInView } from '../../prompts/notify.js';
import { pickPruneRule, prunesByRule } from '../../prompts/pickPruned.js';
import { cancelSeconds, waitForCancelMoment } from '../cancelMoment.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun } from '../commandServices.js';
import { existingVm } from '../operate.js';
import { agreementOn, operateAgreed, refusedIn } from '../operateAll.js';
import { askWithTrash, trashAnswer } from './trashCommands.js';
import { readsAtOnce, readTrees } from '../severalVms.js';
import { deletedText } from '../../../text/operations/deletedText.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { snapshotCountText, vmCountText } from '../../../text/words.js';

export async function pruneSeveral(run: CommandRun, views: readonly VmView[]): Promise<readonly OperationResult[]> {
  const { read, leftOut } = await showInView(treeViewId, async () => {
    const trees = await readTrees(run, views);
    await readSizes(
      run,
      trees.read.filter(({ tree }) => tree.snapshots.length > 0).map(({ view }) => view.ref),
    );
    return trees;
  });
  const { olderThan, keepLast } = argumentsOf(run.call);
  const heading = t('Prune Snapshots of {0} VMs', views.length);
  const given = { ...(olderThan !== undefined && { olderThan }), ...(keepLast !== undefined && { keepLast }) };
  const picked =
    olderThan === undefined && keepLast === undefined
      ? await pickPruneRule(run.engine, read, heading)
      : { ruleFor: () => given, decided: undefined };
  const now = Date.now();
  const decided =
    picked.decided ?? (await showInView(treeViewId, () => run.engine.decide(prunesByRule(picked.ruleFor, read, now))));
  const trees = new Map(
    read.map(({ view, tree, trash }) => [vmKey(view.ref), { ...tree, snapshots: outsideTrash(tree, trash) }]),
  );
  const planned = decided.flatMap(({ decision }): readonly PlannedPrune[] => {
    const tree = decision.kind === 'plan' ? trees.get(vmKey(decision.request.vm)) : undefined;
    return decision.kind === 'plan' && tree !== undefined
      ? [{ plan: decision, target: existingVm(run, decision.request.vm), tree }]
      : [];
  });
  const stays = [...leftOut, ...refusedIn(run, decided)];
  const lines = planned.map((one) => ({
    label: one.target.vm.name,
    description: pruneCount(one),
    detail: pruneDetail(one),
    value: one,
  }));
  if (lines.length === 0) {
    const rest = stays.map(({ vm, why }) => `${displayLine(vm)}: ${why}`);
    throw new NothingThere([t('The rule matches no snapshot of these VMs that can be deleted.'), ...rest].join(' '));
  }
  const unmatched = read.length - decided.length;
  const others = [
    ...stays.map(({ vm, why }) => ({ label: vm, detail: why })),
    ...(unmatched === 0 ? [] : [{ label: t('VMs with no snapshot that matches the rule: {0}', unmatched) }]),
  ];
  const going = requireAnswer(await askSeveral(lines, t('Clear the VMs to leave as they are'), others, heading));
  const count = going.flatMap(({ plan }) => prunedIn(plan)).length;
  if (count === 0) {
    throw new NothingThere(t('No VM was selected.'));
  }
  const counts = [snapshotCountText(count), vmCountText(going.length)] as const;
  const left = [...stays, ...going.flatMap(skippedOf)];
  const words = {
    title: t('Delete {0} of {1}?', ...counts),
    confirm: count === 1 ? t('Delete') : t('Delete {0} Snapshots', count),
    cancelSeconds: cancelSeconds(),
  };
  const table = going.map((one) => `${displayLine(one.target.vm.name)} · ${pruneCount(one)}\n${pruneDetail(one)}`);
  if (await askWithTrash(questionOfAll(words, going, now, stays, table), trashAnswer(run, going, left))) {
    return [];
  }
  await waitForCancelMoment(t('Deleting {0}', snapshotCountText(count)));
  const plans = going.map(({ plan }) => plan);
  const requested = plans.map(({ request }) => request);
  return operateAgreed(run, {
    requests: requested,
    agreement: agreementOn(run, requested, plans),
    leftOut: left,
    title: t('Deleting {0}', snapshotCountText(count)),
    done: deletedText,
  });
}

/** Those of a VM that the rule would have deleted. */
function skippedOf({ plan, target }: PlannedPrune): readonly LeftOut[] {
  const vm = displayLine(target.vm.name);
  return skippedIn(plan).map(({ snapshot, why }) => ({ vm: `${vm} “${displayLine(titleOf(target, snapshot))}”`, why }));
}

/** What a delete frees is known of files that were looked at. The list is good without. */
async function readSizes({ engine, log }: CommandRun, refs: readonly VmRef[]): Promise<void> {
  await mapLimited(refs, readsAtOnce, async (ref) => {
    try {
      await engine.readLayers(ref);
    } catch (error) {
      log.warn(`the sizes of the snapshots of ${ref.uuid} are not known: ${asFailure(error).message}`);
    }
  });
}
