// Whatever goes wrong in a call of the library becomes an error with a kind and a sentence.
import { asFailure } from '../domain/asFailure.js';
import { displayLine } from '../domain/plainText.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import { VirtRewindError } from './virtRewindError.js';

const longestSentence = 2_000;

export async function asError<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof VirtRewindError) {
      throw error;
    }
    const failure = asFailure(error);
    const message = displayLine(failureMessage(failure), longestSentence);
    throw new VirtRewindError(failure.kind, message, failure.reason, { cause: error });
  }
}
