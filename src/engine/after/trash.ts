// What goes out of the trash for good by itself, when its time is over: only what nothing stands on. Refuses to delete:
// that is an operation like any other.
import type { Log } from '../../base/log.js';
import { asFailure } from '../../domain/asFailure.js';
import type { Facts } from '../../domain/facts.js';
import type { OperationRequest } from '../../domain/operation.js';
import type { SnapshotTree } from '../../domain/snapshot.js';
import { leavesFirst } from '../../domain/snapshotTree.js';
import type { VmRef } from '../../domain/vm.js';
import type { Marks, TrashMark } from '../../journal/marks.js';
import type { PlannedWork } from '../../operations/plan.js';
import { losesNothingBut } from '../../operations/decide/losesNothingBut.js';
import { inTrash } from '../look/keptSnapshots.js';

const dayMs = 24 * 3_600_000;

/**
 * What may go by its time.
 *
 * | its time in the trash is over                        | it                           |
 * |------------------------------------------------------|------------------------------|
 * | for at most a day                                    | goes                         |
 * | for longer, and that was seen a day ago or earlier   | goes                         |
 * | for longer, for the first time                       | stays for a day: a clock may be ahead, by years |
 */
export async function overInTrash(
  { trash, late }: Pick<Marks, 'trash' | 'late'>,
  vm: VmRef,
  now: number,
): Promise<readonly TrashMark[]> {
  const seen = await late.of(vm);
  const over: TrashMark[] = [];
  for (const mark of (await trash.of(vm)).filter(({ until }) => until <= now)) {
    const { name, createdAt, until } = mark;
    // What is in the trash for the second time is seen anew; so is what a clock saw that was ahead.
    const first = seen.findLast((one) => one.name === name && one.createdAt === createdAt && one.seen >= until);
    if (now - until <= dayMs || (first !== undefined && now - first.seen >= dayMs)) {
      over.push(mark);
    } else if (first === undefined || first.seen > now) {
      await late.add(vm, { name, createdAt, seen: now });
    }
  }
  return over;
}

interface Trash {
  readonly tree: SnapshotTree;
  readonly marks: readonly TrashMark[];
  /** Names of those that somebody wants to keep. */
  readonly kept: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Their names, children first.
 *
 * | in the trash                                      | → |
 * |---------------------------------------------------|---|
 * | its time is not over                              | stays |
 * | current: what the VM stands on                    | stays |
 * | to be kept, or the favourite                      | stays |
 * | of a restore point that went into it as a whole   | stays: `deleteExpired` deletes it as a whole |
 * | a snapshot that stays, in the trash or not, is made on it | stays |
 * | otherwise                                         | goes, if its plan loses nothing else |
 */
export function expiredIn({ tree, marks, kept, now }: Trash): readonly string[] {
  const over = inTrash(tree, marks).filter(
    ({ name, until, whole }) => whole !== true && until <= now && name !== tree.current && !kept.includes(name),
  );
  return leavesFirst(tree, over).map(({ name }) => name);
}

/**
 * What cannot be deleted stays in the trash, and the tree says that its time is over. Each is looked at again in the
 * turn of its own delete: what was asked for meanwhile came first, and may have gone back to it, or taken it out of the
 * trash.
 * @param trash its marks are those that may go by their time @param marksNow reads them anew
 */
export async function expire(
  vm: VmRef,
  trash: Trash,
  marksNow: () => Promise<readonly TrashMark[]>,
  log: Log,
  remove: (
    request: OperationRequest,
    allows: (plan: PlannedWork, facts: Facts) => Promise<boolean>,
  ) => Promise<unknown>,
): Promise<void> {
  for (const snapshot of expiredIn(trash)) {
    const loses = losesNothingBut(snapshot);
    const allows = async (plan: PlannedWork, facts: Facts): Promise<boolean> => {
      const { tree, kept } = facts;
      const isOver =
        kept !== undefined && expiredIn({ tree, marks: await marksNow(), kept, now: trash.now }).includes(snapshot);
      return isOver && loses(plan, facts);
    };
    try {
      await remove({ kind: 'delete', vm, snapshot, scope: 'one' }, allows);
    } catch (error) {
      log.info(`${snapshot} stays in the trash: ${asFailure(error).line}`);
    }
  }
}
