// The rows of the tree as values: a node says which thing it is, never how that thing is; that is asked of the
// engine when the row is drawn.
import type { VmRef } from '../../domain/vm.js';

export interface ConnectionNode {
  readonly kind: 'connection';
  readonly id: string;
  readonly connection: string;
}

export interface VmNode {
  readonly kind: 'vm';
  readonly id: string;
  readonly ref: VmRef;
}

export interface SnapshotNode {
  readonly kind: 'snapshot';
  readonly id: string;
  readonly ref: VmRef;
  /** The name that libvirt knows. */
  readonly snapshot: string;
}

/** "You are here": the current state of a VM. */
export interface HereNode {
  readonly kind: 'here';
  readonly id: string;
  readonly ref: VmRef;
}

/** Above the snapshots that were taken unasked, where they are many. */
export interface AutomaticNode {
  readonly kind: 'automatic';
  readonly id: string;
  readonly ref: VmRef;
}

/**
 * A row that says why there is nothing, or nothing new, under its parent.
 *
 * | about         | parent     | says                                          |
 * |---------------|------------|-----------------------------------------------|
 * | failure       | connection, vm | what the last read failed with            |
 * | idle          | connection | not connected; a click connects               |
 * | connecting    | connection | connecting                                    |
 * | noVms         | connection | this connection has no VMs                    |
 * | noMatch       | connection | the filter hides all VMs                      |
 * | note          | vm         | what a wing knows of it                       |
 */
export interface MessageNode {
  readonly kind: 'message';
  readonly id: string;
  readonly about: 'failure' | 'idle' | 'connecting' | 'noVms' | 'noMatch' | 'note';
  readonly connection: string;
  readonly ref?: VmRef;
}

export interface SystemNode {
  readonly kind: 'system';
  readonly id: string;
  /** Its id. */
  readonly system: string;
}

/** A VM where it stands as a member of a system. */
export interface MemberNode {
  readonly kind: 'member';
  readonly id: string;
  readonly system: string;
  readonly ref: VmRef;
}

/** A restore point of a system. */
export interface PointNode {
  readonly kind: 'point';
  readonly id: string;
  readonly system: string;
  readonly point: string;
}

/** A row that belongs to a system of VMs, and to no connection. */
export type SystemPart = SystemNode | MemberNode | PointNode;

export type Node = ConnectionNode | VmNode | SnapshotNode | HereNode | AutomaticNode | MessageNode | SystemPart;

/** The VM that a row belongs to, if it does. */
export function vmOfNode(node: Node): VmRef | undefined {
  return node.kind === 'connection' || node.kind === 'system' || node.kind === 'point' ? undefined : node.ref;
}

/** Undefined for what belongs to a system, whose members may be on several. */
export function connectionOfNode(node: Node): string | undefined {
  if (node.kind === 'connection' || node.kind === 'message') {
    return node.connection;
  }
  return vmOfNode(node)?.connection;
}

export function isSystemPart(node: Node): node is SystemPart {
  return node.kind === 'system' || node.kind === 'member' || node.kind === 'point';
}

/** Whether a value that came from a menu or a keybinding is a row of our tree. */
export function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    'id' in value &&
    typeof value.id === 'string' &&
    typeof value.kind === 'string' &&
    Object.hasOwn(kinds, value.kind)
  );
}

const kinds: Readonly<Record<Node['kind'], true>> = {
  connection: true,
  vm: true,
  snapshot: true,
  here: true,
  automatic: true,
  message: true,
  system: true,
  member: true,
  point: true,
};
