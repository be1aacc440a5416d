// One operation on all VMs of a system, the same for every shell: it is planned, an asker agrees to it for all of them,
// it runs, and the asker shows how far it is.
import { Failure } from '../domain/failure.js';
import { requirePoint, type StoredSystem, type SystemPoint } from '../domain/system.js';
import { checkpointTitle } from '../domain/titleSuggestion.js';
import type { RunWish, SystemResult } from '../systems/groupRun.js';
import type { CheckpointWish, SystemPlan } from '../systems/systemPlan.js';
import {
  isPowerPlan,
  type PlannedSystem,
  type PowerWish,
  type SystemPowerAction,
  type SystemPowerPlan,
} from '../systems/systemPower.js';
import { type Asker, agreedBefore, carryOut, groupQuestion, type GroupQuestion } from './carryOut.js';
import type { Session } from './session.js';

/** What is wanted of a system. */
export type SystemWish =
  | ({ readonly kind: 'checkpoint'; readonly title?: string } & Pick<CheckpointWish, 'description' | 'git' | 'until'>)
  /** By its title, or as it is. */
  | { readonly kind: 'revert' | 'delete'; readonly point: SystemPoint | string }
  /** Undoes the last revert. */
  | { readonly kind: 'undo' }
  | { readonly kind: SystemPowerAction };

export type PlanOf<W extends SystemWish> = W extends { readonly kind: SystemPowerAction }
  ? SystemPowerPlan
  : SystemPlan;

interface SystemQuestion extends GroupQuestion {
  readonly plan: PlannedSystem;
}

/** The party that wants it, see `Asker`. */
interface SystemAsker {
  /** Rejects unless it is agreed to, and the name of the system given where one of its VMs is protected. */
  readonly agree: (question: SystemQuestion) => Promise<void> | void;
  /** Shows how far it is until the work ends. */
  readonly follow: <T>(plan: PlannedSystem, work: (wish: FollowWish) => Promise<T>) => PromiseLike<T>;
  /** The asker for each VM that is started or shut down. Absent: it is not shown by itself. */
  readonly ofMember?: Asker;
}

export type FollowWish = RunWish & Pick<PowerWish, 'signal'>;

interface CarriedOutSystem<P extends PlannedSystem> {
  readonly plan: P;
  readonly result: SystemResult;
}

/** @throws Failure `notFound`, `exists`, or why it cannot be */
export async function planSystem<W extends SystemWish>(
  session: Session,
  stored: StoredSystem,
  wish: W,
): Promise<PlanOf<W>> {
  return (await planWish(session, stored, wish)) as PlanOf<W>;
}

async function planWish(session: Session, stored: StoredSystem, wish: SystemWish): Promise<PlannedSystem> {
  const systems = await session.systems();
  switch (wish.kind) {
    case 'checkpoint': {
      const { kind: _, title = checkpointTitle(stored.points, new Date()), ...more } = wish;
      requireFreeTitle(stored, title);
      return systems.planCheckpoint(stored, { ...session.seamlessWish(), ...more, title });
    }
    case 'revert':
      return systems.planRevert(stored, pointOf(stored, wish.point));
    case 'undo':
      return systems.planRevert(stored, lastRevert(stored));
    case 'delete':
      return systems.planDelete(stored, pointOf(stored, wish.point));
    case 'start':
    case 'shutDown':
      return systems.planPower(stored, wish.kind);
  }
}

/** @throws Failure; SystemFailure where members were touched; whatever the asker throws */
export async function carryOutSystem<P extends PlannedSystem>(
  session: Session,
  decide: () => PromiseLike<P>,
  { agree, follow, ofMember = agreedBefore }: SystemAsker,
): Promise<CarriedOutSystem<P>> {
  const plan = await decide();
  await agree({ plan, ...groupQuestion(session, plan.members) });
  const systems = await session.systems();
  const result = await follow(plan, (wish): Promise<SystemResult> => {
    if (!isPowerPlan(plan)) {
      return systems.run(plan, wish);
    }
    return systems.runPower(plan, {
      ...wish,
      act: ({ view, plan: agreed }) =>
        carryOut(session, { view, request: agreed.request, agreed }, ofMember, wish.signal),
    });
  });
  return { plan, result };
}

function pointOf(stored: StoredSystem, wanted: SystemPoint | string): SystemPoint {
  return typeof wanted === 'string' ? requirePoint(stored, wanted) : wanted;
}

function lastRevert({ system, points }: StoredSystem): SystemPoint {
  const point = points.findLast(({ auto }) => auto === 'revert');
  if (point === undefined) {
    throw new Failure('notFound', { system: system.name, noRevert: true });
  }
  return point;
}

/** @throws Failure `exists` */
function requireFreeTitle({ system, points }: StoredSystem, title: string): void {
  if (points.some((one) => one.title === title)) {
    throw new Failure('exists', { system: system.name, snapshot: title });
  }
}
