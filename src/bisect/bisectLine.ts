// Which restore points are searched: from the oldest, or one that is good, to one that is bad, or the end of the
// branch.
import type { BisectAnswer, BisectPoint } from '../domain/bisect.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { childrenOf, currentOf, findSnapshot, pathTo, rootsOf } from '../domain/snapshotTree.js';
import { BisectStop } from './bisectStop.js';

interface LineWish {
  readonly good?: Snapshot;
  readonly bad?: Snapshot;
  readonly skip: readonly Snapshot[];
}

export interface BisectLine {
  readonly line: readonly BisectPoint[];
  /** What the person said beforehand. */
  readonly answers: readonly BisectAnswer[];
}

/** @throws BisectStop */
export function lineOf(vm: string, tree: SnapshotTree, { good, bad, skip }: LineWish): BisectLine {
  const last = bad ?? endOf(vm, tree, good);
  const path = pathTo(tree, last.name);
  const first = good === undefined ? 0 : path.findIndex(({ name }) => name === good.name);
  if (first < 0 || (good !== undefined && good.name === bad?.name)) {
    throw new BisectStop({ kind: 'notOneLine', good: good?.title ?? '', bad: last.title });
  }
  const points = path.slice(first);
  const skipped = skip.map((one) => {
    const point = points.findIndex(({ name }) => name === one.name);
    if (point < 0) {
      throw new BisectStop({ kind: 'notInLine', snapshot: one.title });
    }
    return givenAnswer(point, 'skip');
  });
  return {
    line: points.map(({ name, title, createdAt }) => ({ name, title, createdAt })),
    answers: [
      ...(good === undefined ? [] : [givenAnswer(0, 'good')]),
      ...(bad === undefined ? [] : [givenAnswer(points.length - 1, 'bad')]),
      ...skipped,
    ],
  };
}

function givenAnswer(point: number, verdict: BisectAnswer['verdict']): BisectAnswer {
  return { point, verdict, tries: [] };
}

/** Returns the end of the VM's branch if that goes on from the good snapshot, else the end after the good one. */
function endOf(vm: string, tree: SnapshotTree, good: Snapshot | undefined): Snapshot {
  const current = currentOf(tree);
  const isAhead =
    current !== undefined && (good === undefined || pathTo(tree, current.name).some(({ name }) => name === good.name));
  let at = isAhead ? current : good;
  for (;;) {
    const next: readonly Snapshot[] = at === undefined ? rootsOf(tree) : childrenOf(tree, at.name);
    const [only] = next;
    if (only === undefined) {
      break;
    }
    if (next.length > 1) {
      throw new BisectStop(
        at === undefined ? { kind: 'branches', snapshot: '' } : { kind: 'branches', snapshot: at.title },
      );
    }
    at = only;
  }
  if (at === undefined || findSnapshot(tree, at.name) === undefined) {
    throw new BisectStop({ kind: 'noSnapshots', vm });
  }
  return at;
}
