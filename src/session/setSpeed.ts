// The disks and networks of a running VM, slowed down or no longer: kept in its history, so that it can be undone.
import { isSameTuning, type Speed, tunedTo } from '../domain/speed.js';
import { Failure } from '../domain/failure.js';
import { refuse } from '../domain/refusal.js';
import { isActive, type Vm } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';

/** @returns `none`: the VM has nothing that it speaks of @throws Failure `refused` where it does not run */
export async function setSpeed(
  engine: Pick<EnginePort, 'guests' | 'runOperation'>,
  { ref, vm }: Pick<VmView, 'ref' | 'vm'>,
  speed: Speed,
  signal?: AbortSignal,
): Promise<'set' | 'same' | 'none'> {
  requireSpeed(vm);
  const instead = await engine.guests.tuningOf(ref);
  const to = tunedTo(speed, instead);
  if (to === undefined) {
    return 'none';
  }
  if (isSameTuning(to, instead)) {
    return 'same';
  }
  await engine.runOperation({ kind: 'speed', vm: ref, to }, signal && { signal });
  return 'set';
}

/** One that is off has the limits of its configuration. @throws Failure `refused` */
export function requireSpeed({ name, power }: Pick<Vm, 'name' | 'power'>): void {
  if (!isActive(power)) {
    const { refusal } = refuse('notRunning', { vm: name, state: power, wanted: 'speed' });
    throw new Failure('refused', { vm: name, refusal });
  }
}
