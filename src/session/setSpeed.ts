// The disks and networks of a running VM, slowed down or no longer: kept in its history, so that it can be undone.
import { isSameTuning, type Speed, tunedTo } from '../domain/speed.js';
import { Failure } from '../domain/failure.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { VmView } from '../live/views.js';

/** @returns `none`: the VM has nothing that it speaks of @throws Failure `unsupported` where it does not run */
export async function setSpeed(
  engine: Pick<EnginePort, 'guests' | 'runOperation'>,
  { ref, vm: { name, power } }: Pick<VmView, 'ref' | 'vm'>,
  speed: Speed,
): Promise<'set' | 'same' | 'none'> {
  if (power !== 'running' && power !== 'paused') {
    throw new Failure('unsupported', { vm: name, doing: 'setting the speed of disks and networks' });
  }
  const instead = await engine.guests.tuningOf(ref);
  const to = tunedTo(speed, instead);
  if (to === undefined) {
    return 'none';
  }
  if (isSameTuning(to, instead)) {
    return 'same';
  }
  await engine.runOperation({ kind: 'speed', vm: ref, to });
  return 'set';
}
