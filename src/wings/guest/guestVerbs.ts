// The command for VMs of cloud images.
import { inTitle, onRow } from '../../verbs/verb.js';
import type { Wing } from '../wing.js';

export const guestVerbs = {
  newVm: {
    title: 'New VM…',
    icon: 'vm',
    arguments: [],
    remark: 'from a cloud image or a file',
    places: [inTitle('0_make@0'), onRow('6_care@7', { is: ['connection'], rows: 'one' })],
  },
} as const satisfies Wing['verbs'];
