// The tasks of tasks.json that change VMs: each runs in a terminal of its own, by the commands that a person has too.
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.js';
import { taskType } from '../../manifest/viewIds.js';
import type { OwnTask } from '../commands/commandServices.js';
import type { TaskServices } from './taskTerminal.js';

/** No task is offered by itself: which VM and which snapshot somebody wants is theirs to write down. */
export function rewindTasks(reached: TaskServices): Disposable {
  return vscode.tasks.registerTaskProvider(taskType, {
    provideTasks: () => [],
    resolveTask: (task) => rewindTask(task, reached),
  });
}

/** Runs what no tasks.json has, as if one had it. Resolves when it has begun. */
export function runOwnTask(name: string, definition: OwnTask, reached: TaskServices): Thenable<unknown> {
  return vscode.tasks.executeTask(
    rewindTask({ definition: { ...definition, type: taskType }, scope: undefined, name }, reached),
  );
}

function rewindTask(
  { definition, scope, name }: Pick<vscode.Task, 'definition' | 'scope' | 'name'>,
  reached: TaskServices,
): vscode.Task {
  const execution = new vscode.CustomExecution(async (filled) =>
    (await import('./taskTerminal.js')).taskTerminal(reached, { ...definition, ...filled }),
  );
  // No problem matchers: else each run would ask for which errors its output is to be scanned.
  return new vscode.Task(definition, scope ?? vscode.TaskScope.Workspace, name, taskType, execution, []);
}
