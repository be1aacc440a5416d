// What is done inside of a guest that runs: its console, its display, its address.
import { spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import { findProgram } from '../../../base/findProgram.js';
import { asFailure } from '../../../domain/asFailure.js';
import type { VmView } from '../../../live/views.js';
import { notInstalledText } from '../../../text/failures/obstacleText.js';
import { askText } from '../../prompts/ask.js';
import { requireAnswer, CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { isFar } from '../../../driver/sharedHost.js';
import { targetVm } from '../targets.js';

export const guestCommands = {
  'virtRewind.openConsole': openConsole,
  'virtRewind.openDisplay': openDisplay,
  'virtRewind.showScreenshot': showScreenshot,
  'virtRewind.copyIpAddress': copyIpAddress,
  'virtRewind.runInGuest': runInGuest,
} satisfies CommandTable;

/** Opens the serial console of a VM in a terminal. It waits for a VM that is off, and follows it through reverts. */
async function openConsole(run: CommandRun): Promise<{ readonly vm: string }> {
  const view = await targetVm(run);
  await run.consoles.show(view);
  return { vm: view.vm.name };
}

const isRunning = ({ vm }: VmView): boolean => vm.power === 'running';

/** Puts the IP address of a VM on the clipboard. */
async function copyIpAddress(run: CommandRun): Promise<{ readonly address: string }> {
  const view = await targetVm(run, isRunning);
  const address = await pickAddress(run, view, t('Select the address of {0} to copy', view.vm.name));
  await vscode.env.clipboard.writeText(address);
  noteInStatusBar(t('Copied {0}', address));
  return { address };
}

async function pickAddress(run: CommandRun, { ref, vm }: VmView, question: string): Promise<string> {
  const found = await run.engine.guests.addressesOf(ref);
  const [first, ...others] = found.map(({ address }) => address);
  if (first === undefined) {
    throw new CommandError('notFound', noAddress(vm), { vm: vm.name });
  }
  return others.length === 0 || run.call.kind === 'program'
    ? first
    : pick(
        [first, ...others].map((address) => ({ label: address, value: address })),
        question,
      );
}

function noAddress({ name, power, agentConnected }: VmView['vm']): string {
  if (power !== 'running') {
    return t('{0} is not running, so it has no IP address.', name);
  }
  return agentConnected
    ? t('No IP address: the guest agent of {0} reports none.', name)
    : t(
        'The IP address of {0} is unknown. Install the guest agent (qemu-guest-agent) in it, or wait until it has booted.',
        name,
      );
}

/** Runs a program in a guest by its agent, without network and login, and shows in a terminal what it writes. */
async function runInGuest(run: CommandRun): Promise<{ readonly vm: string }> {
  const { ref, vm } = await targetVm(run, isRunning);
  const [program, ...args] = argumentsOf(run.call).program ?? ['sh', '-c', await askLine(run, vm)];
  await run.runTask(vm.name, { action: 'run', vm: vm.name, connection: ref.connection, program, args });
  return { vm: vm.name };
}

async function askLine({ call }: CommandRun, { name }: VmView['vm']): Promise<string> {
  if (call.kind === 'program') {
    throw new CommandError('invalid', t('The argument {0} is missing.', 'program'), { vm: name });
  }
  const typed = await askText({
    title: t('Run in {0}', name),
    prompt: t('Shell command to run in the guest'),
    placeHolder: 'systemctl is-active nginx',
    ignoreFocusOut: true,
    problem: (text) => (text.trim() === '' ? t('Type a command.') : undefined),
  });
  return requireAnswer(typed).trim();
}

const isActive = ({ vm }: VmView): boolean => vm.power === 'running' || vm.power === 'paused';

/** Shows in a tab what the display of a VM shows now; called again, what it shows then. */
async function showScreenshot(run: CommandRun): Promise<{ readonly vm: string }> {
  const view = await targetVm(run, isActive);
  const { name } = view.vm;
  if (!isActive(view)) {
    throw new CommandError('unsupported', t('{0} is not running, so it has no display.', name), { vm: name });
  }
  try {
    await run.screens.show(view, await run.engine.guests.screenshotOf(view.ref));
  } catch (error) {
    if (asFailure(error).kind === 'unsupported') {
      throw new CommandError('unsupported', noDisplay(name, '<video>'), { vm: name });
    }
    throw error;
  }
  return { vm: name };
}

function noDisplay(vm: string, element: string): string {
  return t('{0} has no display: its XML contains no {1}.', vm, element);
}

/** Shows the display of a VM in a tab; one of SPICE in virt-viewer, where that is installed. */
async function openDisplay(run: CommandRun): Promise<{ readonly vm: string }> {
  const view = await targetVm(run, isRunning);
  const { ref, vm } = view;
  switch (await run.engine.guests.displayKindOf(ref)) {
    case 'vnc':
      await run.displays.show(view);
      break;
    case 'spice':
      await openViewer(view);
      break;
    case 'none':
      throw new CommandError('unsupported', noDisplay(vm.name, '<graphics>'), { vm: vm.name });
  }
  return { vm: vm.name };
}

async function openViewer({ ref, vm }: VmView): Promise<void> {
  const hasScreen = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  if (!hasScreen || isFar(ref.connection)) {
    const sentence = t(
      'The display of {0} can only be shown on its own computer. Run there: {1}',
      vm.name,
      `virt-viewer -c ${ref.connection} ${vm.name}`,
    );
    throw new CommandError('unsupported', sentence, { vm: vm.name });
  }
  const program = await findProgram('virt-viewer', process.env);
  if (program === undefined) {
    throw new CommandError('unsupported', notInstalledText('virt-viewer'), { vm: vm.name });
  }
  await startBeside(program, ['--connect', ref.connection, '--wait', '--', ref.uuid]);
}

/** Resolves when it runs; it stays when the editor ends. */
function startBeside(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
