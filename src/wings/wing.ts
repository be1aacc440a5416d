// What a wing hands in at the doors: all that core and wings share. The core knows no wing.
import type { CommandTable } from '../cli/context.js';

export interface Wing {
  /** Of the command line, by their words. */
  readonly commands: CommandTable;
}
