// Old restore points of a system go by a rule, each with the snapshots of all members, or not at all. What a member
// stands on, what somebody keeps and what the last revert left stay, and why is told.
import { asFailure } from '../domain/asFailure.js';
import type { Failure } from '../domain/failure.js';
import type { StoredSystem, SystemPoint } from '../domain/system.js';
import type { EnginePort } from '../engine/enginePort.js';
import type { PruneRule } from '../operations/prune/pruneRule.js';
import { unreachableMembers } from './observedSystem.js';
import { snapshotOf } from './standing.js';
import { refOf, type SystemPlan } from './systemPlan.js';
import type { Systems } from './systems.js';

export type PointStays =
  | { readonly kind: 'stands'; readonly vm: string }
  | { readonly kind: 'kept'; readonly vm: string }
  | { readonly kind: 'away'; readonly vm: string }
  /** Something else needs it, or would be lost with it. */
  | { readonly kind: 'needed' }
  /** It loses more by now than what was agreed to. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface StayingPoint {
  readonly point: SystemPoint;
  readonly why: PointStays;
}

export interface SystemPrune {
  readonly stored: StoredSystem;
  /** Each as it would be deleted now, oldest first. At most one of a point. */
  readonly going: readonly (SystemPlan & { readonly stored: SystemPoint })[];
  readonly stays: readonly StayingPoint[];
}

export interface PrunedSystem {
  readonly deleted: readonly SystemPoint[];
  readonly stays: readonly StayingPoint[];
}

/** Those that somebody made, that a setting wanted, or that a lab has left. */
type PointSort = 'made' | 'work' | 'layer';

/**
 * Oldest first.
 *
 * | restore point                          | →      |
 * |----------------------------------------|--------|
 * | left by the last revert                | stays: it is what is undone |
 * | of the other sort                      | stays  |
 * | one of the `keepLast` newest           | stays  |
 * | not older than `olderThanMs`           | stays  |
 * | otherwise                              | chosen |
 */
export function chosenPoints(
  { olderThanMs = 0, keepLast = 0 }: PruneRule,
  points: readonly SystemPoint[],
  now: number,
  sort: PointSort = 'made',
): readonly SystemPoint[] {
  const made = points
    .filter(({ auto }) => auto === (sort === 'made' ? undefined : sort))
    .toSorted((one, other) => one.createdAt - other.createdAt);
  return made
    .slice(0, Math.max(0, made.length - Math.max(0, Math.floor(keepLast))))
    .filter(({ createdAt }) => now - createdAt >= olderThanMs);
}

/** Without those of which a member's snapshot lies in the trash: see `outsideTrash`. */
export async function pointsForRules(
  engine: Pick<EnginePort, 'findVm' | 'trashedSnapshots'>,
  { system, points }: Pick<StoredSystem, 'system' | 'points'>,
): Promise<readonly SystemPoint[]> {
  const inTrash = new Set<string>();
  for (const member of system.members) {
    const tree = engine.findVm(member)?.tree;
    const trash = tree === undefined ? [] : await engine.trashedSnapshots(refOf(member));
    for (const point of tree === undefined || trash.length === 0 ? [] : points) {
      const name = tree && snapshotOf(tree, member, point, points)?.name;
      if (name !== undefined && trash.includes(name)) {
        inTrash.add(point.id);
      }
    }
  }
  return points.filter(({ id }) => !inTrash.has(id));
}

/** Touches nothing. @throws Failure where something broke off on the system */
export async function planSystemPrune(
  systems: Systems,
  engine: EnginePort,
  stored: StoredSystem,
  rule: PruneRule,
  now: number,
  sort: PointSort = 'made',
): Promise<SystemPrune> {
  return planPoints(systems, engine, stored, chosenPoints(rule, await pointsForRules(engine, stored), now, sort));
}

/** The same of restore points that are chosen already. */
export async function planPoints(
  systems: Systems,
  engine: EnginePort,
  stored: StoredSystem,
  chosen: readonly SystemPoint[],
): Promise<SystemPrune> {
  const looked = await systems.look(stored);
  const going: SystemPrune['going'][number][] = [];
  const stays: StayingPoint[] = [];
  for (const point of chosen) {
    try {
      const [away] = unreachableMembers(looked, point).filter(([, seen]) => seen === 'away');
      const why =
        away === undefined
          ? await keptSnapshotsOf(engine, stored, point, looked.members)
          : ({ kind: 'away', vm: away[0].name } as const);
      if (why === undefined) {
        going.push({ ...(await systems.planDelete(stored, point)), stored: point });
      } else {
        stays.push({ point, why });
      }
    } catch (error) {
      stays.push({ point, why: { kind: 'failed', failure: asFailure(error) } });
    }
  }
  return { stored, going, stays };
}

/** The marks are read themselves: what a view shows of them may be on its way yet. */
async function keptSnapshotsOf(
  engine: EnginePort,
  { system, points }: StoredSystem,
  point: SystemPoint,
  looked: readonly { readonly at?: SystemPoint }[],
): Promise<PointStays | undefined> {
  for (const [at, member] of system.members.entries()) {
    const tree = engine.findVm(member)?.tree;
    const snapshot = tree && snapshotOf(tree, member, point, points)?.name;
    if (looked[at]?.at?.id === point.id) {
      return { kind: 'stands', vm: member.name };
    }
    if (snapshot !== undefined && (await engine.keptSnapshots(refOf(member))).includes(snapshot)) {
      return { kind: 'kept', vm: member.name };
    }
  }
  return undefined;
}

/**
 * As far as nobody has to be asked: none that would take with it more than itself. The RAM of a snapshot is a file of
 * its own; any other file that goes may be all that is left of something, and so the restore point stays for a person
 * to delete.
 */
export function withoutQuestions(prune: SystemPrune): SystemPrune {
  const takesOnlyItself = ({ members }: SystemPlan): boolean =>
    members.every(({ view, plan }) => {
      const own = view.tree?.snapshots.filter(({ name }) => plan.deletes?.includes(name) === true) ?? [];
      const files = own.flatMap(({ memory }) => memory.file ?? []);
      return plan.deletes?.length === 1 && (plan.removes ?? []).every((file) => files.includes(file));
    });
  const needed = prune.going.filter((one) => !takesOnlyItself(one));
  return {
    ...prune,
    going: prune.going.filter(takesOnlyItself),
    stays: [...prune.stays, ...needed.map(({ stored: point }) => ({ point, why: { kind: 'needed' } as const }))],
  };
}

interface PruneWish {
  readonly signal: AbortSignal;
  readonly onPoint?: (point: SystemPoint) => void;
}

/**
 * One after the other, each planned anew: how one goes depends on what went before. Never rejects for one that cannot
 * go.
 */
export async function runSystemPrune(
  systems: Systems,
  { going, stays, stored }: SystemPrune,
  { signal, onPoint }: PruneWish,
): Promise<PrunedSystem> {
  const deleted: SystemPoint[] = [];
  const left: StayingPoint[] = [...stays];
  for (const agreed of going) {
    const point = agreed.stored;
    if (signal.aborted) {
      left.push({ point, why: { kind: 'cancelled' } });
      continue;
    }
    onPoint?.(point);
    try {
      const plan = await systems.planDelete(stored, point);
      if (losesMore(plan, agreed)) {
        left.push({ point, why: { kind: 'changed' } });
        continue;
      }
      await systems.run(plan, { signal });
      deleted.push(point);
    } catch (error) {
      const failure = asFailure(error);
      left.push({ point, why: failure.kind === 'cancelled' ? { kind: 'cancelled' } : { kind: 'failed', failure } });
    }
  }
  return { deleted, stays: left };
}

/** That restore points go is what was agreed to. */
function losesMore(fresh: SystemPlan, agreed: SystemPlan): boolean {
  const kindsOf = ({ members }: SystemPlan): ReadonlySet<string> =>
    new Set(
      members.flatMap(({ member, plan }) =>
        plan.losses.map((loss) =>
          loss.kind === 'restorePoints' ? `${member.uuid} ${loss.names.join(' ')}` : `${member.uuid} ${loss.kind}`,
        ),
      ),
    );
  const told = kindsOf(agreed);
  return [...kindsOf(fresh)].some((one) => !told.has(one));
}
