// What switches VMs on and off, and guards them.
import { inMenu, onRow, type Verb } from './verb.js';

export const powerVerbs = {
  workedVm: {
    title: 'Choose the Active VM…',
    icon: 'vm',
    arguments: ['vm'],
  },
  start: {
    title: 'Start',
    icon: 'debug-start',
    arguments: ['vm', 'system'],
    places: [onRow('inline@2', { is: ['startable'] }), inMenu('power', '1_on@1', { is: ['startable'] })],
  },
  shutDown: {
    title: 'Shut Down',
    icon: 'stop-circle',
    arguments: ['vm', 'system', 'confirm'],
    places: [inMenu('power', '2_off@1', { is: ['shutdownable'] })],
  },
  save: {
    title: 'Save State and Turn Off',
    icon: 'save',
    arguments: ['vm'],
    places: [inMenu('power', '2_off@2', { is: ['pausable'] })],
  },
  forceOff: {
    title: 'Force Off…',
    icon: 'debug-stop',
    arguments: ['vm', 'confirm'],
    places: [inMenu('power', '9_danger@1', { is: ['forceable'] })],
  },
  pause: {
    title: 'Pause',
    icon: 'debug-pause',
    arguments: ['vm'],
    places: [inMenu('power', '1_on@3', { is: ['pausable'] })],
  },
  resume: {
    title: 'Resume',
    icon: 'debug-continue',
    arguments: ['vm', 'system'],
    places: [inMenu('power', '1_on@2', { is: ['resumable'] })],
  },
  restart: {
    title: 'Restart',
    icon: 'debug-restart',
    arguments: ['vm', 'confirm'],
    places: [inMenu('power', '2_off@3', { is: ['restartable'] })],
  },
  protectVm: {
    title: 'Protection…',
    icon: 'lock',
    arguments: ['vm', 'protect', 'confirm'],
    remark: 'without `protect`: asks',
    places: [inMenu('more', '2_care@2', { is: ['vm'] })],
  },
} as const satisfies Record<string, Verb>;
