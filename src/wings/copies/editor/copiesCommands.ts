// What the commands of backups do in the editor. They are loaded when one is called.
import type { CommandTable } from '../../../ui/commands/commandServices.js';

export const copiesCommands = {
  'virtRewind.backUp': async (run) => (await import('./backUpVms.js')).backUpVms(run),
  'virtRewind.showBackups': async (run) => (await import('./restoreBackup.js')).showBackups(run),
  'virtRewind.restoreBackup': async (run) => (await import('./restoreBackup.js')).restoreBackup(run),
} satisfies CommandTable;
