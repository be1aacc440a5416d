// One file into a guest or out of it, by its agent.
import type { Vm, VmRef } from '../domain/vm.js';
import { copyIntoGuest } from './copyIntoGuest.js';
import { copyOutOfGuest } from './copyOutOfGuest.js';
import { CopyStopped } from './copyStopped.js';
import { type CopiedFile, type CopyOptions, type FileCopy, throwIfCancelled } from './fileCopy.js';

type WithAgent = Pick<Vm, 'power' | 'agentChannel'>;

/** @throws CopyStopped; Failure of the connection */
export async function copyFileOf(
  { ref, vm }: { readonly ref: VmRef; readonly vm: WithAgent },
  copy: FileCopy,
  options: CopyOptions,
): Promise<CopiedFile> {
  throwIfCancelled(options.signal);
  requireAgent(vm);
  return copy.to === 'guest' ? copyIntoGuest(ref, copy, options) : copyOutOfGuest(ref, copy, options);
}

/** @throws CopyStopped */
export function requireAgent({ power, agentChannel }: WithAgent): void {
  if (power !== 'running') {
    throw new CopyStopped({ kind: 'notRunning' });
  }
  if (!agentChannel) {
    throw new CopyStopped({ kind: 'noAgent' });
  }
}
