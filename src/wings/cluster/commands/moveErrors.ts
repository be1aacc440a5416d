// How the command line ends where a VM is not moved.
import { CliError } from '../../../cli/commandError.js';
import { CopiesFault } from '../../copies/copiesFault.js';
import { faultText } from '../../copies/copiesText.js';
import { isFailing, MoveFault, MoveStays } from '../moveFault.js';
import { moveProblemText, staysText } from '../moveText.js';

export async function orCliError<T>(
  words: { readonly vm: string; readonly host: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asCliError(error, words);
  }
}

export function asCliError(error: unknown, words: { readonly vm: string; readonly host: string }): unknown {
  if (error instanceof MoveStays) {
    const cause = asCliError(error.cause, words);
    const said = cause instanceof Error ? cause.message : String(cause);
    return new CliError('failed', `${said} ${staysText(words)}`);
  }
  if (error instanceof MoveFault) {
    const { kind } = error.problem;
    const exit = kind === 'busy' ? 'busy' : isFailing(error.problem) ? 'failed' : 'refused';
    return new CliError(exit, moveProblemText(error.problem, words));
  }
  if (error instanceof CopiesFault) {
    const { kind } = error.problem;
    const exit = kind === 'busy' ? 'busy' : ['copyCut', 'cannotWrite', 'changed'].includes(kind) ? 'failed' : 'refused';
    return new CliError(exit, faultText(error, words.host, words.vm));
  }
  return error;
}
