// A step as the commands that do the same by hand, for people to learn from and to paste into a terminal.
// Nothing here is ever run by us.
import { quoteForShell } from '../domain/quoteForShell.js';
import type { Vm } from '../domain/vm.js';
import type { Step } from './step.js';
import type { ByHand, Command } from './stepDefinition.js';
import { definitionOf } from './steps.js';

/**
 * What a person would type, a command at a time. Where XML is changed it is the command that opens an editor on it, for
 * virsh has none that takes the change, or the ones that show it and take it from a file.
 */
export function commandsOf(step: Step, vm: Pick<Vm, 'name' | 'disks'>, uri: string): readonly Command[] {
  const virsh: ByHand['virsh'] = (command, ...options) => ['virsh', '-c', uri, command, ...options];
  const ofVm: ByHand['ofVm'] = (command, ...options) => virsh(command, '--domain', vm.name, ...options);
  const ofSnapshot: ByHand['ofSnapshot'] = (command, snapshot, ...options) =>
    ofVm(command, '--snapshotname', snapshot, ...options);
  const editedXml: ByHand['editedXml'] = (name) => `${name.replaceAll('/', '-')}.xml`;
  return definitionOf(step).byHand(step, { vm, virsh, ofVm, ofSnapshot, editedXml });
}

/** One line for a POSIX shell; several commands are joined so that one that fails stops the rest. */
export function virshLine(steps: readonly Step[], vm: Pick<Vm, 'name' | 'disks'>, uri: string): string {
  return steps
    .flatMap((step) => commandsOf(step, vm, uri))
    .map((words) => words.map(quoteForShell).join(' '))
    .join(' && ');
}
