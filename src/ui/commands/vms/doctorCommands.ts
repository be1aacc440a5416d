// The doctor's report of a VM, and what mends what it found.
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import { connectionOfNode, vmOfNode } from '../../tree/nodes.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { argumentsOf } from '../commandArguments.js';
import { rowsOf, targetVms, targetVm } from '../targets.js';
import type { OperationRequest, OperationResult } from '../../../domain/operation.js';
import { examinationParts } from '../../../text/problems/examinationText.js';
import { foundText } from '../../../text/problems/healthReportText.js';
import type { ReportPart } from '../../../text/problems/report.js';
import { keyOf, severityOf } from '../../../diagnosis/problemTable.js';
import { plannedRepairs } from '../../../diagnosis/examination.js';
import { displayLine } from '../../../domain/plainText.js';
import type { LeftOut } from '../../../text/questions/questionText.js';
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

type RepairRequest = Extract<OperationRequest, { readonly kind: 'repair' }>;

export const doctorCommands = {
  /** A report on what works with a VM's snapshots here and what is wrong with them; changes nothing. */
  'virtRewind.examine': async (run) => openDoctorReport(run, await examinedVms(run)),
  'virtRewind.repair': { vms: repair, several: cleanUp },
} satisfies CommandTable;

/** A connection's row stands for all its VMs. */
async function examinedVms(run: CommandRun): Promise<readonly VmView[]> {
  if (run.call.kind === 'rows' && run.call.rows.every((row) => vmOfNode(row) === undefined)) {
    const uris = new Set(run.call.rows.flatMap((row) => connectionOfNode(row) ?? []));
    const connected = await Promise.all([...uris].map((uri) => run.engine.connect(uri)));
    return connected.flatMap(({ vms }) => vms);
  }
  return targetVms(run);
}

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
          t('The problems of {0} cannot be repaired from here. The Doctor page explains each of them.', name),
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

/** Removes what operations have left over on any of the VMs; each other repair is for one VM. */
async function cleanUp(run: CommandRun, views: readonly VmView[]): Promise<readonly OperationResult[]> {
  const leftOut: LeftOut[] = [];
  const requests = await notifyProgress(t('Looking for leftover files'), true, async (report, cancellation) => {
    const all = await mapLimited(views, readsAtOnce, async ({ ref, vm }) => {
      if (cancellation.isCancellationRequested) {
        throw new DismissedError();
      }
      try {
        const { diagnoses } = await run.health.examine(ref);
        report(vm.name, 100 / views.length);
        return diagnoses.flatMap(({ problem, repair: steps }): readonly RepairRequest[] =>
          // A tag may be somebody's own snapshot, which can be added instead: that is decided for each.
          steps !== undefined && problem.kind === 'orphanFile'
            ? [{ kind: 'repair', vm: ref, repair: steps.repair }]
            : [],
        );
      } catch (error) {
        leftOut.push({ vm: vm.name, why: failureMessage(asFailure(error)) });
        return [];
      }
    });
    return all.flat();
  });
  if (requests.length === 0) {
    const rest = leftOut.map(({ vm, why }) => `${displayLine(vm)}: ${why}`);
    throw new NothingThere([t('These VMs have no leftover files.'), ...rest].join(' '));
  }
  const [file = ''] = requests.flatMap(({ repair }) => (repair.kind === 'removeFiles' ? repair.files : []));
  return operateAll(run, requests, {
    title: (count) =>
      count === 1 ? t('Delete the leftover file “{0}”?', fileName(file)) : t('Delete {0} leftover files?', count),
    confirm: (count) => (count === 1 ? t('Delete') : t('Delete {0} Files', count)),
    when: 'always',
    leftOut,
  });
}

/** @throws Failure when it is one VM that cannot be examined; of several, that one's part says why */
async function openDoctorReport(run: CommandRun, views: readonly VmView[]): Promise<void> {
  const [only, ...others] = views;
  const readAgain = (): Promise<readonly ReportPart[]> => examineVms(run, views);
  await run.problemPages.open({
    name: only !== undefined && others.length === 0 ? t('Doctor: {0}', only.vm.name) : t('Doctor'),
    vms: views.map(({ ref }) => ref),
    parts: await readAgain(),
    readAgain,
    command: 'virtRewind.examine',
    given: rowsOf(views),
  });
}

async function examineVms(run: CommandRun, views: readonly VmView[]): Promise<readonly ReportPart[]> {
  const { engine, health } = run;
  const [only, ...others] = views;
  const examine = async (view: VmView, level: 1 | 2): Promise<ExaminedPart> => {
    const examination = await health.examine(view.ref);
    const parts = examinationParts(examination, engine.findVm(view.ref) ?? view, Date.now(), level);
    return { parts, isBad: examination.diagnoses.some(({ problem }) => severityOf(problem) !== 'note') };
  };
  if (only !== undefined && others.length === 0) {
    return (await examine(only, 1)).parts;
  }
  const examined: ExaminedPart[] = [];
  for (const view of views) {
    examined.push(
      await examine(view, 2).catch((error: unknown) => ({
        parts: [
          { kind: 'heading', level: 2, text: view.vm.name },
          { kind: 'text', lead: t('Not checked'), text: failureMessage(asFailure(error)) },
        ],
        isBad: undefined,
      })),
    );
  }
  const bad = examined.filter(({ isBad }) => isBad !== false);
  return [
    { kind: 'heading', level: 1, text: t('Doctor') },
    ...foundText(examined.map(({ isBad }) => isBad)),
    ...[...bad, ...examined.filter((one) => !bad.includes(one))].flatMap(({ parts }) => parts),
  ];
}

interface ExaminedPart {
  readonly parts: readonly ReportPart[];
  /** Undefined: it could not be examined. */
  readonly isBad: boolean | undefined;
}
