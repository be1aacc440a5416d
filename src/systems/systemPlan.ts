// What an operation on a system comes to: a plan for each member, or why it cannot be. Everything is decided before
// anything is touched.
import { randomBytes } from 'node:crypto';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { AfterRevert, OperationRequest } from '../domain/operation.js';
import { displayLine } from '../domain/plainText.js';
import { refuse } from '../domain/refusal.js';
import type { SnapshotKind } from '../domain/snapshot.js';
import { freeTitle } from '../domain/snapshotName.js';
import { findSnapshot, styleOfVm } from '../domain/snapshotTree.js';
import {
  isMember,
  type MemberOutcome,
  type MemberState,
  type PointMember,
  type StoredSystem,
  type SystemMember,
  type SystemPoint,
  type VirtualSystem,
} from '../domain/system.js';
import type { PowerState } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import { type VmView, vmKey } from '../live/views.js';
import { stillHolds } from '../operations/planIdentity.js';
import type { Plan } from '../operations/plan.js';
import { snapshotOf } from './standing.js';

export interface PlannedMember {
  readonly member: SystemMember;
  readonly view: VmView;
  readonly plan: Plan;
  /** Before. */
  readonly state: MemberState;
}

export interface SystemPlan {
  readonly kind: 'checkpoint' | 'revert' | 'delete';
  readonly system: VirtualSystem;
  /** That is made, gone back to or deleted. */
  readonly point: Pick<SystemPoint, 'id' | 'title' | 'auto' | 'by' | 'git'> & Partial<Pick<SystemPoint, 'createdAt'>>;
  readonly members: readonly PlannedMember[];
  /** How each member stood at the target of a revert, by `vmKey`. */
  readonly ends: ReadonlyMap<string, Pick<PointMember, 'state' | 'kind'>>;
  /** The current restore point that a delete removes. */
  readonly stored?: SystemPoint;
}

/** What became of each member goes with it. */
export class SystemFailure extends Failure {
  constructor(
    failure: Failure,
    readonly members: readonly MemberOutcome[],
  ) {
    super(failure.kind, failure.details, { cause: failure });
  }
}

export interface CheckpointWish {
  readonly title: string;
  readonly description?: string;
  /**
   * Nobody asked for it. It is the restore point's alone: a rule that deletes snapshots of single VMs would tear it
   * apart.
   */
  readonly auto?: 'work' | 'layer';
  /** The name of the schedule that wants it: the restore point's alone too. */
  readonly by?: string;
  /** Where a member has a snapshot of that title, its new one gets a number behind it. */
  readonly numbered?: true;
  /** `branch@commit` of the workspace: the restore point and the members' snapshots keep it. */
  readonly git?: string;
  /** Until when each member's snapshot is kept: milliseconds since 1970. */
  readonly until?: number;
  /** The kind of snapshot of members that run. Absent: with RAM where possible. */
  readonly kind?: Exclude<SnapshotKind, 'offline'>;
  /** The style of members without internal snapshots. Absent: each in its own. */
  readonly style?: 'external';
  /** Takes seamless snapshots of the members that can. */
  readonly seamless?: true;
}

/** A file of a restore point with more in it is not believed. */
const longestGit = 500;

/** With RAM, where that can be had: programs on several VMs that talk to each other are at one moment only so. */
export function planCheckpoint(
  engine: EnginePort,
  system: VirtualSystem,
  { auto, by, kind, style, numbered, ...wish }: CheckpointWish,
): Promise<SystemPlan> {
  const point = {
    id: newId(),
    title: wish.title,
    ...(auto !== undefined && { auto }),
    ...(by !== undefined && { by }),
    ...(wish.git !== undefined && { git: displayLine(wish.git, longestGit) }),
  };
  return planMembers(engine, system, { kind: 'checkpoint', point }, (member, { vm: { power }, tree }) => {
    const active = kind === undefined ? (['memory', 'auto'] as const) : [kind];
    const kinds = power === 'running' || power === 'paused' ? active : (['auto'] as const);
    const outside = style !== undefined && tree !== undefined && styleOfVm(tree) !== 'internal' ? { style } : {};
    const title = numbered && tree ? freeTitle(wish.title, tree.snapshots) : wish.title;
    const vm = refOf(member);
    return kinds.map((snapshotKind) => ({ kind: 'create', vm, snapshotKind, ...outside, ...wish, title }));
  });
}

export function planRevert(
  engine: EnginePort,
  { system, points }: StoredSystem,
  point: SystemPoint,
): Promise<SystemPlan> {
  const ends = new Map(point.members.map((own) => [vmKey(own), own]));
  return planMembers(engine, system, { kind: 'revert', point, ends }, (member, view) => {
    const own = point.members.find(isMember(member));
    const snapshot = view.tree && snapshotOf(view.tree, member, point, points);
    if (own === undefined || snapshot === undefined) {
      throw new Failure('notFound', {
        vm: view.vm.name,
        snapshot: own?.snapshot ?? point.title,
        connection: member.connection,
      });
    }
    const to = { kind: 'revert', vm: refOf(member), snapshot: snapshot.name, after: stateWhileParked(own) } as const;
    return [{ ...to, checkpointFirst: true }];
  });
}

/** Plans a delete for the members that still have their snapshot. */
export function planDelete(
  engine: EnginePort,
  { system, points }: StoredSystem,
  point: SystemPoint,
): Promise<SystemPlan> {
  return planMembers(engine, system, { kind: 'delete', point, stored: point }, (member, view) => {
    const snapshot = view.tree && snapshotOf(view.tree, member, point, points);
    return snapshot === undefined ? [] : [{ kind: 'delete', vm: refOf(member), snapshot: snapshot.name, scope: 'one' }];
  });
}

/** As it stands until all members are back: RAM is paused, what has none is off. */
function stateWhileParked({ state, kind }: PointMember): AfterRevert {
  return kind === 'memory' && state !== 'off' ? 'paused' : 'off';
}

/**
 * The same once more, on what is there now. @throws SystemFailure `refused` where it is no longer what was agreed to
 */
export async function replan(engine: EnginePort, plan: SystemPlan, begunAt: number): Promise<SystemPlan> {
  const requests = new Map(plan.members.map(({ member, plan: own }) => [vmKey(member), own.request]));
  const { kind, point, ends, stored } = plan;
  const fresh = await planMembers(
    engine,
    plan.system,
    { kind, point, ends, ...(stored !== undefined && { stored }) },
    (member, { tree }) =>
      [requests.get(vmKey(member)) ?? []]
        .flat()
        // What somebody else has deleted meanwhile is no reason to keep the rest.
        .filter((one) => one.kind !== 'delete' || (tree && findSnapshot(tree, one.snapshot)) !== undefined)
        // Decided once more when its turn comes, in another minute perhaps: the journal has the name from now.
        .map((one) => (one.kind === 'revert' ? { ...one, begunAt } : one)),
  );
  const stale = fresh.members.find(({ member, plan: own, state }) => {
    const agreed = plan.members.find((one) => one.member.uuid === member.uuid);
    return agreed?.state !== state || !stillHolds(agreed.plan, own);
  });
  if (stale !== undefined) {
    const { refusal } = refuse('stalePlan', { vm: stale.view.vm.name });
    throw new Failure('refused', { vm: stale.view.vm.name, refusal });
  }
  return fresh;
}

async function planMembers(
  engine: EnginePort,
  system: VirtualSystem,
  about: Pick<SystemPlan, 'kind' | 'point' | 'stored'> & Partial<Pick<SystemPlan, 'ends'>>,
  /** The first that can be done is; none for a member that takes no part. */
  requestsFor: (member: SystemMember, view: VmView) => readonly OperationRequest[],
): Promise<SystemPlan> {
  const failures = new Map<string, Failure>();
  const members = await Promise.all(
    system.members.map(async (member): Promise<readonly PlannedMember[]> => {
      try {
        const view = await findMember(engine, member);
        const requests = requestsFor(member, view);
        const decisions = (await engine.decide(requests)).map(({ decision: one }) => one);
        const decision = decisions.find(({ kind: is }) => is === 'plan') ?? decisions.at(-1);
        if (decision === undefined) {
          return [];
        }
        const state = about.kind === 'delete' ? 'off' : memberState(view, requests[0]?.kind ?? '');
        if (decision.kind === 'refusal') {
          throw new Failure('refused', { vm: view.vm.name, connection: member.connection, refusal: decision.refusal });
        }
        return [{ member, view: engine.findVm(member) ?? view, plan: decision, state }];
      } catch (error) {
        failures.set(vmKey(member), asFailure(error));
        return [];
      }
    }),
  );
  const [first] = failures.values();
  if (first !== undefined) {
    throw new SystemFailure(
      first,
      system.members.map((member): MemberOutcome => {
        const failure = failures.get(vmKey(member));
        return { ...refOf(member), name: member.name, outcome: 'asBefore', ...(failure !== undefined && { failure }) };
      }),
    );
  }
  const { kind, point, ends = new Map<string, PointMember>(), stored } = about;
  return {
    kind,
    system,
    point: {
      id: point.id,
      title: point.title,
      ...(point.auto !== undefined && { auto: point.auto }),
      ...(point.by !== undefined && { by: point.by }),
      ...(point.createdAt !== undefined && { createdAt: point.createdAt }),
      ...(point.git !== undefined && { git: point.git }),
    },
    members: members.flat(),
    ends,
    ...(stored !== undefined && { stored }),
  };
}

/** Read afresh, with its snapshots. @throws Failure */
export async function findMember(engine: EnginePort, member: SystemMember): Promise<VmView> {
  if (engine.connections.find(({ uri }) => uri === member.connection)?.state !== 'connected') {
    await engine.connect(member.connection);
  }
  await engine.refresh({ vm: refOf(member) }).catch((error: unknown) => {
    const failure = asFailure(error);
    throw failure.kind === 'notFound'
      ? new Failure('notFound', { vm: member.name, connection: member.connection })
      : failure;
  });
  const view = engine.findVm(member);
  if (view?.tree === undefined) {
    throw new Failure('notFound', { vm: member.name, connection: member.connection });
  }
  return view;
}

function memberState({ vm: { name, power } }: VmView, action: string): MemberState {
  const state = states[power];
  if (state === undefined) {
    const { refusal } = refuse('wrongState', { vm: name, state: power, action });
    throw new Failure('refused', { vm: name, refusal });
  }
  return state;
}

/** Any other is on its way to somewhere else. */
const states: Readonly<Partial<Record<PowerState, MemberState>>> = { running: 'running', paused: 'paused', off: 'off' };

export function refOf({ connection, uuid }: SystemMember): { readonly connection: string; readonly uuid: string } {
  return { connection, uuid };
}

export function newId(): string {
  return randomBytes(16).toString('hex');
}

/**
 * The snapshot in which a revert of this plan leaves what is now: its checkpoint, or the one that it is since
 * unchanged.
 */
export function snapshotOfPresent({ plan, view }: PlannedMember): string | undefined {
  const name = plan.checkpoint ?? plan.spared ?? plan.before.current;
  return name === undefined ||
    (plan.checkpoint === undefined && findSnapshot(view.tree ?? { snapshots: [] }, name) === undefined)
    ? undefined
    : name;
}
