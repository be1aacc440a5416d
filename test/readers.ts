// What the doors hand in to programs: for tests that stand before none.
import { connectTo } from '../src/api/connect.js';
import type { ConnectOptions, VirtRewind } from '../src/api/publicApi.js';
import type { LeftByWing } from '../src/session/leftWork.js';
import { readBackupNotes } from '../src/wings/copies/notesOfBackups.js';

export const readers = {
  files: () => import('../src/wings/inside/readFiles.js'),
  newVms: () => import('../src/wings/guest/makeForProgram.js'),
  backups: () => import('../src/wings/copies/readCopies.js'),
  notes: readBackupNotes,
  left: [
    async (...of: Parameters<LeftByWing>) =>
      (await import('../src/wings/cluster/leftInCluster.js')).leftInCluster(...of),
    async (...of: Parameters<LeftByWing>) =>
      (await import('../src/wings/guest/make/removeNewVm.js')).leftInGuest(...of),
  ],
};

export const connect = (options: string | ConnectOptions = {}): Promise<VirtRewind> => connectTo(options, readers);
