// What a command of the command line is given.
import type { Log } from '../base/log.js';
import type { Session } from '../session/session.js';
import type { Call } from './arguments.js';
import type { Command, Heading } from './commandShape.js';
import type { ExitName } from './exitCodes.js';
import type { Interruption } from './interruption.js';
import type { Terminal } from './terminal.js';

export interface Context {
  readonly call: Call;
  readonly terminal: Terminal;
  readonly session: Session;
  readonly log: Log;
  readonly interruption: Interruption;
  /** The answer as JSON, where that is wanted; the rest of the document is the same for all commands. */
  readonly json: ((answer: Readonly<Record<string, unknown>>) => void) | undefined;
}

/** A number is an exit code that is not ours. */
export type CommandHandler = (context: Context) => Promise<ExitName | number>;

/** A command that is handed in at the door, and loaded when it is called. */
export interface CommandHandedIn extends Command {
  readonly heading: Heading;
  readonly act: () => Promise<CommandHandler>;
}
