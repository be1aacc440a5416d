// What lasts until somebody ends it, beside other operations: a recovery runs its steps if the process was killed
// before that.
import { asFailure } from '../domain/asFailure.js';
import type { OperationRequest } from '../domain/operation.js';
import type { OpenEntry } from '../journal/journal.js';
import type { Leases, OperationLease } from './leases/leases.js';
import type { FreshLook } from './look/freshLook.js';
import { recoverFirst, requireFinished } from './recover/recoverFirst.js';
import type { Recoverer } from './recover/recoverer.js';

/** What this process does until it ends it. */
export interface HeldOperation {
  /** All is as before. Never rejects. */
  end(): Promise<void>;
  /**
   * It is not known whether all is as before: looked at afresh, now or before the next operation. Never rejects.
   * @param when a look at a VM that hangs may last for minutes
   */
  leave(when: 'now' | 'later'): Promise<void>;
}

interface HoldContext {
  readonly leases: Leases;
  readonly recoverer: Recoverer;
  readonly look: FreshLook;
  /** Aborted when the engine ends. */
  readonly ended: AbortSignal;
}

/** @param begin decides and writes it down */
export function holdOperation(
  request: OperationRequest,
  { leases, recoverer, look, ended }: HoldContext,
  begin: (lease: OperationLease) => Promise<OpenEntry>,
): Promise<HeldOperation> {
  return leases.take(request, { signal: ended }, async (lease) => {
    await lease.live.open();
    requireFinished(request, look.view(request.vm).vm.name, await recoverFirst(recoverer, lease), undefined);
    const entry = await begin(lease);
    await entry.markBegun(0);
    const recover = (): Promise<unknown> =>
      leases.take(request, { signal: ended, recovers: true }, (again) => recoverer.recoverVm(again));
    return {
      end: () => entry.end({ outcome: 'done' }),
      leave: async (when) => {
        await entry.leave();
        if (when === 'now') {
          await recover().catch((error: unknown) =>
            lease.log.warn(`its end is left for now: ${asFailure(error).line}`),
          );
        }
      },
    };
  });
}
