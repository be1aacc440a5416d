// How backups and restores end in the editor.
import { orNamed } from '../../../domain/asFailure.js';
import { Failure } from '../../../domain/failure.js';
import { isSilent } from '../../../text/failures/failureText.js';
import { DismissedError } from '../../../ui/prompts/commandError.js';
import { notifyProgress } from '../../../ui/prompts/notify.js';

/**
 * With a notification that can cancel it.
 * @param shown what the repository is called
 */
export function whileTold<T>(
  title: string,
  { shown, vm = '' }: { readonly shown: string; readonly vm?: string },
  work: (signal: AbortSignal, report: (message: string, increment?: number) => void) => Promise<T>,
): Promise<T> {
  return orNamed({ target: shown, vm }, () =>
    notifyProgress(title, true, (report, cancellation) => {
      const stop = new AbortController();
      cancellation.onCancellationRequested(() => stop.abort(new DismissedError()));
      return work(stop.signal, report);
    }),
  );
}

/** Somebody here cancelled it: no failure. */
export function isGivenUp(error: unknown): boolean {
  return error instanceof DismissedError || (error instanceof Failure && isSilent(error));
}
