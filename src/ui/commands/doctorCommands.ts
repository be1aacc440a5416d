// The doctor's report of a VM, and what mends what it found.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { VmView } from '../../live/views.js';
import { connectionOfNode, vmOfNode } from '../tree/nodes.js';
import type { CommandRun, CommandTable } from './commandServices.js';
import { targetVms, targetVm } from './targets.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import { examinationText } from '../../text/examinationText.js';
import { severityOf } from '../../diagnosis/problemTable.js';
import { plannedRepairs } from '../../diagnosis/examination.js';
import { displayLine } from '../../domain/plainText.js';
import type { LeftOut } from '../../text/questionText.js';
import { mapLimited } from '../../base/mapLimited.js';
import { problemText, repairText } from '../../text/problemText.js';
import { CommandError, DismissedError, NothingThere } from '../prompts/commandError.js';
import { requirePlan } from '../../session/session.js';
import { operateConfirmed } from './operate.js';
import { operateAll } from './operateAll.js';
import { readsAtOnce, severalVms } from './severalVms.js';
import { type Choice, pick } from '../prompts/pickTarget.js';
import { refusalChoice } from '../prompts/refusalChoice.js';
import { asFailure } from '../../domain/asFailure.js';
import { failureMessage } from '../../text/failureMessage.js';
import { markdownText } from '../../text/markdown.js';
import { notify, notifyProgress } from '../prompts/notify.js';
import { showFailure } from './runCommand.js';

export const doctorCommands = {
  /** A report on what works with a VM's snapshots here and what is wrong with them; changes nothing. */
  'virtRewind.examine': async (run) => openDoctorReport(run, await examinedVms(run)),
  'virtRewind.repair': repair,
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
  const several = severalVms(run);
  if (several !== undefined) {
    return cleanUp(run, several);
  }
  const view = await targetVm(run);
  const { diagnoses } = await run.health.examine(view.ref);
  const mendable = diagnoses.flatMap((diagnosis) =>
    plannedRepairs(diagnosis).map((planned, _, { length }) => ({ ...diagnosis, ...planned, isOne: length === 1 })),
  );
  if (mendable.length === 0) {
    const { name } = view.vm;
    throw diagnoses.every(({ problem }) => severityOf(problem) === 'note')
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
  const result = await operateConfirmed(run, request);
  void renewDoctorReports(run, view);
  return result;
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
        return diagnoses.flatMap(({ problem, repair: steps }): readonly OperationRequest[] =>
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
  const results = await operateAll(run, requests, {
    title: (count) => t('Delete {0} leftover files?', count),
    confirm: (count) => t('Delete {0} Files', count),
    when: 'always',
    leftOut,
  });
  for (const view of views) {
    void renewDoctorReports(run, view);
  }
  return results;
}

interface DoctorReport {
  readonly text: string;
  /** What is wrong and can be mended now. */
  readonly repairs: number;
}

/** @throws Failure when it is one VM that cannot be examined; of several, that one's part says why */
async function openDoctorReport(run: CommandRun, views: readonly VmView[]): Promise<void> {
  const { text, repairs } = await examineVms(run, views);
  await run.reports.open(reportName(views), text, {
    readAgain: async () => (await examineVms(run, views)).text,
  });
  const [only, ...others] = views;
  if (repairs > 0 && only !== undefined && others.length === 0) {
    offerRepair(run, only, repairs);
  }
}

/** After something was mended on the VM: reports that were opened shall not tell of it any more. Never rejects. */
async function renewDoctorReports({ reports, log }: CommandRun, view: VmView): Promise<void> {
  for (const name of [reportName([view]), reportName([])]) {
    try {
      await reports.renew(name);
    } catch (error) {
      log.warn(`${name} tells of an earlier state: ${asFailure(error).message}`);
    }
  }
}

function reportName([only, ...others]: readonly VmView[]): string {
  return only !== undefined && others.length === 0 ? t('Doctor: {0}', only.vm.name) : t('Doctor');
}

async function examineVms({ engine, health }: CommandRun, views: readonly VmView[]): Promise<DoctorReport> {
  const parts: string[] = [];
  let repairs = 0;
  for (const view of views) {
    try {
      const examination = await health.examine(view.ref);
      repairs += examination.diagnoses.filter((one) =>
        plannedRepairs(one).some(({ decision }) => decision.kind === 'plan'),
      ).length;
      parts.push(examinationText(examination, engine.findVm(view.ref) ?? view, Date.now()));
    } catch (error) {
      if (views.length === 1) {
        throw error;
      }
      parts.push(`# ${markdownText(view.vm.name)}\n\n${markdownText(failureMessage(asFailure(error)))}`);
    }
  }
  return { text: parts.join('\n\n'), repairs };
}

function offerRepair(run: CommandRun, { ref, vm }: VmView, count: number): void {
  const button = t('Repair…');
  void notify(
    'warning',
    t('{0} of the problems that Doctor found on {1} can be repaired here.', count, vm.name),
    button,
  )
    .then((pressed) =>
      pressed === button
        ? vscode.commands.executeCommand('virtRewind.repair', { vm: ref.uuid, connection: ref.connection })
        : undefined,
    )
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.examine', reason));
}
