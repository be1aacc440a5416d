// What the rows of snapshots say of the bisects that are written down.
import type { Log } from '../base/log.js';
import type { Bisect } from '../domain/bisect.js';
import type { VmRef } from '../domain/vm.js';
import { BisectStore } from './bisectStore.js';
import { isOver, markOf, type PointMark } from './finding.js';

export interface KnownBisect {
  readonly vm: VmRef;
  readonly isOver: boolean;
  readonly marks: readonly {
    readonly name: string;
    /** Milliseconds since 1970: a later snapshot of that name is another one. */
    readonly createdAt: number;
    readonly mark: PointMark;
  }[];
}

export async function readMarks(folder: string, log: Log): Promise<readonly KnownBisect[]> {
  const { bisects } = await new BisectStore(folder, log).list();
  return bisects.map((bisect) => ({ vm: bisect.vm, isOver: isOver(bisect), marks: marksOf(bisect) }));
}

/** Those that are not over, and that nobody is at work on. */
export async function readBrokenOff(folder: string, log: Log): Promise<readonly Bisect[]> {
  const store = new BisectStore(folder, log);
  const left: Bisect[] = [];
  for (const bisect of (await store.list()).bisects) {
    const held = isOver(bisect) ? 'busy' : await store.lock(bisect.vm);
    if (held !== 'busy') {
      await held.release();
      left.push(bisect);
    }
  }
  return left;
}

function marksOf(bisect: Bisect): KnownBisect['marks'] {
  return bisect.line.flatMap(({ name, createdAt }, point) => {
    const mark = markOf(bisect, point);
    return mark === undefined ? [] : [{ name, createdAt, mark }];
  });
}
