// Looks that need QEMU's answer, or the job of its VM: given up after some seconds, where libvirt's control info, which
// waits for nothing, says that the VM is held.
import type { Connection } from '../../libvirt/connection.js';
import { VIR_DOMAIN_CONTROL_JOB, VIR_DOMAIN_CONTROL_OCCUPIED } from '../../libvirt/flags.js';
import { errorCodes, undefinedOnCode } from '../../libvirt/libvirtError.js';
import type { Domain } from '../../libvirt/structs.js';
import { systemClock, within } from '../../base/clock.js';
import { Failure, type FailureDetails } from '../../domain/failure.js';

/** Less than the time for which a plan waits for what its rules ask for. */
const patienceMs = 4_000;
const everyMs = 500;

const isLate = Symbol('late');

type QemuHold = NonNullable<FailureDetails['unanswered']>;

/** Undefined: nothing is waited for, or the VM is off or gone. */
export async function heldFor(connection: Connection, dom: Domain): Promise<QemuHold | undefined> {
  const call = connection.call('domainGetControlInfo', { dom, flags: 0 });
  const isOn = undefinedOnCode(errorCodes.VIR_ERR_OPERATION_INVALID, call);
  const info = await undefinedOnCode(errorCodes.VIR_ERR_NO_DOMAIN, isOn);
  return info?.state === VIR_DOMAIN_CONTROL_JOB || info?.state === VIR_DOMAIN_CONTROL_OCCUPIED
    ? { by: info.state === VIR_DOMAIN_CONTROL_JOB ? 'job' : 'monitor', ms: info.stateTime }
    : undefined;
}

/** Another call would wait for the same answer in vain: none is to be sent. */
function isHung(held: QemuHold | undefined): boolean {
  return held?.by === 'monitor' && held.ms >= patienceMs;
}

function notAnswered({ name }: Domain, unanswered: QemuHold): Failure {
  return new Failure('busy', { vm: name, unanswered, doing: 'wait for QEMU' });
}

/** @returns what it waits for now @throws Failure `busy`: a call would wait in vain */
export async function requireAnswering(control: Connection, dom: Domain): Promise<QemuHold | undefined> {
  const held = await heldFor(control, dom);
  if (held !== undefined && isHung(held)) {
    throw notAnswered(dom, held);
  }
  return held;
}

interface QemuQuestion {
  readonly control: Connection;
  readonly dom: Domain;
  /** libvirt itself ends its wait for a job. */
  readonly waitsForJobs?: boolean;
}

/**
 * | control info, when the call has waited for some seconds | →                               |
 * |----------------------------------------------------------|---------------------------------|
 * | a job                                                    | Failure `busy`: the job may last for hours, or for ever |
 * | waits for one answer of QEMU for some seconds            | Failure `busy`                  |
 * | waits for a newer answer, or for nothing                 | goes on                         |
 */
export async function whileAnswered<T>(
  call: Promise<T>,
  { control, dom, waitsForJobs = false }: QemuQuestion,
): Promise<T> {
  // If the caller stops waiting, nobody else handles the end of the call.
  call.catch(() => undefined);
  for (let waitMs = patienceMs; ; waitMs = everyMs) {
    const answer = await within(systemClock, waitMs, call, isLate);
    if (answer !== isLate) {
      return answer;
    }
    const held = await heldFor(control, dom);
    if (held !== undefined && (isHung(held) || (held.by === 'job' && !waitsForJobs))) {
      throw notAnswered(dom, held);
    }
  }
}
