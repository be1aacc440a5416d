// What an operation came to, for whoever asked for it.
import type { OperationResult } from '../../domain/operation.js';
import type { Plan } from '../../operations/plan.js';
import type { StepsRun } from '../run/journaledRun.js';
import { measureClockBehind } from './clockBehind.js';

interface EndedRun extends Omit<Parameters<typeof measureClockBehind>[0], 'ran'> {
  readonly ran: StepsRun;
  readonly durationMs: number;
  /** Absent: not measured. */
  readonly freedBytes: number | undefined;
}

export function operationResult({ durationMs, freedBytes, ...run }: EndedRun): OperationResult {
  const { plan, ran, state } = run;
  return {
    ...(plan.snapshot === undefined ? {} : { snapshot: plan.snapshot }),
    ...(plan.checkpoint === undefined ? {} : { checkpoint: plan.checkpoint }),
    state,
    durationMs,
    ...(ran.guestPausedMs === undefined ? {} : { guestPausedMs: ran.guestPausedMs }),
    ...(ran.notSeamless === undefined ? {} : { notSeamless: ran.notSeamless }),
    ...withoutRam(plan),
    ...measureClockBehind(run),
    ...(freedBytes === undefined ? {} : { freedBytes }),
    ...(ran.left.length === 0 ? {} : { left: ran.left }),
  };
}

function withoutRam({ warnings }: Plan): Pick<OperationResult, 'withoutRam'> {
  const warning = warnings.find((one) => one.kind === 'checkpointWithoutRam');
  return warning === undefined ? {} : { withoutRam: warning.why };
}
