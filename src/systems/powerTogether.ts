// Several members begin one thing at the same moment: each is looked at and decided on by itself, and the last one to
// be ready lets all of them go.
import type { Clock } from '../base/clock.js';
import { asFailure } from '../domain/asFailure.js';
import type { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import type { GroupLease } from '../engine/operationService.js';
import { vmKey } from '../live/views.js';
import { StartGate, withoutWaiters } from './startGate.js';

type PowerRequest = Extract<OperationRequest, { kind: 'power' }>;

export interface GroupStart {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Between the first of them that was told and the last that had done it: no two moments lie farther apart. */
  readonly spreadMs: number;
  /** By `vmKey`. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** By `vmKey`: how far the clocks are behind, in milliseconds, of those that are. */
  readonly clocks: ReadonlyMap<string, number>;
}

interface BeginOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Who begins where one of them cannot. */
  readonly ifOneFails: 'nobody' | 'others';
}

export async function powerTogether(
  lease: GroupLease,
  requests: readonly PowerRequest[],
  { clock, signal, ifOneFails }: BeginOptions,
): Promise<GroupStart> {
  const gate = new StartGate(requests.length);
  const failures = new Map<string, Failure>();
  const clocks = new Map<string, number>();
  const [told, over]: [number[], number[]] = [[], []];
  await Promise.all(
    requests.map(async (request) => {
      const passed: true[] = [];
      try {
        const { clockBehindMs } = await lease.run(request, {
          ...(signal !== undefined && { signal }),
          around: async (steps) => {
            passed.push(true);
            await gate.pass();
            told.push(clock.ticks());
            const done = await steps();
            over.push(clock.ticks());
            return done;
          },
        });
        if (clockBehindMs !== undefined) {
          clocks.set(vmKey(request.vm), clockBehindMs);
        }
      } catch (error) {
        failures.set(vmKey(request.vm), asFailure(error));
        if (ifOneFails === 'nobody') {
          gate.shut();
        } else if (passed.length === 0) {
          gate.pass().catch(() => undefined);
        }
      }
    }),
  );
  const spreadMs = over.length === 0 ? 0 : Math.max(...over) - Math.min(...told);
  return { at: clock.now(), spreadMs, failures: withoutWaiters(failures), clocks };
}
