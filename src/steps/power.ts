// The VM is switched on, off, stands still or goes on.
import type { PowerAction } from '../domain/operation.js';
import { isActive, type PowerReason, type PowerState } from '../domain/vm.js';
import { changePower, withoutSave } from './changedFacts.js';
import { doneWhen, never, noLayers, nothingTouched, type StepDefinition } from './stepDefinition.js';

const after: Readonly<Record<PowerAction, { readonly power: PowerState; readonly reason: PowerReason }>> = {
  start: { power: 'running', reason: 'other' },
  shutDown: { power: 'off', reason: 'shutDown' },
  forceOff: { power: 'off', reason: 'destroyed' },
  pause: { power: 'paused', reason: 'other' },
  resume: { power: 'running', reason: 'other' },
  restart: { power: 'running', reason: 'other' },
};

const commands: Readonly<Record<PowerAction, string>> = {
  start: 'start',
  shutDown: 'shutdown',
  forceOff: 'destroy',
  pause: 'suspend',
  resume: 'resume',
  restart: 'reboot',
};

export const power: StepDefinition<'power'> = {
  touches: nothingTouched,
  layers: noLayers,
  /** A start uses a managed save up. */
  apply: ({ action }, facts) => {
    const { power, reason } = after[action];
    const at = changePower(power, facts, reason);
    return action === 'start' ? withoutSave(at) : at;
  },
  isDone: ({ action }, { vm }) => {
    switch (action) {
      case 'start':
      case 'resume':
        return doneWhen(isActive(vm.power));
      case 'forceOff':
      case 'shutDown':
        return doneWhen(vm.power === 'off');
      case 'pause':
        return doneWhen(vm.power === 'paused');
      case 'restart':
        return 'unknown';
    }
  },
  byHand: ({ action }, by) => [by.ofVm(commands[action])],
  isHarmless: never,
  canBreakOff: false,
};
