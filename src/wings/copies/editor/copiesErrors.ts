// How backups and restores end in the editor.
import { CommandError, DismissedError } from '../../../ui/prompts/commandError.js';
import { notifyProgress } from '../../../ui/prompts/notify.js';
import { CopiesFault, isFailing } from '../copiesFault.js';
import { faultText } from '../copiesText.js';
import { ResticFault } from '../repository/restic.js';

/** Anything else as it is. */
export function errorOfCopies(error: unknown, target: string, vm: string): unknown {
  if (error instanceof CopiesFault) {
    const kind = isFailing(error.problem) ? 'failed' : 'refused';
    return new CommandError(kind, faultText(error, target, vm), vm === '' ? {} : { vm }, { cause: error });
  }
  if (error instanceof ResticFault) {
    return error.problem === 'cancelled'
      ? new DismissedError()
      : new CommandError('failed', faultText(error, target, vm), {}, { cause: error });
  }
  return error;
}

/**
 * With a notification that can cancel it.
 * @param shown what the repository is called
 * @throws errors of the editor
 */
export async function whileTold<T>(
  title: string,
  { shown, vm = '' }: { readonly shown: string; readonly vm?: string },
  work: (signal: AbortSignal, report: (message: string, increment?: number) => void) => Promise<T>,
): Promise<T> {
  try {
    return await notifyProgress(title, true, (report, cancellation) => {
      const stop = new AbortController();
      cancellation.onCancellationRequested(() => stop.abort(new DismissedError()));
      return work(stop.signal, report);
    });
  } catch (error) {
    throw errorOfCopies(error, shown, vm);
  }
}
