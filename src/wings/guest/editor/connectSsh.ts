// Logs in at a guest: in a terminal, or in a window of its own where an extension for that is there. The window is on
// the name of the VM, so that it finds the guest again after a revert.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import { argumentsOf } from '../../../ui/commands/commandArguments.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { sessionOf } from '../../../ui/commands/sessionOf.js';
import { targetVm } from '../../../ui/commands/targets.js';
import { noteGuestWindow } from '../../../ui/guest/guestWindows.js';
import { askText } from '../../../ui/prompts/ask.js';
import { askQuestion } from '../../../ui/prompts/askQuestion.js';
import { CommandError, requireAnswer } from '../../../ui/prompts/commandError.js';
import { pick } from '../../../ui/prompts/pickTarget.js';
import { guestWay } from '../ssh/guestWay.js';
import { include, isIncluded, refreshManaged } from '../ssh/sshConfig.js';
import { calledBySsh, sshNameOf, sshSuffix } from '../ssh/sshNames.js';
import { asNode, commandLine, logInInTerminal } from './logInInTerminal.js';

/** As ssh takes it without a thought: no option, no other host. */
const userForm = /^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,63}\$?$/u;
const remoteSsh = ['ms-vscode-remote.remote-ssh', 'jeanp413.open-remote-ssh'];

/** As ssh calls it, outside of the editor too. */
const namesCommand = ['env', ...Object.entries(asNode).map((pair) => pair.join('=')), ...commandLine];

export function refreshNames(place: Parameters<typeof refreshManaged>[1]): Promise<void> {
  return refreshManaged(namesCommand, place);
}

/** Asks for the user once, unless we made the guest. */
export async function connectSsh(
  run: CommandRun,
): Promise<{ readonly address: string; readonly port?: number; readonly user: string }> {
  const view = await targetVm(run, ({ vm }) => vm.power === 'running');
  const wish = { session: sessionOf(run), environment: process.env, signal: new AbortController().signal };
  const { address, port, known } = await guestWay(view, { ...wish, atMostMs: 0 });
  const user = known?.user ?? (await chooseUser(run, view));
  const where = await chooseWhere(run, view);
  if (where === 'terminal') {
    logInInTerminal(view, known === undefined ? user : undefined);
  } else if (where === 'install') {
    await vscode.commands.executeCommand('workbench.extensions.search', 'remote ssh');
  } else {
    await openWindow(run, view, { user, isOurs: known !== undefined });
  }
  return { address, ...(port !== undefined && { port }), user };
}

async function chooseUser({ call, remembered }: CommandRun, { ref, vm }: VmView): Promise<string> {
  const key = `sshUser:${ref.uuid}`;
  const given = argumentsOf(call).user;
  const before = remembered.get<unknown>(key);
  if (given === undefined && call.kind === 'program' && typeof before === 'string') {
    return before;
  }
  const user =
    given ??
    requireAnswer(
      await askText({
        title: t('Connect to {0}', vm.name),
        prompt: t('User name in the guest (saved for this VM)'),
        value: typeof before === 'string' ? before : 'root',
        problem: (text) => (userForm.test(text.trim()) ? undefined : t('This is not a valid user name.')),
      }),
    ).trim();
  if (!userForm.test(user)) {
    throw new CommandError('invalid', t('This is not a valid user name.'), { vm: vm.name });
  }
  await remembered.update(key, user);
  return user;
}

async function chooseWhere({ call }: CommandRun, { vm }: VmView): Promise<'terminal' | 'window' | 'install'> {
  if (call.kind === 'program') {
    return 'terminal';
  }
  const isThere = remoteSsh.some((id) => vscode.extensions.getExtension(id) !== undefined);
  return pick(
    [
      { label: t('In a Terminal'), icon: 'terminal', value: 'terminal' } as const,
      isThere
        ? ({ label: t('In a New Window (Remote - SSH)'), icon: 'remote', value: 'window' } as const)
        : ({
            label: t('Install Remote - SSH, for a Window in the VM…'),
            icon: 'extensions',
            value: 'install',
          } as const),
    ],
    t('Select where to connect to {0}', vm.name),
  );
}

async function openWindow(
  run: CommandRun,
  { ref, vm }: VmView,
  { user, isOurs }: { readonly user: string; readonly isOurs: boolean },
): Promise<void> {
  const place = { folder: run.history.folder, log: run.log };
  if (!(await isIncluded(place))) {
    await askQuestion({
      title: t('Let ssh find VMs by their names?'),
      lines: [
        t(
          'Adds one line at the beginning of {0}. Then {1} reaches a VM, after each revert too.',
          '~/.ssh/config',
          `ssh NAME${sshSuffix}`,
        ),
        t('Taken back by: {0}', 'virt-rewind ssh --names off'),
      ],
      details: '',
      confirm: t('Add'),
      isCalm: true,
    });
  }
  await include(namesCommand, place);
  const name = sshNameOf(vm.name) ?? '';
  const all = run.engine.connections.flatMap(({ vms }) => vms);
  const host = `${calledBySsh(all, name).length === 1 ? name : ref.uuid}${sshSuffix}`;
  await noteGuestWindow(run.remembered, ref.uuid);
  if (isOurs) {
    const folder = vscode.Uri.from({ scheme: 'vscode-remote', authority: `ssh-remote+${host}`, path: `/home/${user}` });
    await vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow: true });
  } else {
    await vscode.commands.executeCommand('vscode.newWindow', { remoteAuthority: `ssh-remote+${user}@${host}` });
  }
}
