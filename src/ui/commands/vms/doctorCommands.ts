// What mends what the doctor found.
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { argumentsOf } from '../commandArguments.js';
import { targetVm } from '../targets.js';
import type { OperationRequest, OperationResult, Repair } from '../../../domain/operation.js';
import { keyOf, severityOf } from '../../../diagnosis/problemTable.js';
import { plannedRepairs } from '../../../diagnosis/examination.js';
import { displayLine } from '../../../domain/plainText.js';
import type { Plan } from '../../../operations/plan.js';
import type { LeftOut } from '../../../text/questions/questionText.js';
import { trashLabel } from '../../../text/questions/trashText.js';
import { fileName } from '../../../text/questions/lossText.js';
import { mapLimited } from '../../../base/mapLimited.js';
import { problemText, repairText } from '../../../text/problems/problemText.js';
import { CommandError, DismissedError, NothingThere } from '../../prompts/commandError.js';
import { requirePlan } from '../../../session/session.js';
import { operateConfirmed } from '../operate.js';
import { operateAll } from '../operateAll.js';
import { readsAtOnce } from '../severalVms.js';
import { type Choice, pick } from '../../prompts/pickTarget.js';
import { refusalChoice } from '../../prompts/refusalChoice.js';
import { asFailure } from '../../../domain/asFailure.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { notifyProgress } from '../../prompts/notify.js';
import { vmCountText } from '../../../text/words.js';

type RepairRequest = Extract<OperationRequest, { readonly kind: 'repair' }>;

export const doctorCommands = {
  'virtRewind.repair': { vms: repair, several: repairOnEach },
} satisfies CommandTable;

/** The doctor's repairs of a VM, each shown as a plan before it is done. */
async function repair(run: CommandRun): Promise<unknown> {
  const view = await targetVm(run);
  const { problem } = argumentsOf(run.call);
  const { diagnoses: all } = await run.health.examine(view.ref);
  const diagnoses = all.filter((one) => problem === undefined || keyOf(view.ref, one.problem) === problem);
  if (problem !== undefined && diagnoses.length === 0) {
    throw new NothingThere(t('The item no longer exists.'), { vm: view.vm.name });
  }
  const mendable = diagnoses.flatMap((diagnosis) =>
    plannedRepairs(diagnosis).map((planned, _, { length }) => ({ ...diagnosis, ...planned, isOne: length === 1 })),
  );
  if (mendable.length === 0) {
    const { name } = view.vm;
    throw diagnoses.every((one) => severityOf(one.problem) === 'note')
      ? new NothingThere(t('No problems found on {0}.', name), { vm: name })
      : new CommandError(
          'notFound',
          t('The problems of {0} cannot be repaired from here. Check Health explains each of them.', name),
          { vm: name },
        );
  }
  const choices = mendable.map((one): Choice<(typeof mendable)[number]> => {
    const label = one.isOne ? problemText(one.problem, view, Date.now()).what : repairText(one.repair, view);
    return one.decision.kind === 'plan' ? { label, value: one } : refusalChoice(label, one.decision.refusal, one);
  });
  const [only, ...others] = mendable;
  const { repair: wanted, decision } =
    only !== undefined && others.length === 0
      ? only
      : await pick(choices, t('Select what to repair on {0}', view.vm.name));
  const request = { kind: 'repair', vm: view.ref, repair: wanted } as const;
  requirePlan(view, request, decision);
  return operateConfirmed(run, request);
}

/** Removes what operations of several VMs have left over. With kinds of problems, it repairs these in one way. */
async function repairOnEach(run: CommandRun, views: readonly VmView[]): Promise<readonly OperationResult[]> {
  const kinds = argumentsOf(run.call).problem?.split(' ') ?? ['orphanFile'];
  const leftOut: LeftOut[] = [];
  const found = await notifyProgress(t('Checking health'), true, async (report, cancellation) => {
    const all = await mapLimited(views, readsAtOnce, async (view) => {
      const { ref, vm } = view;
      if (cancellation.isCancellationRequested) {
        throw new DismissedError();
      }
      try {
        const { diagnoses } = await run.health.examine(ref);
        report(vm.name, 100 / views.length);
        return diagnoses
          .filter(({ problem }) => kinds.includes(problem.kind))
          .flatMap(plannedRepairs)
          .map(({ repair }) => ({ view, repair }));
      } catch (error) {
        leftOut.push({ vm: vm.name, why: failureMessage(asFailure(error)) });
        return [];
      }
    });
    return all.flat();
  });
  const way = await pickWay(found);
  const requests = found
    .filter(({ repair }) => repair.kind === way)
    .map(({ view, repair }): RepairRequest => ({ kind: 'repair', vm: view.ref, repair }));
  if (requests.length === 0) {
    const rest = leftOut.map(({ vm, why }) => `${displayLine(vm)}: ${why}`);
    const none = kinds.includes('orphanFile')
      ? t('These VMs have no leftover files.')
      : t('The item no longer exists.');
    throw new NothingThere([none, ...rest].join(' '));
  }
  const [file = ''] = requests.flatMap(({ repair }) => (repair.kind === 'removeFiles' ? repair.files : []));
  return operateAll(run, requests, {
    ...(way === 'removeFiles'
      ? {
          title: (count, plans) =>
            !plans.every(isMove)
              ? count === 1
                ? t('Delete the leftover file “{0}”?', fileName(file))
                : t('Delete {0} leftover files?', count)
              : count === 1
                ? t('Move the leftover file “{0}” to the trash?', fileName(file))
                : t('Move {0} leftover files to the trash?', count),
          confirm: (count, plans) =>
            plans.every(isMove) ? trashLabel() : count === 1 ? t('Delete') : t('Delete {0} Files', count),
        }
      : { title: (count) => t('Repair {0}?', vmCountText(count)), confirm: () => t('Repair') }),
    when: 'always',
    leftOut,
  });
}

function isMove({ warnings }: Plan): boolean {
  return warnings.some(({ kind }) => kind === 'goesToTrash');
}

/** Each kind of repair mends all of them. */
async function pickWay(
  found: readonly { readonly view: VmView; readonly repair: Repair }[],
): Promise<Repair['kind'] | undefined> {
  const kinds = [...new Set(found.map(({ repair }) => repair.kind))];
  const choices = kinds.flatMap((kind): readonly Choice<Repair['kind']>[] => {
    const own = found.filter(({ repair }) => repair.kind === kind);
    const [first] = own;
    const more = own.length === 1 ? '' : t('{0} more', own.length - 1);
    return first === undefined ? [] : [{ label: repairText(first.repair, first.view), description: more, value: kind }];
  });
  return choices.length > 1
    ? pick(choices, t('Select what to repair on {0}', vmCountText(new Set(found.map(({ view }) => view)).size)))
    : kinds[0];
}
