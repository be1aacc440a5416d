// One file into a guest or out of it, by its agent.
import type { Vm, VmRef } from '../domain/vm.js';
import { copyIntoGuest } from './copyIntoGuest.js';
import { copyOutOfGuest } from './copyOutOfGuest.js';
import { CopyStopped } from './copyStopped.js';
import { type CopiedFile, type CopyOptions, type FileCopy, throwIfCancelled } from './fileCopy.js';

/** @throws CopyStopped; Failure of the connection */
export async function copyFileOf(
  { ref, vm: { power, agentChannel } }: { readonly ref: VmRef; readonly vm: Pick<Vm, 'power' | 'agentChannel'> },
  copy: FileCopy,
  options: CopyOptions,
): Promise<CopiedFile> {
  throwIfCancelled(options.signal);
  if (power !== 'running') {
    throw new CopyStopped({ kind: 'notRunning' });
  }
  if (!agentChannel) {
    throw new CopyStopped({ kind: 'noAgent' });
  }
  return copy.to === 'guest' ? copyIntoGuest(ref, copy, options) : copyOutOfGuest(ref, copy, options);
}
