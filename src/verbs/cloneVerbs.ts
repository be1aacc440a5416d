// What makes other VMs of a VM.
import { inMenu, onRow, type Verb } from './verb.js';

export const cloneVerbs = {
  cloneVm: {
    title: 'Clone…',
    icon: 'copy',
    arguments: ['vm', 'snapshot', 'name', 'way', 'network', 'disposable'],
    places: [inMenu('clone', '1_make@1', { is: ['cloneable'] })],
  },
  forkVm: {
    title: 'Fork…',
    icon: 'repo-forked',
    arguments: ['vm', 'snapshot', 'count', 'name', 'network', 'disposable'],
    places: [inMenu('clone', '1_make@2', { is: ['forkable'] })],
  },
  sandbox: {
    title: 'Try in a Temporary Fork',
    icon: 'beaker',
    arguments: ['vm', 'snapshot', 'name'],
    places: [inMenu('clone', '2_try@1', { is: ['cloneable'] })],
  },
  renewIdentity: {
    title: 'Renew Machine ID and Host Keys…',
    icon: 'key',
    arguments: ['vm', 'confirm'],
    places: [inMenu('clone', '4_own@1', { is: ['forkable', 'discardable'] })],
  },
  discardClone: {
    title: 'Delete Clone…',
    icon: 'trash',
    arguments: ['vm', 'confirm'],
    places: [
      onRow('9_danger@6', { is: ['discardable'], rows: 'several' }),
      inMenu('clone', '9_danger@1', { is: ['discardable'] }),
    ],
  },
  bisect: {
    title: 'Bisect…',
    icon: 'search',
    arguments: [
      'vm',
      'bisect',
      'good',
      'bad',
      'skip',
      'check',
      'program',
      'tries',
      'jobs',
      'network',
      'off',
      'confirm',
    ],
    places: [inMenu('clone', '3_bisect@1', { is: ['cloneable'] })],
  },
} as const satisfies Record<string, Verb>;
