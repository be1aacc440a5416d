// Two restore points of a system of VMs, or one and the current state, held against each other: the hardware and the
// disks of each VM. Changes nothing.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import type { StoredSystem, SystemMember, SystemPoint } from '../domain/system.js';
import { type ComparedStates, type ComparisonEngine, readStateComparison } from '../engine/comparedStates.js';
import type { VmRef } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import { observationOf, partOf } from './observedSystem.js';
import { snapshotOf } from './standing.js';

export type ComparedMember =
  | (Pick<ComparedStates, 'differences' | 'distances' | 'states'> & {
      readonly name: string;
      readonly kind: 'compared';
      readonly ref: VmRef;
      /** Names of its snapshots; absent `to`: the current state. */
      readonly snapshots: { readonly from: string; readonly to?: string };
    })
  /** `notKept`: it did not belong to the system when one of them was taken. */
  | { readonly name: string; readonly kind: 'away' | 'vmGone' | 'snapshotGone' | 'notKept' };

/** The older one first; without `to`, with the current state. */
export interface ComparedSystem {
  readonly system: string;
  readonly from: SystemPoint;
  readonly to?: SystemPoint;
  readonly members: readonly ComparedMember[];
}

type ComparisonSource = ComparisonEngine & Pick<EnginePort, 'connections' | 'readTree'>;

/**
 * In the order of the members. A member that cannot be compared stands in nobody's way.
 * @param other the current state where it is undefined
 * @throws Failure what libvirt says against reading one
 */
export async function readSystemComparison(
  engine: ComparisonSource,
  { system, points }: StoredSystem,
  one: SystemPoint,
  other: SystemPoint | undefined,
  log: Pick<Log, 'info'>,
): Promise<ComparedSystem> {
  const isInOrder = other === undefined || one.createdAt <= other.createdAt;
  const [from, to] = isInOrder ? [one, other] : [other, one];
  const members = await Promise.all(
    system.members.map((member) => readMemberComparison(engine, member, { from, to, points }, log)),
  );
  return { system: system.name, from, ...(to !== undefined && { to }), members };
}

async function readMemberComparison(
  engine: ComparisonSource,
  member: SystemMember,
  {
    from,
    to,
    points,
  }: { readonly from: SystemPoint; readonly to: SystemPoint | undefined; readonly points: readonly SystemPoint[] },
  log: Pick<Log, 'info'>,
): Promise<ComparedMember> {
  const { name } = member;
  const { connection, vm } = observationOf(engine, member);
  if (connection === 'away' || vm === undefined) {
    return { name, kind: connection === 'away' ? 'away' : 'vmGone' };
  }
  if ([from, to ?? from].some((point) => partOf(point, member) === undefined)) {
    return { name, kind: 'notKept' };
  }
  try {
    const tree = await engine.readTree(member);
    const [older, newer] = [from, to].map((point) => point && snapshotOf(tree, member, point, points));
    if (older === undefined || (to !== undefined && newer === undefined)) {
      return { name, kind: 'snapshotGone' };
    }
    const { differences, distances, states } = await readStateComparison(engine, member, older, newer, log);
    return {
      name,
      kind: 'compared',
      ref: { connection: member.connection, uuid: member.uuid },
      snapshots: { from: older.name, ...(newer !== undefined && { to: newer.name }) },
      differences,
      distances,
      states,
    };
  } catch (error) {
    if (asFailure(error).kind !== 'notFound') {
      throw error;
    }
    // It went while it was read.
    return { name, kind: engine.findVm(member) === undefined ? 'vmGone' : 'snapshotGone' };
  }
}
