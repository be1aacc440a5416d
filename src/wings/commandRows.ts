// What the wings add to the command line: a row for each command.
import { filesRow } from './inside/filesRow.js';

export const wingCommands = {
  files: filesRow,
} as const;
