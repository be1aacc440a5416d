// What the six power commands share: on one VM or on all selected ones, forced off only after a question.
import * as vscode from 'vscode';
import type { PowerAction } from '../model/operation.js';
import { type menuTokens, vmTokens } from '../views/capabilityTokens.js';
import type { CommandRun } from './commandServices.js';
import { operate, operateConfirmed } from './operate.js';
import { operateAll } from './operateAll.js';
import { targetVms } from './targets.js';

const t = vscode.l10n.t;

/** A list offers the VMs whose rows have the menu; whether it can be done is for the plan to say. */
const tokens: Readonly<Record<PowerAction, (typeof menuTokens)[number]>> = {
  start: 'startable',
  shutDown: 'shutdownable',
  forceOff: 'forceable',
  pause: 'pausable',
  resume: 'resumable',
  restart: 'restartable',
};

export async function power(run: CommandRun, action: PowerAction, placeholder: string): Promise<unknown> {
  const views = await targetVms(run, placeholder, (view) => vmTokens(view, false).split(';').includes(tokens[action]));
  const requests = views.map(({ ref }) => ({ type: 'power', vm: ref, action }) as const);
  const [only, ...others] = requests;
  if (only !== undefined && others.length === 0) {
    return action === 'forceOff' ? operateConfirmed(run, only) : operate(run, only);
  }
  return operateAll(
    run,
    requests,
    action === 'forceOff'
      ? { title: t('Force off {0} VMs?', requests.length), confirm: t('Force Off {0} VMs', requests.length) }
      : undefined,
  );
}
