// A system with what can be seen of its members and restore points now. Pure.
import { isMember, type StoredSystem, type SystemPoint, type SystemMember } from '../domain/system.js';
import type { Vm, VmRef } from '../domain/vm.js';
import type { ConnectionView, VmView } from '../live/views.js';
import type { GroupEntry } from '../journal/groupJournal.js';
import { type MemberObservation, judgeMember, type MemberVerdict, standsAt, standsOf } from './standing.js';

interface ObservedMembership {
  readonly name: string;
  readonly vm?: Vm;
  readonly isAway: boolean;
  /** The restore point that it stands on or behind; absent where it comes from none, or was not read. */
  readonly at?: SystemPoint;
}

export interface ObservedSystem extends StoredSystem {
  readonly members: readonly ObservedMembership[];
  /** What is the matter with each member, for each restore point: by the point's id, in the order of the members. */
  readonly seen: ReadonlyMap<string, readonly MemberVerdict[]>;
  readonly standsAt: SystemPoint | 'apart' | undefined;
  /** What broke off, and is not brought to its end. */
  readonly interrupted?: GroupEntry;
}

/** @param looked in the order of the members */
export function observeSystem(
  stored: StoredSystem,
  looked: readonly MemberObservation[],
  interrupted?: GroupEntry,
): ObservedSystem {
  const { system, points } = stored;
  const away: MemberObservation = { connection: 'away' };
  const observePoint = (point: SystemPoint): readonly MemberVerdict[] =>
    system.members.map((member, at) => judgeMember(point, member, points, looked[at] ?? away));
  const here = standsAt(
    points,
    system.members.map((member, at) => [member, looked[at]?.tree]),
  );
  return {
    ...stored,
    members: system.members.map((member, index) => {
      const { vm, tree, connection } = looked[index] ?? away;
      const own = standsOf(points, member, tree);
      const at = own.find((point) => point === here) ?? own.at(-1);
      return {
        name: member.name,
        ...(vm !== undefined && { vm }),
        ...(at !== undefined && { at }),
        isAway: connection === 'away',
      };
    }),
    seen: new Map(points.map((point) => [point.id, observePoint(point)])),
    standsAt: here,
    ...(interrupted !== undefined && { interrupted }),
  };
}

/** As it is known already: nothing is asked for it. */
export function observationOf(
  source: { readonly connections: readonly ConnectionView[]; findVm(ref: VmRef): VmView | undefined },
  member: SystemMember,
): MemberObservation {
  const connection = source.connections.find(({ uri }) => uri === member.connection);
  if (connection?.state !== 'connected' || !connection.loaded || connection.lastSeenAt !== undefined) {
    return { connection: 'away' };
  }
  const view = source.findVm(member);
  return {
    connection: 'connected',
    ...(view !== undefined && { vm: view.vm }),
    ...(view?.tree !== undefined && { tree: view.tree }),
  };
}

/** Why nobody gets back to it, by member; what cannot be seen now may still be there. */
export function unreachableMembers(
  { system, seen }: ObservedSystem,
  point: SystemPoint,
): readonly (readonly [SystemMember, MemberVerdict])[] {
  return system.members.flatMap((member, at) => {
    const one = seen.get(point.id)?.[at] ?? 'unread';
    return one === 'there' || one === 'unread' ? [] : [[member, one] as const];
  });
}

/** The member's own part of a restore point. */
export function partOf(point: SystemPoint, member: SystemMember): SystemPoint['members'][number] | undefined {
  return point.members.find(isMember(member));
}
