// All VMs of a system are started in its order, or asked to shut down in the other one. What refuses one of them is
// told before any is touched; then each is done by itself, and what fails takes nothing back.
import type { Clock } from '../base/clock.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest, PowerAction } from '../domain/operation.js';
import { isMember, type MemberOutcome, type SystemMember, type VirtualSystem } from '../domain/system.js';
import type { PowerState } from '../domain/vm.js';
import type { EnginePort } from '../engine/enginePort.js';
import { vmKey } from '../live/views.js';
import type { SystemResult } from './groupRun.js';
import { startInOrder, untilUp } from './startOrder.js';
import { type PlannedMember, refOf, findMember, type SystemPlan } from './systemPlan.js';

export type SystemPowerAction = Extract<PowerAction, 'start' | 'shutDown'>;

type PlannedPower = Pick<PlannedMember, 'member' | 'view' | 'plan'>;

export interface SystemPowerPlan {
  readonly kind: SystemPowerAction;
  readonly system: VirtualSystem;
  /** Those that are not so already. */
  readonly members: readonly PlannedPower[];
}

/** What was decided for a system. */
export type PlannedSystem = SystemPlan | SystemPowerPlan;

export function isPowerPlan(plan: PlannedSystem): plan is SystemPowerPlan {
  return plan.kind === 'start' || plan.kind === 'shutDown';
}

/** Those of the plan that did what was asked. */
export function doneMembers(
  { members }: SystemPowerPlan,
  { members: outcomes }: Pick<SystemResult, 'members'>,
): readonly PlannedPower[] {
  return members.filter(({ member }) => outcomes.find(isMember(member))?.outcome === 'done');
}

/** A member that is done and has a failure runs, and is not up. */
export type SystemPowerResult = Pick<SystemResult, 'members' | 'durationMs'>;

/**
 * Half of a system shall not be done by surprise.
 *
 * | member  | start   | shut down           |
 * |---------|---------|---------------------|
 * | off     | started | nothing             |
 * | running | nothing | asked to shut down  |
 * | paused  | resumed | refused: it is deaf |
 * | other   | refused | refused             |
 *
 * @throws Failure of the first that cannot be seen, or cannot do it
 */
export async function planPower(
  engine: EnginePort,
  system: VirtualSystem,
  kind: SystemPowerAction,
): Promise<SystemPowerPlan> {
  const looked = await Promise.all(
    system.members.map(async (member) => ({ member, view: await findMember(engine, member) })),
  );
  const due = looked.filter(({ view }) => !isSo(kind, view.vm.power));
  const requests = due.map(({ member, view }): OperationRequest => {
    const action = kind === 'start' && view.vm.power === 'paused' ? 'resume' : kind;
    return { kind: 'power', vm: refOf(member), action };
  });
  const decided = await engine.decide(requests);
  const members = due.flatMap(({ member, view }, at): readonly PlannedPower[] => {
    const decision = decided[at]?.decision;
    if (decision?.kind === 'refusal') {
      const { connection } = member;
      throw new Failure('refused', { vm: view.vm.name, connection, refusal: decision.refusal });
    }
    return decision === undefined ? [] : [{ member, view, plan: decision }];
  });
  return { kind, system, members };
}

export interface PowerWish {
  readonly signal: AbortSignal;
  /** Carries out what was planned for one of them. */
  readonly act: (planned: PlannedPower) => Promise<unknown>;
  /** Called with each that is up, or off where they are shut down. */
  readonly onUp?: (member: SystemMember) => void;
}

/** Never rejects: what a member failed with goes with its outcome. */
export async function runPower(
  { kind, system, members }: SystemPowerPlan,
  { signal, act, onUp }: PowerWish,
  { engine, clock }: { readonly engine: EnginePort; readonly clock: Clock },
): Promise<SystemPowerResult> {
  const begunAt = clock.ticks();
  const due = new Map(members.map((planned) => [vmKey(planned.member), planned]));
  const failures = await startInOrder(kind === 'start' ? system.members : reverseOrder(system.members), {
    start: async (member) => {
      const planned = due.get(vmKey(member));
      if (planned !== undefined) {
        await act(planned);
      }
    },
    untilUp: (member, wait) => untilUp(member, wait, { engine, clock, signal }),
    onUp,
  });
  const outcomeOf = (member: SystemMember): MemberOutcome => {
    const { power, name } = engine.findVm(member)?.vm ?? { power: 'unknown', name: member.name };
    const failure = failures.get(member.uuid);
    const before = due.get(vmKey(member))?.view.vm.power;
    const isDone = failure === undefined || isSo(kind, power);
    // A guest that has gone all the same is off; one that runs may not be up.
    const isMinded = failure !== undefined && !(isDone && kind === 'shutDown');
    return {
      ...refOf(member),
      name,
      outcome: isDone ? 'done' : power === before ? 'asBefore' : 'unclear',
      ...(isMinded && { failure }),
    };
  };
  return { members: system.members.map(outcomeOf), durationMs: Math.round(clock.ticks() - begunAt) };
}

/** Each before those that it comes after; nothing is waited for. */
function reverseOrder(members: readonly SystemMember[]): readonly SystemMember[] {
  return members.map((member) => ({
    ...refOf(member),
    name: member.name,
    after: members.filter(({ after }) => after?.includes(member.uuid) === true).map(({ uuid }) => uuid),
  }));
}

function isSo(kind: SystemPowerAction, power: PowerState): boolean {
  return power === (kind === 'start' ? 'running' : 'off');
}
