// Lets nothing be changed in the files of a VM that is on. Knows no step.
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import { readPower } from '../powerState.js';
import type { StepContext } from './stepContext.js';

/** @throws Failure `refused` unless the VM is off */
export async function requireOff(
  { connection, dom, vm }: Pick<StepContext, 'connection' | 'dom' | 'vm'>,
  file: string,
): Promise<void> {
  const { power } = await readPower(connection, dom);
  if (power !== 'off') {
    throw new Failure('refused', { vm: vm.name, refusal: refuse('imageInUse', { vm: vm.name, file }).refusal });
  }
}
