// What is done with the power of VMs: on one or on all selected ones, with a question before something is lost.
import { t } from '@vscode/l10n';
import type { PowerAction } from '../../../domain/operation.js';
import { type menuTokens, vmTokens } from '../../../text/rows/capabilityTokens.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { operate, operateConfirmed } from '../operate.js';
import { type OperateQuestion, operateAll } from '../operateAll.js';
import { powerSystem } from '../systems/systemOperations.js';
import { targetVms } from '../targets.js';
import { vmCountText } from '../../../text/words.js';

export const powerCommands = {
  /** Starts VMs; from its saved state where there is one. */
  'virtRewind.start': { vms: (run) => power(run, 'start'), system: (run) => powerSystem(run, 'start') },
  /** Asks the guests to shut down, and waits until they have. */
  'virtRewind.shutDown': { vms: (run) => power(run, 'shutDown'), system: (run) => powerSystem(run, 'shutDown') },
  /** Turns VMs off with their RAM, from which the next start goes on. */
  'virtRewind.save': (run) => power(run, 'save'),
  /** As if the plug were pulled; asks first. */
  'virtRewind.forceOff': (run) => power(run, 'forceOff'),
  /** Stops the processors of VMs. */
  'virtRewind.pause': (run) => power(run, 'pause'),
  /** Lets paused VMs go on. */
  'virtRewind.resume': { vms: (run) => power(run, 'resume'), system: (run) => powerSystem(run, 'start') },
  /** Asks the guests to restart. */
  'virtRewind.restart': (run) => power(run, 'restart'),
} satisfies CommandTable;

/** A list offers the VMs whose rows have the menu; whether it can be done is for the plan to say. */
const tokens: Readonly<Record<PowerAction, (typeof menuTokens)[number]>> = {
  start: 'startable',
  shutDown: 'shutdownable',
  save: 'pausable',
  forceOff: 'forceable',
  pause: 'pausable',
  resume: 'resumable',
  restart: 'restartable',
};

async function power(run: CommandRun, action: PowerAction): Promise<unknown> {
  const views = await targetVms(run, (view) => vmTokens(view, { readOnly: false }).split(';').includes(tokens[action]));
  const requests = views.map(({ ref }) => ({ kind: 'power', vm: ref, action }) as const);
  const asks = question(action);
  const [only, ...others] = requests;
  if (only !== undefined && others.length === 0) {
    return asks === undefined ? operate(run, only) : operateConfirmed(run, only, asks.when);
  }
  return operateAll(run, requests, asks);
}

/** A transient VM is gone with its snapshots when it is off, so that a shutdown may destroy as much as a force off. */
function question(action: PowerAction): OperateQuestion | undefined {
  switch (action) {
    case 'forceOff':
      return {
        title: (count) => t('Force off {0}?', vmCountText(count)),
        confirm: (count) => (count === 1 ? t('Force Off') : t('Force Off {0} VMs', count)),
        when: 'always',
      };
    case 'shutDown':
      return {
        title: (count) => t('Shut down {0}?', vmCountText(count)),
        confirm: (count) => (count === 1 ? t('Shut Down') : t('Shut Down {0} VMs', count)),
        when: 'losses',
      };
    case 'restart':
      return {
        title: (count) => t('Restart {0}?', vmCountText(count)),
        confirm: (count) => (count === 1 ? t('Restart') : t('Restart {0} VMs', count)),
        when: 'losses',
      };
    case 'start':
      return { title: (count) => t('Start {0}?', vmCountText(count)), confirm: () => t('Start'), when: 'losses' };
    case 'save':
    case 'pause':
    case 'resume':
      return undefined;
  }
}
