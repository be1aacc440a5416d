// What a virtual system is: several VMs that go back in time as one, and their common restore points. Readonly values
// only.
import { Failure } from './failure.js';
import type { SnapshotKind } from './snapshot.js';
import type { VmRef } from './vm.js';

/** What has to be there before a member counts as up, at most so many seconds long. */
export type StartWait =
  | { readonly kind: 'agent'; readonly seconds: number }
  /** Without a host at the VM's own address. */
  | { readonly kind: 'port'; readonly port: number; readonly host?: string; readonly seconds: number }
  | { readonly kind: 'time'; readonly seconds: number }
  /** Run in the guest by its agent until it ends with 0. */
  | { readonly kind: 'command'; readonly program: string; readonly args: readonly string[]; readonly seconds: number };

export interface SystemMember extends VmRef {
  /** As it was called when somebody looked last. */
  readonly name: string;
  /** UUIDs of the members that must be up before this one is started. */
  readonly after?: readonly string[];
  readonly wait?: StartWait;
}

export interface VirtualSystem {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  readonly members: readonly SystemMember[];
}

/** How a member stood at the moment of a restore point. */
export const memberStates = ['running', 'paused', 'off'] as const;
export type MemberState = (typeof memberStates)[number];

export interface PointMember extends VmRef {
  readonly name: string;
  readonly snapshot: string;
  /** Milliseconds since 1970, as the snapshot says of itself. */
  readonly createdAt: number;
  readonly kind: SnapshotKind;
  readonly state: MemberState;
}

/** One moment of all members. */
export interface SystemPoint {
  readonly id: string;
  readonly title: string;
  /** Milliseconds since 1970: when they stood still. */
  readonly createdAt: number;
  /** At most so far apart are the moments of the members that ran; absent where fewer than two did. */
  readonly spreadMs?: number;
  readonly members: readonly PointMember[];
  /**
   * Nobody asked for it. `revert`: what a revert of the system left, to be undone; `work`: a setting wants it, see
   * `autoReasons`; `layer`: of a lab, whose file does not name it (any more).
   */
  readonly auto?: 'revert' | 'work' | 'layer';
  /** Of the schedule that took it: its name, by which its rule knows it. */
  readonly by?: string;
  /** `branch@commit` of the workspace, as its snapshots keep it; absent where none was known. */
  readonly git?: string;
}

export interface StoredSystem {
  readonly system: VirtualSystem;
  /** Oldest first. */
  readonly points: readonly SystemPoint[];
}

/** What became of a member in an operation on its system. */
export interface MemberOutcome extends VmRef {
  readonly name: string;
  /** `unclear`: it stands otherwise than before and after, and is left to a person. */
  readonly outcome: 'done' | 'asBefore' | 'unclear' | 'notStarted';
  /** What its own part failed with. */
  readonly failure?: Failure;
  /** As of an operation on one VM, where it was let go on after a revert. */
  readonly clockBehindMs?: number;
}

export function isMember(ref: VmRef): (other: VmRef) => boolean {
  return ({ connection, uuid }) => connection === ref.connection && uuid === ref.uuid;
}

/** By its title; what a revert left has that of another, and what a lab has left may have. */
export function findPointByTitle(points: readonly SystemPoint[], wanted: string): SystemPoint | undefined {
  return points.find(({ title, auto }) => auto !== 'revert' && auto !== 'layer' && title === wanted);
}

/** The same. @throws Failure `notFound` */
export function requirePoint({ system, points }: StoredSystem, title: string): SystemPoint {
  const point = findPointByTitle(points, title);
  if (point === undefined) {
    throw new Failure('notFound', { system: system.name, snapshot: title });
  }
  return point;
}

/** @param called what a person calls it @throws Failure `notFound` */
export function requireSystem(found: StoredSystem | undefined, called: string): StoredSystem {
  if (found === undefined) {
    throw new Failure('notFound', { system: called });
  }
  return found;
}

/** By its id, else by its name. */
export function findSystemByName(systems: readonly StoredSystem[], wanted: string): StoredSystem | undefined {
  return systems.find(({ system }) => system.id === wanted) ?? systems.find(({ system }) => system.name === wanted);
}

/** By its name or UUID. */
export function findMemberByName({ members }: VirtualSystem, wanted: string): SystemMember | undefined {
  return members.find(({ name, uuid }) => name === wanted || uuid === wanted.toLowerCase());
}
