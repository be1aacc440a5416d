// What is wrong with VMs or soon will be: a report, and not to be told of it for a while.
import { t } from '@vscode/l10n';
import { mapLimited } from '../../../base/mapLimited.js';
import { asFailure } from '../../../domain/asFailure.js';
import { checkVm } from '../../../health/checkVm.js';
import type { StoredSystem } from '../../../domain/system.js';
import { vmsOnce } from '../../../live/sameDaemon.js';
import type { VmView } from '../../../live/views.js';
import type { Problem } from '../../../diagnosis/problem.js';
import { keyOf, severityOf } from '../../../diagnosis/problemTable.js';
import { labelIn } from '../../../text/connectionLabel.js';
import { withoutResting } from '../../../live/views.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { type CheckedVm, problemReport } from '../../../text/problems/problemReport.js';
import type { ReportPart } from '../../../text/problems/report.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { notifyProgress, noteInStatusBar } from '../../prompts/notify.js';
import { isForSystem, reachMembers, targetSystem } from '../systems/systemTargets.js';
import { rowsOf, targetVms, targetVm } from '../targets.js';
import { connectionOfNode, type Node, type SystemNode, vmOfNode } from '../../tree/nodes.js';
import { severityWord } from '../../../text/problems/healthText.js';
import { problemText } from '../../../text/problems/problemText.js';
import { pickSeveral } from '../../prompts/pickTarget.js';
import { pickSnooze } from '../../health/pickSnooze.js';

/** Each reads files of its own; more would only wait for the same disks. */
const checksAtOnce = 4;

export const healthCommands = {
  'virtRewind.checkHealth': checkHealth,
  'virtRewind.snoozeHealth': { vms: snoozeHealth, several: snoozeOnEach },
} satisfies CommandTable;

/** Without a VM: of all. */
async function checkHealth(run: CommandRun): Promise<void> {
  if (isForSystem(run)) {
    const stored = await targetSystem(run);
    await reachMembers(run, stored);
    const views = stored.system.members.flatMap((member) => run.engine.findVm(member) ?? []);
    return showReport(run, views, stored.system);
  }
  const isOfAll = run.call.kind !== 'rows' && argumentsOf(run.call).vm === undefined;
  return showReport(run, isOfAll ? undefined : ((await vmsOfRows(run)) ?? (await targetVms(run))));
}

/** The row of a connection stands for all its VMs; undefined: there is none. */
async function vmsOfRows({ call, engine }: CommandRun): Promise<readonly VmView[] | undefined> {
  if (call.kind !== 'rows' || call.rows.some((row) => vmOfNode(row) !== undefined)) {
    return undefined;
  }
  const connected = await Promise.all(connectionsOf(call.rows).map((uri) => engine.connect(uri)));
  return connected.flatMap(({ vms }) => vms);
}

function connectionsOf(rows: readonly Node[]): readonly string[] {
  return [...new Set(rows.flatMap((row) => (vmOfNode(row) === undefined ? (connectionOfNode(row) ?? []) : [])))];
}

/**
 * What works with VMs here, what is wrong with them or soon will be; changes nothing.
 * @param asked undefined: all
 */
async function showReport(run: CommandRun, asked?: readonly VmView[], system?: StoredSystem['system']): Promise<void> {
  const rows = run.call.kind === 'rows' ? run.call.rows : [];
  const [connection, ...others] = connectionsOf(rows);
  const of =
    system?.name ??
    (connection === undefined || others.length > 0 ? undefined : labelIn(run.engine.connections, connection));
  const [only] = asked?.length === 1 ? asked : [];
  const title = of ?? only?.vm.name;
  const name = title === undefined ? t('Health') : t('Health: {0}', title);
  const given = system !== undefined ? [systemRow(system.id)] : of === undefined ? rowsOf(asked ?? []) : rows;
  const refs = asked?.map(({ ref }) => ref);
  const read: Parameters<typeof notifyProgress>[2] = async (report, cancellation) => {
    const parts = await checkVms(run, asked, report, cancellation);
    await run.problemPages.open({
      name,
      vms: (asked ?? reachedVms(run)).map(({ ref }) => ref),
      parts,
      readAgain: () => checkVms(run, asked),
      command: 'virtRewind.checkHealth',
      given,
    });
  };
  await notifyProgress(t('Checking health'), true, (report, cancellation) =>
    run.problemPages.whileRead(refs, async () => read(report, cancellation)),
  );
}

/** @param asked undefined: all */
async function checkVms(
  run: CommandRun,
  asked: readonly VmView[] | undefined,
  report: (message: string, increment?: number) => void = () => undefined,
  cancellation?: { readonly isCancellationRequested: boolean },
): Promise<readonly ReportPart[]> {
  const unreached: string[] = [];
  if (asked?.length !== 1) {
    await sweep(run, asked, unreached);
  }
  const views = asked ?? reachedVms(run);
  const share = 100 / views.length;
  let [begun, skipped] = [0, 0];
  const checked = await mapLimited(views, checksAtOnce, async ({ ref, vm }): Promise<readonly CheckedVm[]> => {
    if (cancellation?.isCancellationRequested === true) {
      skipped += 1;
      return [];
    }
    begun += 1;
    report(`${t('{0} of {1}', begun, views.length)} · ${vm.name}`, share);
    // None where the VM is gone meanwhile.
    const one = await checkVm(run.health, run.engine, ref);
    return one === undefined ? [] : [one];
  });
  if (skipped > 0) {
    unreached.push(`${t('Cancelled.')} ${t('{0} not tried.', skipped)}`);
  }
  return problemReport(checked.flat(), unreached, Date.now(), run.engine.connections);
}

function systemRow(system: string): SystemNode {
  return { kind: 'system', id: system, system };
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
  return vmsOnce(run.engine.connections.filter(({ state }) => state === 'connected'));
}

/** Warnings about a VM are neither shown nor told for a while. */
async function snoozeHealth(run: CommandRun): Promise<void> {
  const { problem: only } = argumentsOf(run.call);
  const view = await targetVm(run, ({ ref }) => wrongWith(run, ref).length > 0);
  const found = wrongWith(run, view.ref).filter((problem) => only === undefined || keyOf(view.ref, problem) === only);
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

/** Snoozes all warnings of several VMs, or those of some kinds. */
async function snoozeOnEach(run: CommandRun, views: readonly VmView[]): Promise<void> {
  const kinds = argumentsOf(run.call).problem?.split(' ');
  const keys = views.flatMap(({ ref }) =>
    wrongWith(run, ref)
      .filter(({ kind }) => kinds?.includes(kind) !== false)
      .map((problem) => keyOf(ref, problem)),
  );
  if (keys.length === 0) {
    noteInStatusBar(t('No problems found.'));
    return;
  }
  await run.health.snooze(keys, await pickSnooze());
  views.forEach(({ ref }) => run.problemPages.renew(ref));
}

function wrongWith({ health }: CommandRun, ref: VmView['ref']): readonly Problem[] {
  return (health.healthOf(ref)?.found ?? []).filter((problem) => severityOf(problem) !== 'note');
}
