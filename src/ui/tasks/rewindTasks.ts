// The tasks of tasks.json that change VMs: each runs in a terminal of its own, by the commands that a person has too.
import * as vscode from 'vscode';
import type { Disposable } from '../../base/disposable.js';
import { systemClock } from '../../base/clock.js';
import { taskType } from '../../manifest/viewIds.js';
import type { CommandServices, OwnTask } from '../commands/commandServices.js';
import type { TaskRun } from './runTask.js';

type TaskServices = Pick<CommandServices, 'engine' | 'systems'>;

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
  const execution = new vscode.CustomExecution((filled) =>
    Promise.resolve(taskTerminal(reached, { ...definition, ...filled })),
  );
  // No problem matchers: whoever runs it would be asked for which errors its output is to be scanned.
  return new vscode.Task(definition, scope ?? vscode.TaskScope.Workspace, name, taskType, execution, []);
}

/** Ctrl+C, and ending the task, end a wait; an operation that has begun goes on, and Cancel Operation is for that. */
function taskTerminal({ engine, systems }: TaskServices, definition: TaskRun['definition']): vscode.Pseudoterminal {
  const written = new vscode.EventEmitter<string>();
  const closed = new vscode.EventEmitter<number>();
  const controller = new AbortController();
  const run = async (): Promise<number> => {
    const [{ runTask }, { namedVm }] = await Promise.all([import('./runTask.js'), import('../commands/targets.js')]);
    return runTask({
      definition,
      isTrusted: vscode.workspace.isTrusted,
      clock: systemClock,
      signal: controller.signal,
      write: (line) => written.fire(`${line}\r\n`),
      show: (text) => written.fire(text),
      runIn: async ({ vm, connection, command }, signal) => {
        const { ref } = await namedVm(engine, vm, connection);
        return engine.guests.runIn(ref, command, signal);
      },
      execute: (command, given) => vscode.commands.executeCommand(command, given),
      untilUp: async (system, atMostMs, signal) => {
        const [{ requireSystem }, room] = await Promise.all([import('../commands/systemTargets.js'), systems.open()]);
        await room.untilUp(requireSystem(await room.find(system), system), atMostMs, signal);
      },
      addressesOf: async (vm, connection) => engine.guests.addressesOf((await namedVm(engine, vm, connection)).ref),
      readVm: async (vm, connection) => {
        const { ref } = await namedVm(engine, vm, connection);
        await engine.refresh({ vm: ref });
        return (await namedVm(engine, ref.uuid, ref.connection)).vm;
      },
    });
  };
  return {
    onDidWrite: written.event,
    onDidClose: closed.event,
    open: () => {
      run().then(
        (code) => closed.fire(code),
        (error: unknown) => {
          written.fire(`${String(error)}\r\n`);
          closed.fire(1);
        },
      );
    },
    close: () => controller.abort(),
    handleInput: (data) => {
      if (data.includes('\u0003')) {
        controller.abort();
      }
    },
  };
}
