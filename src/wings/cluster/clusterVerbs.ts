// The command that moves VMs between hosts.
import { inMenu } from '../../verbs/verb.js';
import type { Wing } from '../wing.js';

export const clusterVerbs = {
  moveVm: {
    title: 'Move to Another Host…',
    icon: 'arrow-swap',
    arguments: ['vm'],
    places: [inMenu('more', '2_care@6', { is: ['vm', 'cloneable'], rows: 'one' })],
  },
} as const satisfies Wing['verbs'];
