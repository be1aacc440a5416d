// What is done with several VMs as one.
import { inMenu, inTitle, onRow, type Verb } from './verb.js';

export const systemVerbs = {
  createSystem: {
    title: 'Group VMs into a System…',
    icon: 'layers',
    arguments: ['vms', 'title'],
    places: [inTitle('0_make@1'), inMenu('more', '3_group@1', { is: ['vm'], rows: 'several' })],
  },
  setStartOrder: {
    title: 'Set Start Order…',
    icon: 'list-ordered',
    arguments: ['system', 'vm', 'startsAfter', 'upWhen', 'port', 'host', 'program', 'seconds'],
    places: [inMenu('power', '9_order@1', { is: ['system'], rows: 'one' })],
  },
  recoverSystem: {
    title: 'Resume Interrupted System Operation…',
    icon: 'wrench',
    arguments: ['system', 'confirm'],
    places: [onRow('inline@1', { is: ['unfinished'] }), onRow('1_create@0', { is: ['unfinished'], rows: 'one' })],
  },
  dissolveSystem: {
    title: 'Ungroup VMs…',
    icon: 'ungroup-by-ref-type',
    arguments: ['system', 'confirm'],
    places: [onRow('9_danger@5', { is: ['system'], rows: 'one' })],
  },
} as const satisfies Record<string, Verb>;
