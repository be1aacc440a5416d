// The speeds of disks and networks that a lab file wants, once its VMs run: they hold until a VM is off or reverted.
import { Failure } from '../domain/failure.js';
import type { RecordedVm } from '../journal/labStore.js';
import type { Session } from '../session/session.js';
import { setSpeed } from '../session/setSpeed.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import { noSpeedText } from '../text/guests/speedText.js';
import type { Lab } from './labFile.js';

/** Sets the speeds of those VMs that run. The lab is complete without them, and a message says so. */
export async function setLabSpeeds(
  { vms }: Pick<Lab, 'vms'>,
  recorded: readonly RecordedVm[],
  { engine }: Pick<Session, 'engine'>,
  onNote: (line: string) => unknown,
): Promise<void> {
  for (const { key, speed } of vms) {
    const ref = recorded.find((one) => one.key === key);
    const view = speed === undefined || ref === undefined ? undefined : engine.findVm(ref);
    if (speed === undefined || view?.vm.power !== 'running') {
      continue;
    }
    try {
      if ((await setSpeed(engine, view, speed)) === 'none') {
        onNote(noSpeedText(view.vm.name));
      }
    } catch (error) {
      if (!(error instanceof Failure)) {
        throw error;
      }
      onNote(failureMessage(error));
    }
  }
}
