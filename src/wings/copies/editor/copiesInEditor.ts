// What the wing of backups does in the editor. Each part is loaded when somebody needs it.
import type { WingInEditor } from '../../wing.js';
import type { copiesVerbs } from '../copiesVerbs.js';
import { readBackupNotes } from '../notesOfBackups.js';
import { backupsInTree } from './backupsInTree.js';
import { backupsSeen } from './knownBackups.js';

export const copiesInEditor = {
  handlers: {
    'virtRewind.backUp': {
      vms: async (run) => (await import('./backUpVms.js')).backUpVms(run),
      system: async (run) => (await import('./backUpVms.js')).backUpSystem(run),
    },
    'virtRewind.showBackups': async (run) => (await import('./restoreBackup.js')).showBackups(run),
    'virtRewind.backupSchedules': {
      vms: async (run) => (await import('./editSchedules.js')).showSchedules(run),
      system: async (run) => (await import('./editSchedules.js')).scheduleSystem(run),
    },
    'virtRewind.restoreBackup': async (run) => (await import('./restoreBackup.js')).restoreBackup(run),
  },
  readers: { backups: () => import('../readCopies.js'), dates: () => import('./datesInEditor.js') },
  notesInTree: backupsInTree,
  notesForAgents: (remembered) => (folder, log) =>
    readBackupNotes(folder, log, (view) => backupsSeen(view, remembered)),
} satisfies WingInEditor<typeof copiesVerbs>;
