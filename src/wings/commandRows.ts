// What the wings add to the command line: a row for each command.
import { changedRow } from './inside/commands/changedRow.js';
import { copiesRows } from './copies/commands/copiesRows.js';
import { filesRow } from './inside/commands/filesRow.js';

export const wingCommands = {
  files: filesRow,
  changed: changedRow,
  ...copiesRows,
} as const;
