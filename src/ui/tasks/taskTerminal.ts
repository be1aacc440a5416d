// The terminal in which a task runs, and what it reaches of the editor. It is loaded when one runs.
import * as vscode from 'vscode';
import { systemClock } from '../../base/clock.js';
import type { CommandServices } from '../commands/commandServices.js';
import { guestPort } from '../../engine/guestAddress.js';
import { requireSystem } from '../../domain/system.js';
import { namedVm } from '../commands/targets.js';
import { runTask, type TaskRun } from './runTask.js';

export type TaskServices = Pick<CommandServices, 'engine' | 'systems'>;

/** Ctrl+C, and ending the task, end a wait; an operation that has begun goes on, and Cancel Operation is for that. */
export function taskTerminal(
  { engine, systems }: TaskServices,
  definition: TaskRun['definition'],
): vscode.Pseudoterminal {
  const written = new vscode.EventEmitter<string>();
  const closed = new vscode.EventEmitter<number>();
  const controller = new AbortController();
  const run = async (): Promise<number> => {
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
        const room = await systems.open();
        await room.untilUp(requireSystem(await room.find(system), system), atMostMs, signal);
      },
      guestPort: async ({ vm, connection, port, atMostMs }, signal) => {
        const view = await namedVm(engine, vm, connection);
        const addressesOf = (): ReturnType<typeof engine.guests.addressesOf> => engine.guests.addressesOf(view.ref);
        return guestPort(port, atMostMs, { engine, view, clock: systemClock, signal, addressesOf });
      },
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
