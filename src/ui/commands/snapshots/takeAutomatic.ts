// Takes one checkpoint that a setting wants, of the VM or system that the workspace works with, and asks nobody.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { mayAct } from '../../../domain/automaticActions.js';
import { asFailure } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { protectionMatcher } from '../../../domain/protection.js';
import { freeTitle } from '../../../domain/snapshotName.js';
import type { StoredSystem } from '../../../domain/system.js';
import type { VmView } from '../../../live/views.js';
import { settingKeys } from '../../../manifest/settings.js';
import { planSystemPrune, runSystemPrune, withoutQuestions } from '../../../systems/systemPrune.js';
import type { Systems } from '../../../systems/systems.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { stayingLine } from '../../../text/systems/systemPruneText.js';
import { CommandError, DismissedError, NothingThere } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { readSettings, seamlessWish } from '../../readSettings.js';
import { type Occasion, notTakenText, occasionTitle, takenText } from './checkpointOccasions.js';
import type { CommandServices, CommandRun } from '../commandServices.js';
import { gitReference } from './gitReference.js';
import { tellOfMark } from './markNotice.js';
import { existingVm, operate } from '../operate.js';
import { showFailure } from '../runCommand.js';
import type { RunningOperations } from '../operations/runningOperations.js';
import { checkpointRequest } from './snapshotCommands.js';
import { carryOutSystem } from '../systems/systemOperations.js';

/** Never rejects: what it was to come before goes on, and a message says why there is none. */
export async function takeAutomatic(
  services: CommandServices,
  running: RunningOperations,
  occasion: Occasion,
  cancellation?: vscode.CancellationToken,
): Promise<void> {
  const run: CommandRun = {
    ...services,
    running,
    seen: new Map(),
    call: { kind: 'program', given: { confirm: false } },
    title: occasionTitle(occasion),
  };
  try {
    requireAllowed();
    const system = (await run.chosen.find())?.known.system.id;
    const what =
      system === undefined ? await takeOfVm(run, occasion, cancellation) : await takeOfSystem(run, occasion, system);
    const text = takenText(occasion, what);
    run.log.info(text);
    noteInStatusBar(text);
  } catch (error) {
    tellWhyNot(run, occasion, error);
  }
}

/** @throws CommandError */
function requireAllowed(): void {
  if (!vscode.workspace.isTrusted) {
    throw new CommandError(
      'refused',
      t('Virt Rewind does not change VMs automatically while the workspace is not trusted.'),
    );
  }
  if (!mayAct('takeCheckpoints', readSettings().automaticActions)) {
    throw new CommandError(
      'refused',
      t('The setting {0} does not allow automatic actions.', settingKeys.automaticActions),
    );
  }
}

/** As Quick Checkpoint takes it. @returns what the VM is called */
async function takeOfVm(
  run: CommandRun,
  occasion: Occasion,
  cancellation: vscode.CancellationToken | undefined,
): Promise<string> {
  const ref = await run.activeVm.find();
  if (ref === undefined) {
    throw new NothingThere(
      t('This window has no active VM. Select one in the Virt Rewind view. The status bar shows it.'),
    );
  }
  requireFree(run, existingVm(run, ref));
  const request = await checkpointRequest(run, ref, ({ snapshots }) => freeTitle(occasionTitle(occasion), snapshots));
  await tellOfMark(run, [request]);
  await operate(
    run,
    { ...request, auto: 'work' },
    { quiet: 'result', unasked: true, ...(cancellation !== undefined && { cancellation }) },
  );
  return existingVm(run, ref).vm.name;
}

/** All members at one moment. @returns what the system is called */
async function takeOfSystem(run: CommandRun, occasion: Occasion, id: string): Promise<string> {
  const systems = await run.systems.open();
  const stored = await systems.find(id);
  if (stored === undefined) {
    throw new NothingThere(t('The active system no longer exists. Choose another system or a VM.'));
  }
  const title = freeTitle(occasionTitle(occasion), stored.points);
  const git = gitReference();
  await carryOutSystem(run, stored, 'virtRewind.quickCheckpoint', async () => {
    const wish = { title, auto: 'work', ...seamlessWish(), ...(git !== undefined && { git }) } as const;
    const plan = await systems.planCheckpoint(stored, wish);
    plan.members.forEach(({ view }) => requireFree(run, view));
    return plan;
  });
  // As after one of a VM: nobody waits for what is tidied.
  void pruneOfSystem(run, systems, stored);
  return stored.system.name;
}

/**
 * Nobody waits in a line behind something that takes its time, and what is protected nothing touches unasked. A delete
 * that nobody here asked for is the tidying after the last such checkpoint: that is waited for.
 * @throws CommandError
 */
function requireFree({ running }: CommandRun, { ref, vm, operation }: VmView): void {
  const name = displayLine(vm.name);
  if (running.has(ref) || (operation !== undefined && operation.request.kind !== 'delete')) {
    throw new CommandError(
      'busy',
      t('Another operation is running on {0}. When it is done, use Quick Checkpoint.', name),
    );
  }
  if (protectionMatcher(readSettings().protectedVms)(vm)) {
    throw new CommandError('refused', t('{0} is protected. Use Quick Checkpoint and type its name.', name));
  }
}

/** Never rejects. What cannot go stays, and the next time tries again; nobody asked for it, so nobody is told. */
async function pruneOfSystem(
  { engine, log, systems: { known } }: CommandRun,
  systems: Systems,
  { system }: StoredSystem,
): Promise<void> {
  try {
    const { automaticActions, keepAutoCheckpoints } = readSettings();
    const stored = await systems.find(system.id);
    if (stored === undefined || !mayAct('pruneCheckpoints', automaticActions)) {
      return;
    }
    const rule = { keepLast: keepAutoCheckpoints };
    const found = withoutQuestions(await planSystemPrune(systems, engine, stored, rule, Date.now(), 'work'));
    const { stays } = await runSystemPrune(systems, found, { signal: new AbortController().signal });
    for (const one of stays) {
      log.info(`${system.name}: ${stayingLine(one)}`);
    }
    await known.read();
  } catch (error) {
    log.warn(`old restore points of ${system.name} that were taken unasked stay: ${asFailure(error).line}`);
  }
}

function tellWhyNot({ log, title }: CommandRun, occasion: Occasion, error: unknown): void {
  if (error instanceof DismissedError || asFailure(error).kind === 'cancelled') {
    log.info(`${occasionTitle(occasion)}: the checkpoint was cancelled`);
    return;
  }
  const { kind, details } = error instanceof CommandError ? error : asFailure(error);
  const why = error instanceof CommandError ? error.message : failureMessage(asFailure(error));
  const text = notTakenText(occasion, why);
  log.warn(text);
  showFailure(log, 'virtRewind.quickCheckpoint', new CommandError(kind, text, details), title);
}
