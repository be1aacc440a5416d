// What the wing of several hosts does in the editor, loaded when somebody needs it.
import type { WingInEditor } from '../../wing.js';
import type { clusterVerbs } from '../clusterVerbs.js';

export const clusterInEditor = {
  handlers: { 'virtRewind.moveVm': async (run) => (await import('./moveToHost.js')).moveToHost(run) },
  readers: { findLeft: async () => (await import('../leftInCluster.js')).leftInCluster },
} satisfies WingInEditor<typeof clusterVerbs>;
