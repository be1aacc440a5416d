// Lets nothing be changed in a VM that is on, or in its files. Knows no step.
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import { readPower } from '../powerState.js';
import type { StepContext } from './stepContext.js';

/** What needs it: a file that nobody may have open, or an operation. */
type Need = { readonly file: string } | { readonly action: 'consolidate' | 'discard' | 'revert' };

/**
 * @param kind `stopped` where something was changed already
 * @throws Failure of this kind unless the VM is off
 */
export async function requireOff(
  { connection, dom, vm }: Pick<StepContext, 'connection' | 'dom' | 'vm'>,
  need: Need,
  kind: 'refused' | 'stopped' = 'refused',
): Promise<void> {
  const { power: state } = await readPower(connection, dom);
  if (state !== 'off') {
    const { refusal } =
      'file' in need
        ? refuse('imageInUse', { vm: vm.name, file: need.file })
        : refuse('wrongState', { vm: vm.name, state, action: need.action });
    throw new Failure(kind, { vm: vm.name, refusal });
  }
}
