// Two restore points of a system of VMs, or one and the present, held against each other: the hardware and the disks of each VM.
// Changes nothing.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { findSnapshot } from '../domain/snapshotTree.js';
import type { StoredSystem, SystemMember, SystemPoint } from '../domain/system.js';
import { type ComparedStates, comparedStates } from '../engine/comparedStates.js';
import type { InventoryPort } from '../engine/inventory.js';
import { knownOf, partOf } from './seenSystem.js';

export type ComparedMember =
  | (Pick<ComparedStates, 'differences' | 'distances'> & { readonly name: string; readonly kind: 'compared' })
  /** `notKept`: it did not belong to the system when one of them was taken. */
  | { readonly name: string; readonly kind: 'away' | 'vmGone' | 'snapshotGone' | 'notKept' };

/** The older one first; without `to`, with the present. */
export interface ComparedSystem {
  readonly system: string;
  readonly from: SystemPoint;
  readonly to?: SystemPoint;
  readonly members: readonly ComparedMember[];
}

type Source = Pick<InventoryPort, 'connections' | 'findVm' | 'readTree' | 'readHardware' | 'readLayers'>;

/**
 * In the order of the members. A member that cannot be compared stands in nobody's way.
 * @param other the present where it is undefined
 * @throws Failure what libvirt says against reading one
 */
export async function comparedSystem(
  inventory: Source,
  { system }: StoredSystem,
  one: SystemPoint,
  other: SystemPoint | undefined,
  log: Pick<Log, 'info'>,
): Promise<ComparedSystem> {
  const isInOrder = other === undefined || one.createdAt <= other.createdAt;
  const [from, to] = isInOrder ? [one, other] : [other, one];
  const members = await Promise.all(system.members.map((member) => comparedMember(inventory, member, from, to, log)));
  return { system: system.name, from, ...(to !== undefined && { to }), members };
}

async function comparedMember(
  inventory: Source,
  member: SystemMember,
  from: SystemPoint,
  to: SystemPoint | undefined,
  log: Pick<Log, 'info'>,
): Promise<ComparedMember> {
  const { name } = member;
  const { connection, vm } = knownOf(inventory, member);
  if (connection === 'away' || vm === undefined) {
    return { name, kind: connection === 'away' ? 'away' : 'vmGone' };
  }
  const [left, right] = [partOf(from, member), to && partOf(to, member)];
  if (left === undefined || (to !== undefined && right === undefined)) {
    return { name, kind: 'notKept' };
  }
  try {
    const tree = await inventory.readTree(member);
    const [older, newer] = [findSnapshot(tree, left.snapshot), right && findSnapshot(tree, right.snapshot)];
    if (older === undefined || (right !== undefined && newer === undefined)) {
      return { name, kind: 'snapshotGone' };
    }
    const { differences, distances } = await comparedStates(inventory, member, older, newer, log);
    return { name, kind: 'compared', differences, distances };
  } catch (error) {
    if (asFailure(error).kind !== 'notFound') {
      throw error;
    }
    // It went while it was read.
    return { name, kind: inventory.findVm(member) === undefined ? 'vmGone' : 'snapshotGone' };
  }
}
