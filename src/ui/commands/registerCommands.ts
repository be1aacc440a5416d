// Registers each command of the manifest behind the one wrapper. What they do is loaded when the first one is called.
import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../base/disposable.js';
import type { CommandId } from '../../verbs/verbs.js';
import { automaticCheckpoints } from './automaticCheckpoints.js';
import type { CommandServices } from './commandServices.js';
import { healthNotices } from '../health/healthNotices.js';
import { recoveryNotices } from '../prompts/recoveryNotices.js';
import { RunningOperations } from './runningOperations.js';

/**
 * Ends with every command unregistered. Operations that run go on to their end in the daemon.
 *
 * @param ids as package.json has them: the table that it is made from is not needed to start
 */
export function registerCommands(ids: readonly CommandId[], services: CommandServices): Disposable {
  const store = new DisposableStore();
  const running = new RunningOperations();
  for (const id of ids) {
    const call = async (first: unknown, second: unknown): Promise<unknown> => {
      const { handlerOf, runCommand } = await import('./handlers.js');
      return runCommand(id, handlerOf(id), services, running)(first, second);
    };
    store.add(vscode.commands.registerCommand(id, call));
  }
  store.add(automaticCheckpoints(services, running));
  store.add(recoveryNotices(services.engine, services.log));
  store.add(healthNotices(services.engine, services.health, services.log));
  return store;
}
