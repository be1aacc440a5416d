// What the wing of several hosts does in the editor, loaded when somebody needs it.
import type { WingInEditor } from '../../wing.js';
import type { clusterVerbs } from '../clusterVerbs.js';

export const clusterInEditor = {
  handlers: { 'virtRewind.moveVm': async (run) => (await import('./moveToHost.js')).moveToHost(run) },
  readers: {},
  left: async (...of) => (await import('../leftInCluster.js')).leftInCluster(...of),
} satisfies WingInEditor<typeof clusterVerbs>;
