// virtRewind.protectVm: from now on dangerous operations on the VM ask for its name.
import * as vscode from 'vscode';
import { readSettings, writeSetting } from '../readSettings.js';
import { protectedBy } from '../../domain/protection.js';
import type { CommandRun } from './commandServices.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { targetVms } from './targets.js';

const t = vscode.l10n.t;

export async function protectVm(run: CommandRun): Promise<void> {
  const { protectedVms } = readSettings();
  const isProtected = protectedBy(protectedVms);
  const views = await targetVms(run, t('Protect which VM?'), ({ vm }) => !isProtected(vm));
  const added = views.filter(({ vm }) => !isProtected(vm)).map(({ vm }) => (/[*?]/u.test(vm.name) ? vm.uuid : vm.name));
  if (added.length > 0) {
    await writeSetting('protectedVms', [...new Set([...protectedVms, ...added])]);
  }
  noteInStatusBar(t('Protected: {0}', views.map(({ vm }) => vm.name).join(', ')));
}
