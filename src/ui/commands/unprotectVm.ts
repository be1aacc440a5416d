// virtRewind.unprotectVm: takes the protection of a VM away again.
import * as vscode from 'vscode';
import { readSettings, writeSetting } from '../readSettings.js';
import { namesOnly, protectedBy } from '../../domain/protection.js';
import { CommandError } from '../prompts/commandError.js';
import type { CommandRun } from './commandServices.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { targetVms } from './targets.js';

const t = vscode.l10n.t;

/** @throws CommandError `refused` where a pattern protects other VMs too: taking it away is for the settings */
export async function unprotectVm(run: CommandRun): Promise<void> {
  const { protectedVms } = readSettings();
  const views = await targetVms(run, t('Unprotect which VM?'), ({ vm }) => protectedBy(protectedVms)(vm));
  const kept = protectedVms.filter((pattern) => !views.some(({ vm }) => namesOnly(pattern, vm)));
  const still = views.find(({ vm }) => protectedBy(kept)(vm));
  if (still !== undefined) {
    const pattern = kept.find((one) => protectedBy([one])(still.vm)) ?? '';
    throw new CommandError(
      'refused',
      t(
        '{0} is protected by the pattern {1}, which may fit other VMs too. Change it in the settings.',
        still.vm.name,
        pattern,
      ),
      { vm: still.vm.name },
    );
  }
  await writeSetting('protectedVms', kept);
  noteInStatusBar(t('No longer protected: {0}', views.map(({ vm }) => vm.name).join(', ')));
}
