// The steps of a plan in their order, each written to the journal before it begins and when it is done.
import type { OpenEntry } from '../../journal/journal.js';
import { Failure, type FailureKind } from '../../domain/failure.js';
import type { CommonMoment } from '../../driver/hypervisor.js';
import type { PlannedWork } from '../../operations/plan.js';
import type { Step } from '../../steps/step.js';
import { definitionOf } from '../../steps/steps.js';
import { asFailure } from '../../domain/asFailure.js';
import { share } from '../../live/sharing.js';
import type { WatchStep } from './verifyStep.js';
import type { StepRunner } from './stepRunner.js';
import type { Lease } from '../leases/leases.js';

/**
 * | plan                                                             | journaled |
 * |------------------------------------------------------------------|-----------|
 * | more than one step                                               | yes       |
 * | one that a dying daemon can leave half done: a snapshot made, reverted to or deleted, files made or removed | yes |
 * | one change of power, metadata, a wait, a word to the agent       | no        |
 *
 * The guest's clock is no step of these: what is done is whole without.
 */
export function isJournaled({ steps }: PlannedWork): boolean {
  const needed = steps.filter(({ kind }) => kind !== 'setGuestClock');
  return needed.length > 1 || needed.some((step) => definitionOf(step).canBreakOff);
}

interface StepsToRun {
  readonly lease: Lease;
  readonly plan: PlannedWork;
  readonly entry?: OpenEntry | undefined;
  /** Looks afresh before each step but the first, and rejects if the rest of the plan holds no longer. */
  readonly beforeStep: (index: number) => Promise<void>;
  readonly watch: WatchStep;
  /** Its operation had begun before. */
  readonly begun?: boolean;
  readonly moment?: CommonMoment | undefined;
}

export interface StepsRun {
  /** How long the guest stood still, if that was seen. */
  readonly guestPausedMs?: number;
  /** What stood against a seamless snapshot: it was taken live. */
  readonly notSeamless?: string;
  /** The guest's agent has set its clock. */
  readonly clockSet: boolean;
  /** Files that were to go and are there still. */
  readonly left: readonly string[];
}

/** Rejects with the Failure of a step, or of the journal; a rule that stops it after a step has `stopped` it. */
export async function runSteps(runner: StepRunner, toRun: StepsToRun): Promise<StepsRun> {
  let done = 0;
  try {
    return await runEach(runner, toRun, () => done++);
  } catch (error) {
    throw stoppedAfter(toRun.plan.steps.slice(0, done), asFailure(error));
  }
}

/** Nobody may read that nothing was changed where something was. */
function stoppedAfter(done: readonly Step[], failure: Failure): Failure {
  return failure.kind === 'refused' && done.some(({ kind }) => kind !== 'waitUntil')
    ? new Failure('stopped', failure.details, { cause: failure })
    : failure;
}

async function runEach(
  runner: StepRunner,
  { lease, plan, entry, beforeStep, watch, begun = false, moment }: StepsToRun,
  onDone: () => void,
): Promise<StepsRun> {
  let guestPausedMs: number | undefined;
  let notSeamless: string | undefined;
  let clockSet = false;
  const left: string[] = [];
  for (const [index, step] of plan.steps.entries()) {
    if (index > 0) {
      await beforeStep(index);
    }
    const written = entry === undefined ? undefined : indexIn(entry, step);
    if (written !== undefined) {
      await entry?.markBegun(written);
    }
    const requireSeen = watch(step);
    try {
      const outcome = await runner.run(lease, await lease.live.open(), step, {
        estimateMs: plan.estimateMs,
        begun: begun || index > 0,
        moment,
      });
      guestPausedMs ??= outcome.guestPausedMs;
      notSeamless ??= outcome.notSeamless;
      clockSet ||= outcome.clock === 'set';
    } catch (error) {
      const failure = asFailure(error);
      if (
        (step.kind !== 'removeFiles' && step.kind !== 'trashFiles') ||
        !isTidying(plan, index) ||
        !tidyingFails.has(failure.kind)
      ) {
        throw failure;
      }
      left.push(...(await stillThere(lease, step.files)));
    }
    await requireSeen();
    onDone();
    if (written !== undefined) {
      await entry?.markDone(written);
    }
  }
  return {
    left,
    clockSet,
    ...(guestPausedMs === undefined ? {} : { guestPausedMs }),
    ...(notSeamless === undefined ? {} : { notSeamless }),
  };
}

/** All that was asked for is in place by then, and who asked for the files alone is told that they stay. */
function isTidying({ request, steps }: PlannedWork, from: number): boolean {
  const after = steps.slice(from);
  return (
    request.kind !== 'repair' &&
    after.every(({ kind }) => kind === 'removeFiles' || kind === 'trashFiles' || kind === 'setGuestClock')
  );
}

/** The file system's own reasons; after a lost connection or a cancel, nobody knows how far it came. */
const tidyingFails: ReadonlySet<FailureKind> = new Set<FailureKind>([
  'denied',
  'busy',
  'unsupported',
  'refused',
  'failed',
  'noSpace',
]);

async function stillThere({ live }: Lease, paths: readonly string[]): Promise<readonly string[]> {
  const { files } = await live.open();
  const seen = await Promise.all(paths.map((path) => files.file(path).catch(() => 'unknown' as const)));
  return paths.filter((_, index) => seen[index] !== 'missing');
}

/**
 * Where the entry's own plan has this step: the first that is not done, else any. A recovery's plan can hold others, of
 * which nothing is written: the next recovery looks at the true state again.
 */
function indexIn({ entry }: OpenEntry, step: Step): number | undefined {
  const done = new Set(entry.steps.filter(({ state }) => state === 'done').map(({ index }) => index));
  const alike = [...entry.plan.steps.keys()].filter(
    (index) => share(entry.plan.steps[index], step) === entry.plan.steps[index],
  );
  return alike.find((index) => !done.has(index)) ?? alike[0];
}
