// Lets no operation begin on a VM beside another one of any program of this user.
import type { Persistence } from '../../journal/persistence.js';
import type { Refusal } from '../../domain/refusal.js';
import { busyFailure, groupRefusal } from '../leases/busyElsewhere.js';
import type { Lease } from '../leases/leases.js';

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
    if (vm.uuid !== lease.request.vm.uuid || id === own.id || findWhy(id) !== undefined) {
      continue;
    }
    const other = await journal.lock(id);
    if (other === 'gone') {
      continue;
    }
    if (other !== 'busy') {
      // It broke off just now: whoever tries again brings it to its end first.
      await other.leave('not begun upon');
    }
    await own.withdraw();
    throw busyFailure(entry);
  }
  await groupRefusal(lease, persistence).catch(async (error: unknown) => {
    await own.withdraw();
    throw error;
  });
}
