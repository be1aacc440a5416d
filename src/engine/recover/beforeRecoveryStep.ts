// The looks before a recovery begins and between its steps: others act too, and what cannot be taken back rests on
// nobody having done so.
import { Failure } from '../../domain/failure.js';
import type { PlannedWork } from '../../operations/plan.js';
import { stepRefusal } from '../../operations/decide/remainingPlan.js';
import type { InterruptedOperation } from '../../operations/interrupted.js';
import type { FreshLook } from '../look/freshLook.js';
import { factsToRecover } from '../look/factsRequests.js';
import type { Lease } from '../leases/leases.js';
import type { Persistence } from '../../journal/persistence.js';
import type { Refusal } from '../../domain/refusal.js';
import { busyFailure, elsewhereRefusal, isBeside } from '../leases/busyElsewhere.js';

/** What the journal has of an operation that is about to begin. */
export interface OwnEntry {
  readonly id: string;
  withdraw(): Promise<void>;
}

/**
 * Two editors that begin at the same time see nothing of each other before. Each that sees the other one withdraws,
 * even if both do: nothing is done yet, and neither knows which of them came first.
 *
 * @param findWhy why an interrupted operation stays unfinished. It stands in nobody's way
 * @throws Failure `busy`
 */
export async function requireAlone(
  lease: Lease,
  own: OwnEntry,
  persistence: Persistence,
  findWhy: (id: string) => Refusal | undefined,
): Promise<void> {
  const { journal } = persistence;
  const { entries } = await journal.readInterrupted();
  for (const entry of entries) {
    const { id, vm } = entry;
    if (vm.uuid !== lease.request.vm.uuid || id === own.id || isBeside(entry) || findWhy(id) !== undefined) {
      continue;
    }
    const other = await journal.lock(id);
    if (other === 'gone') {
      continue;
    }
    if (other !== 'busy') {
      // It broke off just now: the next attempt ends it first.
      await other.leave('not begun upon');
    }
    await own.withdraw();
    throw busyFailure(entry);
  }
  await elsewhereRefusal(lease, persistence).catch(async (error: unknown) => {
    await own.withdraw();
    throw error;
  });
}

/** What it returns rejects with `stopped` where somebody did what the next step would take away. */
export function beforeRecoveryStep(
  look: FreshLook,
  lease: Lease,
  broken: InterruptedOperation,
  plan: PlannedWork,
): (index: number) => Promise<void> {
  return async (index) => {
    const next = plan.steps[index];
    if (next?.kind !== 'removeFiles' && next?.kind !== 'makeCurrent' && next?.kind !== 'restoreMemory') {
      return lease.live.read(lease.request.vm.uuid, ['vm', 'tree']);
    }
    const { facts } = await look.read(lease, (known) => factsToRecover(broken, known));
    const both = { ...broken.plan, steps: [...plan.steps, ...broken.plan.steps] };
    const obstacle = stepRefusal(next, both, facts, 'refuse');
    if (obstacle !== undefined) {
      throw new Failure('stopped', { vm: facts.vm.name, refusal: obstacle.refusal });
    }
  };
}
