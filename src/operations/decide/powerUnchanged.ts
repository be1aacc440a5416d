// Whether a VM is on or off as an operation that broke off leaves it: what its steps do, and that a QEMU may die, tell
// all states that nobody else had a hand in.
import type { PowerAction } from '../../domain/operation.js';
import type { Facts } from '../../domain/facts.js';
import type { Step } from '../../steps/step.js';
import type { Before } from '../../domain/origin.js';
import type { InterruptedOperation } from '../interrupted.js';
import { isActive, type PowerReason, type PowerState } from '../../domain/vm.js';
import { isLate } from '../create/lateSnapshot.js';
import { begunSteps } from '../interruptedStep.js';

/**
 * | the VM now | why, as libvirt says                            | as left when                                          |
 * |------------|-------------------------------------------------|-------------------------------------------------------|
 * | running    | any                                             | it ran before, or a step that was begun lets it run   |
 * | paused     | saving, for a snapshot, from a snapshot         | a step that was begun does that to a VM that was on, or starts one |
 * | paused     | a disk error                                    | it may run: its disk was full                         |
 * | paused     | any other                                       | it was paused before, or a step leaves it so          |
 * | off        | no more known: the daemon was started since     | any: see isUnwrittenSince                             |
 * | off        | crashed, failed                                 | it may be on: its QEMU died                           |
 * | off        | cut                                             | it was so before, or a step cuts it                   |
 * | off        | shut down, cut, saved                           | libvirt has taken a snapshot of it so: it was before ours |
 * | off        | shut down, saved, moved elsewhere, from a snapshot | it was so before, or a step has libvirt do it      |
 * | any other  | any                                             | never: somebody is at it, or nobody can tell          |
 */
export function isPowerUnchanged(interrupted: InterruptedOperation, before: Before, facts: Facts): boolean {
  const { vm } = facts;
  const steps = begunSteps(interrupted);
  const may = new Set<PowerState>([before.power, ...steps.flatMap((step) => statesDuring(step, before))]);
  const mayRun = isActive(before.power) || may.has('running');
  switch (vm.power) {
    case 'running':
      return may.has('running');
    case 'paused':
      return vm.powerReason === 'ioError' ? mayRun : may.has('paused');
    case 'off':
      return (
        (before.power === 'off' && vm.powerReason === before.powerReason) ||
        vm.powerReason === 'other' ||
        ((vm.powerReason === 'crashed' || vm.powerReason === 'failed') && (mayRun || may.has('paused'))) ||
        steps.some(
          (step) =>
            stopReasonsOf(step).includes(vm.powerReason) || (step.kind === 'createSnapshot' && isLate(step, facts)),
        )
      );
    case 'shuttingDown':
    case 'crashed':
    case 'asleep':
    case 'unknown':
      return false;
  }
}

function statesDuring(step: Step, before: Before): readonly PowerState[] {
  if (step.kind === 'createSnapshot') {
    return isActive(before.power) ? ['paused'] : [];
  }
  if (step.kind === 'deleteSnapshot') {
    // libvirt starts a QEMU of its own for the merges of a VM that is off.
    return before.power === 'off' ? ['paused'] : [];
  }
  if (step.kind === 'startPaused') {
    return ['paused'];
  }
  if (step.kind === 'revert' || step.kind === 'restoreMemory') {
    return ['running', 'paused', 'off'];
  }
  return step.kind === 'power' ? afterAction[step.action] : [];
}

const afterAction: Readonly<Record<PowerAction, readonly PowerState[]>> = {
  start: ['running', 'paused'],
  resume: ['running'],
  pause: ['paused'],
  restart: ['running', 'off'],
  shutDown: ['off'],
  forceOff: ['off'],
};

/** The reasons that libvirt gives for a VM that it stopped in this step. */
function stopReasonsOf(step: Step): readonly PowerReason[] {
  if (step.kind === 'revert') {
    return ['fromSnapshot'];
  }
  if (step.kind === 'deleteSnapshot') {
    return ['shutDown', 'destroyed', 'fromSnapshot'];
  }
  return step.kind === 'power' ? reasonAfter[step.action] : [];
}

const reasonAfter: Readonly<Record<PowerAction, readonly PowerReason[]>> = {
  start: [],
  resume: [],
  pause: [],
  restart: ['shutDown', 'destroyed'],
  shutDown: ['shutDown', 'destroyed'],
  forceOff: ['destroyed'],
};
