// How a command of the command line ends when it did not do what it was asked for, beside the engine's own failures.
import type { ExitName } from './exitCodes.js';

export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exit: ExitName,
    message: string,
  ) {
    super(message);
  }
}
