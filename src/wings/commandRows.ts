// What the wings add to the command line: a row for each command.
import { changedRow } from './inside/changes/changedRow.js';
import { copiesRows } from './copies/copiesRows.js';
import { filesRow } from './inside/filesRow.js';

export const wingCommands = {
  files: filesRow,
  changed: changedRow,
  ...copiesRows,
} as const;
