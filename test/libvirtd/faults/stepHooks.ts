// Tells of the steps of an operation as its journal is written: when each has begun, while it runs, when it is done and
// nobody has written that down. Knows no fault.
import { setTimeout as wait } from 'node:timers/promises';
import type { OpenEntry } from '../../../src/journal/journal.js';
import type { Persistence } from '../../../src/journal/persistence.js';
import type { PlannedWork } from '../../../src/operations/plan.js';

/**
 * | moment | when                                                                |
 * |--------|---------------------------------------------------------------------|
 * | before | it is written that the step begins, and nothing has been sent yet   |
 * | during | half the time has passed that the step took when nothing went wrong, or another part of it |
 * | after  | the step is done, and it is not written yet                         |
 */
export type Moment = 'before' | 'during' | 'after';
export const moments: readonly Moment[] = ['before', 'during', 'after'];

export interface At {
  readonly step: number;
  readonly moment: Moment;
  /** The part of the time that the step usually takes, from 0 to 1; absent: half. */
  readonly part?: number;
  /** Which one since the editor was opened, from 0; absent: the first that comes to that step. */
  readonly operation?: number;
}

/** What happened on the way, of the first operation that began since. */
export interface Course {
  plan?: PlannedWork;
  /** Milliseconds that each step took. */
  readonly tookMs: number[];
}

export interface Hooked {
  readonly persistence: Persistence;
  readonly course: Course;
}

/**
 * @param usualMs what each step takes when nothing goes wrong
 * @param act called once, there
 */
export function hooked(
  real: Persistence,
  at: At | undefined,
  usualMs: readonly number[],
  act: (course: Course) => Promise<void>,
): Hooked {
  const course: Course = { tookMs: [] };
  let acted = false;
  let operations = 0;
  const actOnce = async (operation: number, step: number, moment: Moment): Promise<void> => {
    if (!acted && at?.step === step && at.moment === moment && (at.operation ?? operation) === operation) {
      acted = true;
      await act(course);
    }
  };
  const hookedEntry = (entry: OpenEntry, operation: number): OpenEntry => {
    const began = new Map<number, number>();
    const over = new Set<number>();
    return {
      get entry() {
        return entry.entry;
      },
      markBegun: async (index) => {
        await entry.markBegun(index);
        await actOnce(operation, index, 'before');
        began.set(index, performance.now());
        // Not awaited: the step runs meanwhile. What a fault throws is seen by what it does.
        void wait((usualMs[index] ?? 0) * (at?.part ?? 0.5)).then(() =>
          over.has(index) ? undefined : actOnce(operation, index, 'during'),
        );
      },
      markStuck: () => entry.markStuck(),
      markDone: async (index, outcome) => {
        course.tookMs[index] = performance.now() - (began.get(index) ?? 0);
        over.add(index);
        // One that was quicker than usual: its end is the last moment of it.
        await actOnce(operation, index, 'during');
        await actOnce(operation, index, 'after');
        await entry.markDone(index, outcome);
      },
      end: (result) => entry.end(result),
      leave: () => entry.leave(),
    };
  };
  return {
    course,
    persistence: {
      ...real,
      journal: {
        begin: async (head) => {
          course.plan ??= head.plan;
          return hookedEntry(await real.journal.begin(head), operations++);
        },
        readInterrupted: (connection) => real.journal.readInterrupted(connection),
        lock: (id) => real.journal.lock(id),
        isLocked: (id) => real.journal.isLocked(id),
      },
    },
  };
}
