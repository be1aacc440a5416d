// What the wing of cloud images and logins does in the editor. Each part is loaded when somebody needs it.
import type { WingInEditor } from '../../wing.js';
import type { guestVerbs } from '../guestVerbs.js';

export const guestInEditor = {
  handlers: {
    'virtRewind.attachDebugger': async (run) => (await import('./attachDebugger.js')).attachDebugger(run),
    'virtRewind.connectSsh': async (run) => (await import('./connectSsh.js')).connectSsh(run),
    'virtRewind.newVm': async (run) => (await import('./createVm.js')).createVm(run),
  },
  left: async (...of) => (await import('../make/removeNewVm.js')).leftInGuest(...of),
  readers: { newVms: () => import('../makeForProgram.js') },
} satisfies WingInEditor<typeof guestVerbs>;
