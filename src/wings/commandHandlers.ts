// What the commands of the wings do. Each wing is loaded when it is needed.
import type { CommandHandler } from '../cli/context.js';
import type { wingCommands } from './commandRows.js';

export const wingHandlers: Readonly<Record<keyof typeof wingCommands, () => Promise<CommandHandler>>> = {
  changed: async () => (await import('./inside/changes/changedCommand.js')).showChanges,
  files: async () =>
    (await import('./inside/filesCommand.js')).filesCommand(
      async () => (await import('./copies/copiedFilesCommand.js')).withCopiedDisks,
    ),
  backup: async () => (await import('./copies/backUpSetCommand.js')).backup,
  backups: async () => (await import('./copies/backupsCommand.js')).backups,
  schedule: async () => (await import('./copies/scheduleCommand.js')).schedule,
  export: async () => (await import('./copies/plainCommand.js')).exportVm,
  replicate: async () => (await import('./copies/plainCommand.js')).replicate,
  restore: async () => (await import('./copies/restoreSetCommand.js')).restore,
};
