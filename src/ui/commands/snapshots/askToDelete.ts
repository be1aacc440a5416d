// Asks about the delete of one snapshot: the trash stands first. Where others are below it, "Other…" offers the delete,
// and what else one can take, each with a question of its own.
import { t } from '@vscode/l10n';
import { type DeleteScope, deleteScopes } from '../../../domain/operation.js';
import { childrenOf } from '../../../domain/snapshotTree.js';
import type { Plan } from '../../../operations/plan.js';
import { questionOf, wayLine } from '../../../text/questions/questionText.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { type Choice, pick } from '../../prompts/pickTarget.js';
import { refusalChoice } from '../../prompts/refusalChoice.js';
import type { CommandRun } from '../commandServices.js';
import { cancelSeconds } from '../cancelMoment.js';
import { askToPassOverUnread } from '../consent.js';
import { existingVm, planIn } from '../operate.js';
import type { OtherAnswer } from '../operateAll.js';
import type { SnapshotTarget } from '../targets.js';
import { askWithTrash, trashAnswer, withTrash } from './trashCommands.js';
import { refuseSilent } from '../unreachableConnection.js';

/**
 * @param given the scope that the caller named: no other is offered
 * @returns what was agreed to; undefined where the snapshots went to the trash instead
 * @throws Failure `refused` where nothing of it can be deleted
 */
export async function askToDelete(
  run: CommandRun,
  { view, snapshot }: SnapshotTarget,
  given: DeleteScope | undefined,
): Promise<Plan | undefined> {
  refuseSilent(run.engine, view.ref);
  const hasOthers = given === undefined && view.tree !== undefined && childrenOf(view.tree, snapshot.name).length > 0;
  let scope = given;
  for (;;) {
    const about = { kind: 'delete', vm: view.ref, snapshot: snapshot.name, scope: scope ?? 'one' } as const;
    const request = await askToPassOverUnread(run, view, about);
    const decision = await run.engine.plan(request);
    const plan =
      scope === undefined && hasOthers && decision.kind === 'refusal' ? undefined : planIn(run, { request, decision });
    // Who asks for a delete in the list has passed over the trash.
    const trash =
      plan === undefined || scope !== given
        ? undefined
        : trashAnswer(run, [{ plan, target: existingVm(run, view.ref) }]);
    const answer = plan === undefined ? 'other' : await askAbout(run, plan, hasOthers, trash);
    if (answer !== 'other') {
      return answer;
    }
    scope = await pickOther(run, { view, snapshot }, trash === undefined ? plan : undefined);
  }
}

/** An open picture shows what would become of each layer. */
async function askAbout(
  run: CommandRun,
  plan: Plan,
  hasOthers: boolean,
  trash: OtherAnswer | undefined,
): Promise<Plan | 'other' | undefined> {
  const target = existingVm(run, plan.request.vm);
  const question = questionOf({ plan, target }, Date.now(), { cancelSeconds: cancelSeconds() });
  const leave = run.pictures.find(plan.request.vm)?.preview(plan);
  try {
    if (!hasOthers) {
      return (await askWithTrash(question, trash)) ? undefined : plan;
    }
    const other = t('Other…');
    const answer = await askQuestion(withTrash(question, trash), other);
    if (answer === trash?.label) {
      await trash.act();
      return undefined;
    }
    return answer === other ? 'other' : plan;
  } finally {
    leave?.();
  }
}

/** @param shown the plan whose delete was asked about just now */
async function pickOther(
  run: CommandRun,
  { view, snapshot }: SnapshotTarget,
  shown: Plan | undefined,
): Promise<DeleteScope> {
  const labels = {
    one: t('Delete Snapshot…'),
    withDescendants: t('Delete with Descendants…'),
    descendants: t('Delete Descendants Only…'),
  } as const;
  const decided = await run.engine.decide(
    deleteScopes.map((scope) => ({ kind: 'delete', vm: view.ref, snapshot: snapshot.name, scope }) as const),
  );
  const [first] = decided;
  if (shown === undefined && first !== undefined && decided.every(isRefused)) {
    planIn(run, first);
  }
  const target = existingVm(run, view.ref);
  const lines = decided.flatMap(({ request: { scope }, decision }): readonly Choice<DeleteScope>[] => {
    if (decision.kind === 'refusal') {
      return [refusalChoice(labels[scope], decision.refusal, scope)];
    }
    const detail = wayLine({ plan: decision, target }, Date.now());
    return isAskedNow(shown, scope) ? [] : [{ label: labels[scope], detail, value: scope }];
  });
  return pick(lines, t('Select what to delete'), snapshot.title);
}

function isRefused({ decision }: { readonly decision: { readonly kind: string } }): boolean {
  return decision.kind === 'refusal';
}

function isAskedNow(shown: Plan | undefined, scope: DeleteScope): boolean {
  return shown?.request.kind === 'delete' && shown.request.scope === scope;
}
