// Where the members of an interrupted operation stand, by facts alone, and how it ends. Pure.
import type { Failure } from '../domain/failure.js';
import { isMember, type SystemMember, type SystemPoint } from '../domain/system.js';
import type { Snapshot, SnapshotTree } from '../domain/snapshot.js';
import { currentOf } from '../domain/snapshotTree.js';
import type { PowerState, Vm } from '../domain/vm.js';
import type { GroupEntry, GroupMember } from '../journal/groupJournal.js';

export type Standing = 'before' | 'after' | 'unclear';

export interface ObservedMember {
  readonly vm: Pick<Vm, 'power'>;
  readonly tree: SnapshotTree;
}

/**
 * A snapshot is the one that is meant where it was taken when that one was: somebody else may have taken one of its
 * name since.
 *
 * | operation  | the snapshot                                  | the power                                | →       |
 * |------------|-----------------------------------------------|------------------------------------------|---------|
 * | checkpoint | is there, and ours                            | as before, or paused where it ran        | after   |
 * | checkpoint | is not there, or somebody else's              | the same                                 | before  |
 * | revert     | is current, and the checkpoint is there; without one: its part is done | as it is to be, or parked for it | after |
 * | revert     | the checkpoint is current, or what was        | as before, or paused where it ran        | before  |
 * | revert     | none is current, and the checkpoint is not there: libvirt was killed while it made it; a revert comes after that | as before, or paused where it ran | before |
 * | delete     | is there                                      | any                                      | before  |
 * | delete     | is gone                                       | any                                      | after   |
 * | any        | any other                                     | any other                                | unclear |
 *
 * @param failed why its own part was not done, where that was seen
 */
export function standingOf(
  { kind, done, made }: Pick<GroupEntry, 'kind' | 'done' | 'made'>,
  member: GroupMember,
  seen: ObservedMember | undefined,
  failed?: Failure,
): Standing {
  if (seen === undefined) {
    return 'unclear';
  }
  const {
    vm: { power },
    tree,
  } = seen;
  const findByName = (name: string | undefined): boolean =>
    tree.snapshots.some((one) => one.name === name && isMeant(one, member));
  const hasMade = (name: string | undefined): boolean =>
    tree.snapshots.some((one) => one.name === name && isMade(one, made?.[member.uuid]));
  const asBefore = power === member.state || (member.state === 'running' && power === 'paused');
  switch (kind) {
    case 'checkpoint': {
      const isUntouched = failed?.kind === 'refused' || failed?.kind === 'exists';
      return !asBefore ? 'unclear' : isUntouched || !hasMade(member.snapshot) ? 'before' : 'after';
    }
    case 'revert': {
      const isBack =
        standsOn(tree, member.snapshot) &&
        findByName(member.snapshot) &&
        (member.checkpoint === undefined ? done.includes(member.uuid) : hasMade(member.checkpoint));
      if (isBack) {
        return statesAtEnd(member).includes(power) ? 'after' : 'unclear';
      }
      const { current } = tree;
      const isThere =
        (current === member.current && (current === undefined || findByName(current))) ||
        (member.checkpoint !== undefined &&
          ((current === member.checkpoint && hasMade(current)) ||
            (current === undefined && !hasMade(member.checkpoint))));
      return isThere && asBefore ? 'before' : 'unclear';
    }
    case 'delete':
      return findByName(member.snapshot) ? 'before' : 'after';
  }
}

/** An entry of an older version does not tell. */
function isMeant({ name, createdAt }: Snapshot, { times = {} }: GroupMember): boolean {
  return (times[name] ?? createdAt) === createdAt;
}

/**
 * There was none of its name when it was decided. Where its end was not written down, what we write into each tells.
 */
function isMade({ createdAt, trailers }: Snapshot, madeAt: number | undefined): boolean {
  return madeAt === undefined ? trailers.createdBy !== undefined : createdAt === madeAt;
}

/** Or on a leaf of ours over it, which holds nothing but the layout of the files. */
function standsOn(tree: SnapshotTree, name: string | undefined): boolean {
  const current = currentOf(tree);
  return (
    current !== undefined && (current.name === name || (current.trailers.auto === 'layout' && current.parent === name))
  );
}

/** As it is to be, and as it is left until all are there. */
function statesAtEnd({ end = 'off', withRam }: GroupMember): readonly PowerState[] {
  return end === 'running' ? ['running', withRam === true ? 'paused' : 'off'] : [end];
}

/**
 * | operation          | members                          | →       |
 * |--------------------|----------------------------------|---------|
 * | any                | one is unclear                   | explain |
 * | delete             | any                              | finish: what is gone is gone |
 * | checkpoint, revert | all after                        | finish  |
 * | checkpoint, revert | any other                        | back    |
 */
export function endOf(
  { kind }: Pick<GroupEntry, 'kind'>,
  standings: readonly Standing[],
): 'finish' | 'back' | 'explain' {
  if (standings.includes('unclear')) {
    return 'explain';
  }
  return kind === 'delete' || standings.every((standing) => standing === 'after') ? 'finish' : 'back';
}

/** What a restore point still is, of one member: `renamed` goes along, the others stand in the way. */
export type MemberVerdict = 'there' | 'vmGone' | 'snapshotGone' | 'away' | 'unread';

export interface MemberObservation {
  readonly connection: 'away' | 'connected';
  /** Absent where there is no such VM. */
  readonly vm?: Vm;
  /** Absent where it could not be read. */
  readonly tree?: SnapshotTree;
}

/**
 * The member's snapshot of a restore point. It goes along when it is renamed, by its second, but not where that could
 * be one of two: several can be made within a second, and where one is gone, its neighbour is not taken for it.
 *
 * | of its second                                        | →             |
 * |------------------------------------------------------|---------------|
 * | is called as it was                                  | is it         |
 * | belongs to another of the points, is of another kind, was left by a revert and the point was not | is not |
 * | any other, and there is one alone                    | is it, renamed |
 *
 * @param points all of the system
 */
export function snapshotOf(
  tree: SnapshotTree,
  member: SystemMember,
  point: SystemPoint,
  points: readonly SystemPoint[],
): Snapshot | undefined {
  const own = point.members.find(isMember(member));
  if (own === undefined) {
    return undefined;
  }
  const ofThen = tree.snapshots.filter(({ createdAt }) => createdAt === own.createdAt);
  const same = ofThen.find(({ name }) => name === own.snapshot);
  if (same !== undefined) {
    return same;
  }
  const taken = points.flatMap(({ members }) => members.filter(isMember(member)));
  const renamed = ofThen.filter(
    ({ name, kind, trailers }) =>
      kind === own.kind &&
      (trailers.auto === undefined || point.auto === 'revert') &&
      taken.every(({ snapshot, createdAt }) => snapshot !== name || createdAt !== own.createdAt),
  );
  return renamed.length === 1 ? renamed[0] : undefined;
}

/** @param points all of the system */
export function judgeMember(
  point: SystemPoint,
  member: SystemMember,
  points: readonly SystemPoint[],
  { connection, vm, tree }: MemberObservation,
): MemberVerdict {
  if (connection === 'away') {
    return 'away';
  }
  if (vm === undefined) {
    return 'vmGone';
  }
  if (tree === undefined) {
    return 'unread';
  }
  return snapshotOf(tree, member, point, points) === undefined ? 'snapshotGone' : 'there';
}

/**
 * The restore points that a member stands on or behind, the one to name last: one snapshot can be of two, for a revert
 * keeps no other of a member that has not changed since its current one. What somebody made is named before what a
 * revert left, then the newest.
 */
export function standsOf(
  points: readonly SystemPoint[],
  member: SystemMember,
  tree: SnapshotTree | undefined,
): readonly SystemPoint[] {
  const all = points.filter(
    (point) => tree !== undefined && standsOn(tree, snapshotOf(tree, member, point, points)?.name),
  );
  return [...all.filter(({ auto }) => auto === 'revert'), ...all.filter(({ auto }) => auto !== 'revert')];
}

/**
 * The restore point that all members stand on or behind; `apart`: there is none, but some stand behind one. Only those
 * that were read count: one that was not may stand anywhere.
 */
export function standsAt(
  points: readonly SystemPoint[],
  members: readonly (readonly [SystemMember, SnapshotTree | undefined])[],
): SystemPoint | 'apart' | undefined {
  const read = members.filter(([, tree]) => tree !== undefined);
  const [first = [], ...others] = read.map(([member, tree]) => standsOf(points, member, tree));
  const common = first.findLast((point) => others.every((those) => those.includes(point)));
  if (common === undefined) {
    return first.length > 0 || others.some((those) => those.length > 0) ? 'apart' : undefined;
  }
  return read.length === members.length ? common : undefined;
}
