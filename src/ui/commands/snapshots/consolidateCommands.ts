// Chains of layers are made shorter: in the way that was called for, or in one that is chosen.
import { t } from '@vscode/l10n';
import type { OperationRequest, OperationResult } from '../../../domain/operation.js';
import { snapshotableDisks } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { type ConsolidateWay, consolidateWays } from '../../../operations/consolidate/consolidateWays.js';
import type { Plan } from '../../../operations/plan.js';
import { titleOf } from '../../../text/operations/operationProgress.js';
import { confirmLabel } from '../../../text/operations/operationText.js';
import { questionOf } from '../../../text/questions/questionText.js';
import { askQuestion } from '../../prompts/askQuestion.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { mustConfirm } from '../consent.js';
import { existingVm, operate, operateConfirmed, planIn } from '../operate.js';
import { targetVm } from '../targets.js';
import { requireSnapshotByName } from '../../../engine/findTargets.js';

export const consolidateCommands = {
  'virtRewind.consolidate': consolidate,
} satisfies CommandTable;

type ConsolidateRequest = Extract<OperationRequest, { kind: 'consolidate' }>;

const mebibyte = 1024 ** 2;

/** Fewer layers below the current state of a VM. */
async function consolidate(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(run, mayHaveLayers);
  const request = await consolidateRequest(run, view);
  const isTold = request.targets !== undefined || request.downTo !== undefined;
  if (isTold || !mustConfirm(run)) {
    return operateConfirmed(run, request);
  }
  const plan = run.pictures.agreed.take({ kind: 'consolidate', vm: view.ref }) ?? (await chosenPlan(run, request));
  return operate(run, plan.request, { confirmed: plan });
}

/** Not where it is known that no snapshot has one, and what was read of the disks has none. */
function mayHaveLayers({ tree, snapshotCount, layers }: VmView): boolean {
  const hasNone = tree?.snapshots.every(({ style }) => style === 'internal') ?? snapshotCount === 0;
  return !hasNone || layers?.disks.every((disk) => disk.whole && disk.layers.length < 2) !== true;
}

/** What was called for, on the VM as it is now. */
export async function consolidateRequest(run: CommandRun, view: VmView): Promise<ConsolidateRequest> {
  const { disk, downTo, speed } = argumentsOf(run.call);
  // No snapshot's name begins with a slash.
  const down =
    downTo === undefined || downTo.startsWith('/')
      ? downTo
      : (await requireSnapshotByName(run.engine, view, downTo)).name;
  // libvirt tells nobody that a VM stands on another file: what is known of its disks may be old.
  await run.engine.refresh({ vm: view.ref });
  return {
    kind: 'consolidate',
    vm: view.ref,
    ...(disk === undefined ? {} : { targets: [disk] }),
    ...(down === undefined ? {} : { downTo: down }),
    ...(speed === undefined || speed === 0 ? {} : { bytesPerSecond: Math.ceil(speed * mebibyte) }),
  };
}

/** Asks until one of the ways is chosen, beginning with the usual one. */
async function chosenPlan(run: CommandRun, request: ConsolidateRequest): Promise<Plan> {
  const tree = await run.engine.readTree(request.vm);
  const view = existingVm(run, request.vm);
  const disks = snapshotableDisks(view.vm).map(({ target }) => target);
  const [usual, ...others] = consolidateWays(tree, view.kept ?? [], disks);
  const [first, ...rest] = await run.engine.decide([usual, ...others].map((way) => ({ ...request, ...way })));
  const possible = [first, ...rest].flatMap((one) => (one?.decision.kind === 'plan' ? [one.decision] : []));
  let [plan] = possible;
  if (first === undefined || plan === undefined) {
    return planIn(run, first ?? { request, decision: await run.engine.plan(request) });
  }
  const other = t('Other…');
  for (;;) {
    const target = existingVm(run, request.vm);
    const question = questionOf({ plan, target }, Date.now());
    const leave = run.pictures.find(request.vm)?.preview(plan);
    try {
      const button = await askQuestion(question, possible.length > 1 ? other : undefined);
      if (button !== other) {
        return plan;
      }
    } finally {
      leave?.();
    }
    plan = await pick(
      possible.map((value) => ({ label: wayText(value.request, target), detail: confirmLabel(value), value })),
      t('Select what to consolidate on {0}', target.vm.name),
    );
  }
}

function wayText(request: OperationRequest, view: VmView): string {
  const { downTo, targets }: ConsolidateWay = request.kind === 'consolidate' ? request : {};
  if (targets !== undefined) {
    return t('Only disk {0}', targets.join(', '));
  }
  return downTo === undefined ? t('As far as possible') : t('Down to “{0}” (keeps it)', titleOf(view, downTo));
}
