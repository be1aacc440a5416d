// The log's first and last line of each operation, around those of its steps. The log is for repairs: it is in English
// and names snapshots as libvirt does.
import type { Clock } from '../../base/clock.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Failure } from '../../domain/failure.js';
import type { OperationRequest, OperationResult } from '../../domain/operation.js';
import type { OperationLease } from '../leases/leases.js';

/**
 * Resolves and rejects as `act` does.
 * @param name the VM's, or its UUID where it has none any more
 */
export async function logRun(
  { request, log }: Pick<OperationLease, 'request' | 'log'>,
  { name, clock }: { readonly name: string; readonly clock: Clock },
  act: () => Promise<OperationResult>,
): Promise<OperationResult> {
  const story = `${name}: ${storyOf(request)}`;
  log.info(`${story}: begins`);
  const begunAt = clock.ticks();
  const after = (): string => `after ${String(Math.round(clock.ticks() - begunAt))} ms`;
  try {
    const result = await act();
    const { checkpoint, left = [], state } = result;
    const more = [
      ...(checkpoint === undefined ? [] : [`the present was kept as ${checkpoint}`]),
      ...(left.length === 0 ? [] : [`left: ${left.join(', ')}`]),
      `the VM is ${state}`,
    ];
    log.info(`${story}: done ${after()}; ${more.join('; ')}`);
    return result;
  } catch (error) {
    const failure = asFailure(error);
    const isUsual = failure.kind === 'refused' || failure.kind === 'cancelled';
    log[isUsual ? 'info' : 'error'](`${story}: given up ${after()}: ${endOf(failure)}`);
    throw error;
  }
}

function storyOf(request: OperationRequest): string {
  switch (request.kind) {
    case 'create':
      return `create "${request.title}" (${request.snapshotKind})`;
    case 'revert':
      return `revert to ${request.snapshot}`;
    case 'delete':
      return `delete ${request.snapshot} (${request.scope})`;
    case 'rename':
    case 'describe':
      return `${request.kind} ${request.snapshot}`;
    case 'repair':
      return `repair (${request.repair.kind})`;
    case 'power':
      return request.action;
    case 'consolidate':
      return request.downTo === undefined ? 'consolidate' : `consolidate down to ${request.downTo}`;
    case 'clone':
      return `clone ${request.way} as ${request.clone.name}`;
    case 'disk':
      return `${request.change.do} disk ${request.change.target ?? ''}`.trim();
    case 'discard':
    case 'speed':
    case 'debug':
      return request.kind;
    case 'prune':
      return `prune ${request.snapshots.join(', ')}`;
  }
}

/** What the failure's own line does not tell: what was done about it, and how the VM is now. */
function endOf(failure: Failure): string {
  const { recovered, stateNow, deleted } = failure.details;
  const also = [
    ...(recovered === undefined ? [] : [`then ${recovered}`]),
    ...(deleted === undefined ? [] : [`deleted before: ${deleted.join(', ')}`]),
    ...(stateNow === undefined ? [] : [`the VM is ${stateNow}`]),
  ];
  return [failure.line, ...also].join('; ');
}
