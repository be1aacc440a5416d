// The folder of the journal, for shells without a folder of their own.
import { Failure } from '../domain/failure.js';
import { stateFolder } from '../journal/stateFolder.js';

/** Where nobody's home is known, each process would have a journal of its own, and see no other's operations. */
export function sessionFolder(environment: NodeJS.ProcessEnv): string {
  const folder = stateFolder(environment, '');
  if (folder === '') {
    throw new Failure('journal', { path: '$HOME/.local/state/virt-rewind' });
  }
  return folder;
}
