// What the commands of the wings do. Each wing is loaded when it is needed.
import type { CommandHandler } from '../cli/context.js';
import type { wingCommands } from './commandRows.js';

export const wingHandlers: Readonly<Record<keyof typeof wingCommands, () => Promise<CommandHandler>>> = {
  changed: async () => (await import('./inside/commands/changedCommand.js')).showChanges,
  files: async () =>
    (await import('./inside/commands/filesCommand.js')).filesCommand(
      async () => (await import('./copies/commands/copiedFilesCommand.js')).withCopiedDisks,
    ),
  backup: async () => (await import('./copies/commands/backUpSetCommand.js')).backup,
  backups: async () => (await import('./copies/commands/backupsCommand.js')).backups,
  schedule: async () => (await import('./copies/commands/scheduleCommand.js')).schedule,
  export: async () => (await import('./copies/commands/plainCommand.js')).exportVm,
  replicate: async () => (await import('./copies/commands/plainCommand.js')).replicate,
  restore: async () => (await import('./copies/commands/restoreSetCommand.js')).restore,
};
