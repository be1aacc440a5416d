// Before anything is begun on a VM, what was interrupted on it comes to its end; who is told of a failure then hears of
// that too.
import { Failure } from '../../domain/failure.js';
import { asFailure, withDetails } from '../../domain/asFailure.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { RecoveryReport } from '../../domain/recoveryReport.js';
import { type Refusal, type RefusalReason, refuse } from '../../domain/refusal.js';
import type { Lease } from '../leases/leases.js';
import type { Recoverer } from './recoverer.js';

type RecovererPort = Pick<Recoverer, 'recoverVm' | 'onDidRecover'>;

interface PriorRecovery {
  /** What stays unfinished, if anything does. */
  readonly why?: Refusal;
  /** Those that something was done about. */
  readonly reports: readonly RecoveryReport[];
}

export async function recoverFirst(recoverer: RecovererPort, lease: Lease): Promise<PriorRecovery> {
  const reports: RecoveryReport[] = [];
  const listening = recoverer.onDidRecover((report) => {
    if (report.outcome !== 'explained' && report.request.vm.uuid === lease.request.vm.uuid) {
      reports.push(report);
    }
  });
  try {
    const why = await recoverer.recoverVm(lease);
    return why === undefined ? { reports } : { why, reports };
  } finally {
    listening.dispose();
  }
}

/** The first one stands for all: more than one are rare, and the history has them. */
export function withPriorRecovery(error: unknown, [first]: readonly RecoveryReport[]): Failure {
  const failure = asFailure(error);
  return first === undefined ? failure : withDetails(failure, { recoveredFirst: first });
}

/** What keeps a request from being begun, where something stays unfinished. @param vm its name */
export function requireFinished(
  request: OperationRequest,
  vm: string,
  { why, reports }: PriorRecovery,
  undoes: string | undefined,
): void {
  if (undoes !== undefined && reports.some(({ outcome }) => outcome === 'before')) {
    // That was to be undone: what the log has as the last one is an earlier one.
    throw new Failure('refused', { refusal: refuse('stalePlan', { vm }).refusal });
  }
  if (why === undefined || isAllowedWhileInterrupted(request, why)) {
    return;
  }
  // Neither a repair of ours nor a person's word here leads out of these.
  const refusal = wholeReasons.includes(why.reason)
    ? why
    : refuse('unfinishedOperation', { vm, operation: request.kind }, why).refusal;
  throw new Failure('refused', { refusal });
}

const wholeReasons: readonly RefusalReason[] = ['entryUnreadable', 'systemInterrupted', 'moveInterrupted'];

/**
 * While something is unfinished: what mends it, and what takes the VM out of use meanwhile. In a move libvirt may know
 * none of its snapshots: what only they need looks unused to a repair.
 */
function isAllowedWhileInterrupted(request: OperationRequest, why: Refusal): boolean {
  return (
    (request.kind === 'repair' && why.reason !== 'moveInterrupted') ||
    (request.kind === 'power' && ['shutDown', 'forceOff', 'pause'].includes(request.action))
  );
}
