// What is known of a system of VMs → what the library and `--json` tell of it. Pure.
import { isMember, type MemberOutcome, type PointMember } from '../domain/system.js';
import type { SystemResult } from '../systems/groupRun.js';
import type { ObservedSystem } from '../systems/observedSystem.js';
import type { SystemPlan } from '../systems/systemPlan.js';
import { isPowerPlan, type PlannedSystem } from '../systems/systemPower.js';
import type { SystemInfo, SystemOutcome, SystemPowerOutcome } from './publicTypes.js';

export function systemInfo({ system, points, members, seen, standsAt, interrupted }: ObservedSystem): SystemInfo {
  return {
    name: system.name,
    members: system.members.map(({ name, uuid, connection }, at) => {
      const vm = members[at]?.vm;
      return { name: vm?.name ?? name, uuid, connection, ...(vm !== undefined && { state: vm.power }) };
    }),
    points: points.map((point) => ({
      title: point.title,
      createdAt: new Date(point.createdAt).toISOString(),
      ...(point.spreadMs !== undefined && { spreadMs: point.spreadMs }),
      undo: point.auto === 'revert',
      members: system.members.flatMap(({ uuid, name }, at) => {
        const own = point.members.find((one) => one.uuid === uuid);
        const { snapshot = '', kind = 'offline' } = own ?? {};
        return [{ name, snapshot, kind, seen: seen.get(point.id)?.[at] ?? 'unread' } as const];
      }),
    })),
    ...(typeof standsAt === 'object' && { standsAt: standsAt.title }),
    interrupted: interrupted !== undefined,
  };
}

export type OutcomeOf<P extends PlannedSystem> = P extends SystemPlan ? SystemOutcome : SystemPowerOutcome;

export function systemOutcome<P extends PlannedSystem>(plan: P, result: SystemResult): OutcomeOf<P> {
  const outcome = isPowerPlan(plan)
    ? { durationMs: result.durationMs, members: memberOutcomes(result.members) }
    : pointOutcome(plan.point.title, result);
  return outcome as OutcomeOf<P>;
}

function pointOutcome(title: string, result: SystemResult): SystemOutcome {
  const { point, kept, durationMs, pausedMs } = result;
  const spreadMs = (kept ?? point)?.spreadMs;
  return {
    point: title,
    ...(spreadMs !== undefined && { spreadMs }),
    durationMs,
    ...(pausedMs !== undefined && { guestsPausedMs: pausedMs }),
    members: memberOutcomes(result.members, (kept ?? point)?.members),
  };
}

/** @param made what was made of them */
export function memberOutcomes(
  members: readonly MemberOutcome[],
  made: readonly PointMember[] = [],
): SystemOutcome['members'] {
  return members.map(({ name, uuid, connection, outcome, failure, clockBehindMs }) => {
    const kind = made.find(isMember({ connection, uuid }))?.kind;
    return {
      name,
      uuid,
      connection,
      outcome,
      ...(kind !== undefined && { kind }),
      ...(failure !== undefined && { failure: failure.kind }),
      ...(clockBehindMs !== undefined && { clockBehindMs }),
    };
  });
}
