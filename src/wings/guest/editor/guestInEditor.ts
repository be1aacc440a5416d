// What the wing of cloud images does in the editor. Each part is loaded when somebody needs it.
import type { WingInEditor } from '../../wing.js';
import type { guestVerbs } from '../guestVerbs.js';

export const guestInEditor = {
  handlers: {
    'virtRewind.newVm': async (run) => (await import('./createVm.js')).createVm(run),
  },
  readers: {},
} satisfies WingInEditor<typeof guestVerbs>;
