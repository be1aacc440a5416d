// A failure, knowing what became of the VM meanwhile. Pure.
import { withDetails } from '../domain/asFailure.js';
import type { Failure } from '../domain/failure.js';
import { isActive, type Vm } from '../domain/vm.js';

type KnownPower = Pick<Vm, 'power' | 'powerReason'>;

/**
 * | it was | it is           | then |
 * |--------|-----------------|------|
 * | on     | off, its QEMU gone without being told to | qemuEnded |
 * | any    | the same        | its state |
 * | any    | another         | its state, and that it is another |
 *
 * @param now undefined: it is gone, or nobody could look
 */
export function withState(failure: Failure, before: KnownPower, now: KnownPower | undefined): Failure {
  if (now === undefined) {
    return failure;
  }
  const hasEnded =
    isActive(before.power) && now.power === 'off' && (now.powerReason === 'crashed' || now.powerReason === 'failed');
  return withDetails(failure, {
    stateNow: now.power,
    ...(isActive(before.power) === isActive(now.power) ? {} : { stateBefore: before.power }),
    ...(hasEnded ? { qemuEnded: true } : {}),
  });
}
