// Registers each command of the manifest behind the one wrapper. What they do is loaded when the first one is called.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import type { AnyCommandId } from '../../verbs/verbs.js';
import { automaticCheckpoints } from './snapshots/automaticCheckpoints.js';
import type { CommandServices } from './commandServices.js';
import { healthNotices } from '../health/healthNotices.js';
import { OperationStatusItem } from './operations/operationStatusItem.js';
import { RunningOperations } from './operations/runningOperations.js';
import type { EnginePort } from '../../engine/enginePort.js';
import { slowLookText } from '../../text/operations/slowLookText.js';
import { notifyProgress } from '../prompts/notify.js';

/** As package.json has it, and the editor translates it: an object where the title is not the English one. */
interface TitledCommand {
  readonly command: AnyCommandId;
  readonly title: string | { readonly value: string };
}

/**
 * Ends with every command unregistered. Operations that run go on to their end in the daemon.
 *
 * @param commands as package.json has them: the table that it is made from is not needed to start
 */
export function registerCommands(commands: readonly TitledCommand[], services: CommandServices): Disposable {
  const store = new DisposableStore();
  const running = store.add(new RunningOperations(services.engine));
  store.add(new OperationStatusItem(services.engine, running));
  for (const { command: id, title } of commands) {
    const call = async (first: unknown, second: unknown): Promise<unknown> => {
      const { handlerOf, runCommand } = await import('./handlers.js');
      const named = { id, title: typeof title === 'string' ? title : title.value };
      return runCommand(named, handlerOf(id, (await services.wings()).handlers), services, running)(first, second);
    };
    store.add(vscode.commands.registerCommand(id, call));
  }
  store.add(automaticCheckpoints(services, running));
  const tell = async (report: RecoveryReport): Promise<void> =>
    (await import('../prompts/recoveryNotices.js')).tellRecovered(services, report);
  store.add(
    services.engine.onDidRecover((report) => {
      tell(report).catch((error: unknown) => services.log.error(String(error)));
    }),
  );
  store.add(slowLooks(services.engine));
  store.add(healthNotices(services.engine, services.health, (ref) => services.problemPages.isSeen(ref), services.log));
  return store;
}

/** The notification of a question that lasts: what it waits for, and Cancel. */
const tickMs = 1_000;

function slowLooks(engine: EnginePort): Disposable {
  return engine.onDidWait((look) => {
    const name = engine.findVm(look.vm)?.vm.name ?? look.vm.uuid;
    void notifyProgress(name, true, async (report, cancellation) => {
      const cancelling = cancellation.onCancellationRequested(look.cancel);
      const show = (): void => report(slowLookText(look));
      show();
      const timer = setInterval(show, tickMs);
      try {
        await look.ended;
      } finally {
        clearInterval(timer);
        cancelling.dispose();
      }
    });
  });
}
