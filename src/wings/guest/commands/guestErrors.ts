// How the commands of cloud images end where there is none, and what they tell of one.
import type { Context } from '../../../cli/context.js';
import { CliError } from '../../../cli/commandError.js';
import { LabError } from '../../../lab/labError.js';
import { GuestFault, kindOfProblem } from '../guestFault.js';
import { guestProblemText, uncheckedText } from '../guestText.js';
import type { FetchedImage } from '../images/fetchImage.js';

/** What is none of ours stays as it is. */
export function asCliError(error: unknown): unknown {
  if (error instanceof LabError) {
    return new CliError(error.kind, error.message);
  }
  if (!(error instanceof GuestFault)) {
    return error;
  }
  const { problem } = error;
  return new CliError(kindOfProblem(problem), guestProblemText(problem));
}

export function tellUnchecked(terminal: Context['terminal'], fetched: FetchedImage): void {
  const note = uncheckedText(fetched);
  if (note !== undefined) {
    terminal.tell(note);
  }
}
