// virtRewind.revert: brings a VM back to a snapshot, after saying what is lost and asking for the state afterwards.
import * as vscode from 'vscode';
import { readSettings } from '../manifest/readSettings.js';
import type { AfterRevert, OperationResult } from '../model/operation.js';
import { type EndState, endOf } from '../model/planRevert.js';
import { planText } from '../views/planText.js';
import { afterChoices } from './afterChoices.js';
import { givenTo } from './commandArguments.js';
import type { CommandRun } from './commandServices.js';
import { confirmModal, existingVm, mustConfirm, operate, refusedFailure } from './operate.js';
import { targetSnapshot } from './targets.js';

const t = vscode.l10n.t;

export async function revert(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run, t('Revert to which snapshot?'));
  const given = givenTo(run.call).after;
  const requestFor = (after: AfterRevert) =>
    ({ type: 'revert', vm: view.ref, snapshot: snapshot.name, after }) as const;
  const preferred = given ?? readSettings().revertPowerState;
  if (!mustConfirm(run)) {
    return operate(run, requestFor(preferred));
  }
  const offered = given === undefined ? afterChoices(preferred, snapshot, view.vm.power) : [given];
  const decisions = await Promise.all(
    offered.map(async (after) => ({ after, decision: await run.inventory.plan(requestFor(after)) })),
  );
  const plans = decisions.flatMap(({ after, decision }) =>
    decision.type === 'plan' ? [{ plan: decision, label: buttonFor(endOf(after, snapshot, view.vm.power)) }] : [],
  );
  const [first, ...others] = plans;
  if (first === undefined) {
    const refusals = decisions.flatMap(({ decision }) => (decision.type === 'refusal' ? [decision.refusal] : []));
    throw refusedFailure(run, requestFor(preferred), refusals);
  }
  const text = planText(first.plan, existingVm(run, view.ref), Date.now() / 1_000, t);
  const button = await confirmModal(text.title, text.detail, [first.label, ...others.map(({ label }) => label)]);
  const chosen = plans.find(({ label }) => label === button) ?? first;
  return operate(run, chosen.plan.request, { confirmed: chosen.plan });
}

function buttonFor(state: EndState): string {
  switch (state) {
    case 'running':
      return t('Revert and Run');
    case 'paused':
      return t('Revert and Pause');
    case 'off':
      return t('Revert and Leave Off');
  }
}
