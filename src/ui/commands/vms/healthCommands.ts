// What is wrong with VMs or soon will be: a report, and not to be told of it for a while.
import { t } from '@vscode/l10n';
import { asFailure } from '../../../domain/asFailure.js';
import type { StoredSystem } from '../../../domain/system.js';
import type { VmView } from '../../../live/views.js';
import type { Problem } from '../../../diagnosis/problem.js';
import { keyOf, severityOf } from '../../../diagnosis/problemTable.js';
import { labelIn } from '../../../text/connectionLabel.js';
import { withoutResting } from '../../../live/views.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { type CheckedVm, healthParts } from '../../../text/problems/healthReportText.js';
import type { ReportPart } from '../../../text/problems/report.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { notifyProgress, noteInStatusBar } from '../../prompts/notify.js';
import { isForSystem, reachMembers, targetSystem } from '../systems/systemTargets.js';
import { rowsOf, targetVms, targetVm } from '../targets.js';
import { connectionOfNode, type SystemNode, vmOfNode } from '../../tree/nodes.js';
import { severityWord } from '../../../text/problems/healthText.js';
import { problemText } from '../../../text/problems/problemText.js';
import { pickSeveral } from '../../prompts/pickTarget.js';
import { pickSnooze } from '../../health/pickSnooze.js';

export const healthCommands = {
  'virtRewind.checkHealth': checkHealth,
  'virtRewind.snoozeHealth': snoozeHealth,
} satisfies CommandTable;

/** A report on what is wrong with VMs' chains, snapshots and space, or soon will be; changes nothing. */
async function checkHealth(run: CommandRun): Promise<void> {
  const system = isForSystem(run) ? await targetSystem(run) : undefined;
  const asked = system === undefined ? await vmsOfCall(run) : await membersOf(run, system);
  const of = system?.system.name ?? (asked?.length === 1 ? asked[0]?.vm.name : undefined);
  await notifyProgress(t('Checking health'), true, async (report, cancellation) => {
    const parts = await checkVms(run, asked, report, cancellation);
    await run.problemPages.open({
      name: of === undefined ? t('Health') : t('Health: {0}', of),
      vms: (asked ?? reachedVms(run)).map(({ ref }) => ref),
      parts,
      readAgain: () => checkVms(run, asked),
      command: 'virtRewind.checkHealth',
      given: system === undefined ? rowsOf(asked ?? []) : [systemRow(system.system.id)],
    });
  });
}

/** @param asked undefined: all */
async function checkVms(
  run: CommandRun,
  asked: readonly VmView[] | undefined,
  report: (message: string, increment?: number) => void = () => undefined,
  cancellation?: { readonly isCancellationRequested: boolean },
): Promise<readonly ReportPart[]> {
  const unreached: string[] = [];
  await sweep(run, asked, unreached);
  const views = asked ?? reachedVms(run);
  const checked: CheckedVm[] = [];
  for (const { ref, vm } of views) {
    if (cancellation?.isCancellationRequested === true) {
      unreached.push(t('Cancelled: {0} and the VMs after it.', vm.name));
      break;
    }
    report(vm.name, 100 / views.length);
    checked.push(...(await checkedVm(run, ref)));
  }
  return healthParts(checked, unreached, Date.now(), run.engine.connections);
}

function systemRow(system: string): SystemNode {
  return { kind: 'system', id: system, system };
}

async function membersOf(run: CommandRun, stored: StoredSystem): Promise<readonly VmView[]> {
  await reachMembers(run, stored);
  return stored.system.members.flatMap((member) => run.engine.findVm(member) ?? []);
}

/** Undefined: all. The row of a connection stands for all its VMs. */
async function vmsOfCall(run: CommandRun): Promise<readonly VmView[] | undefined> {
  if (run.call.kind === 'rows') {
    if (run.call.rows.every((row) => vmOfNode(row) === undefined)) {
      const uris = new Set(run.call.rows.flatMap((row) => connectionOfNode(row) ?? []));
      const connected = await Promise.all([...uris].map((uri) => run.engine.connect(uri)));
      return connected.flatMap(({ vms }) => vms);
    }
    return targetVms(run);
  }
  return argumentsOf(run.call).vm === undefined ? undefined : targetVms(run);
}

/** A connection that cannot be reached is told of, and stops nobody else's check. */
async function sweep(run: CommandRun, asked: readonly VmView[] | undefined, unreached: string[]): Promise<void> {
  const uris =
    asked === undefined
      ? withoutResting(run.engine.connections).map(({ uri }) => uri)
      : asked.map(({ ref }) => ref.connection);
  await Promise.all(
    [...new Set(uris)].map(async (uri) => {
      try {
        await run.health.sweepNow(uri);
      } catch (error) {
        unreached.push(`${labelIn(run.engine.connections, uri)}: ${failureMessage(asFailure(error))}`);
      }
    }),
  );
}

function reachedVms(run: CommandRun): readonly VmView[] {
  return run.engine.connections.filter(({ state }) => state === 'connected').flatMap(({ vms }) => vms);
}

/** None where the VM is gone meanwhile. */
async function checkedVm(run: CommandRun, ref: VmView['ref']): Promise<readonly CheckedVm[]> {
  let failure: string | undefined;
  try {
    await run.health.examine(ref);
  } catch (error) {
    failure = failureMessage(asFailure(error));
  }
  const view = run.engine.findVm(ref);
  const health = run.health.healthOf(ref);
  const all = run.health.everything(ref);
  return view === undefined || health === undefined || all === undefined
    ? []
    : [
        {
          view,
          health,
          snoozed: all.found.filter((problem) => run.health.isSnoozed(keyOf(ref, problem))).length,
          ...(failure === undefined ? {} : { failure }),
        },
      ];
}

/** Warnings about a VM are neither shown nor told for a while. */
async function snoozeHealth(run: CommandRun): Promise<void> {
  const wrongWith = (ref: VmView['ref']): readonly Problem[] =>
    (run.health.healthOf(ref)?.found ?? []).filter((problem) => severityOf(problem) !== 'note');
  const { problem: only } = argumentsOf(run.call);
  const view = await targetVm(run, ({ ref }) => wrongWith(ref).length > 0);
  const found = wrongWith(view.ref).filter((problem) => only === undefined || keyOf(view.ref, problem) === only);
  if (found.length === 0) {
    noteInStatusBar(
      only === undefined ? t('No problems found on {0}.', view.vm.name) : t('The item no longer exists.'),
    );
    return;
  }
  const choices = found.map((problem) => ({
    label: problemText(problem, view, Date.now()).what,
    description: severityWord(severityOf(problem)),
    value: keyOf(view.ref, problem),
  }));
  const keys = only === undefined ? await pickSeveral(choices, t('Select the warnings to snooze')) : [only];
  if (keys.length > 0) {
    await run.health.snooze(keys, await pickSnooze());
    run.problemPages.renew(view.ref);
  }
}
