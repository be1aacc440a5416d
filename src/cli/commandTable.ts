// THE table: every command with its operands, its options and what it does; wings hand in theirs at the door. Help,
// completion and the reading of arguments come out of it. What it says is English, as the documents are; what a command
// says of VMs is in the reader's language.
import { backRows } from './backRows.js';
import type { CommandTable } from './context.js';
import { labRows } from './labRows.js';
import { programRows } from './programRows.js';
import { snapshotRows } from './snapshotRows.js';
import { systemRows } from './systemRows.js';
import { vmRows } from './vmRows.js';

export const ownCommands: CommandTable = {
  ...snapshotRows,
  ...backRows,
  ...vmRows,
  ...systemRows,
  ...labRows,
  ...programRows,
};
