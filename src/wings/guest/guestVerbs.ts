// The commands for VMs of cloud images, and for logins at guests.
import { inMenu, inTitle, onRow } from '../../verbs/verb.js';
import type { Wing } from '../wing.js';

export const guestVerbs = {
  attachDebugger: {
    title: 'Attach Debugger…',
    icon: 'debug-alt',
    arguments: ['vm', 'snapshot', 'after', 'checkpointFirst', 'confirm'],
    remark: 'the address for gdb, as text: in a launch configuration, by `inputs`',
    places: [inMenu('guest', '2_network@3', { is: ['vm', 'pausable'], rows: 'one' })],
  },
  connectSsh: {
    title: 'Connect with SSH',
    icon: 'remote',
    arguments: ['vm', 'user'],
    places: [inMenu('guest', '2_network@2', { is: ['vm', 'pausable'], rows: 'one' })],
  },
  newVm: {
    title: 'New VM…',
    icon: 'vm',
    arguments: [],
    remark: 'from a cloud image or a file',
    places: [inTitle('0_make@0'), onRow('6_care@7', { is: ['connection'], rows: 'one' })],
  },
} as const satisfies Wing['verbs'];
