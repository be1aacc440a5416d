// What goes by the clock, unasked. What somebody kept until a date goes into the trash when that is over, a restore
// point of a system as a whole. What is current, kept, protected, unfinished or needed by something else stays, and why
// is told. Nothing is deleted at once by a date: the clock may be wrong.
import { asFailure } from '../domain/asFailure.js';
import { mayAct } from '../domain/automaticActions.js';
import type { Facts } from '../domain/facts.js';
import { Failure } from '../domain/failure.js';
import { refuse } from '../domain/refusal.js';
import { isMember, type StoredSystem, type SystemPoint } from '../domain/system.js';
import type { VmRef } from '../domain/vm.js';
import { losesNothingBut } from '../operations/decide/losesNothingBut.js';
import type { PlannedWork } from '../operations/plan.js';
import { connectSoon } from '../engine/findTargets.js';
import { type VmView, vmKey } from '../live/views.js';
import { usualTrashDays } from '../manifest/settings.js';
import { snapshotOf } from '../systems/standing.js';
import {
  planPoints,
  pointsForRules,
  type PointStays,
  type PrunedSystem,
  runSystemPrune,
  type SystemPrune,
  withoutQuestions,
} from '../systems/systemPrune.js';
import { refusedFailure, requirePlan, type Session } from './session.js';

const dayMs = 24 * 3_600_000;

interface ExpiredSnapshot {
  /** The name of the VM, or of the system; of a VM that was not seen, its UUID. */
  readonly of: string;
  /** Absent: of all of them. */
  readonly title?: string;
}

type WhyStays = Failure | PointStays;

interface ExpiredEnd {
  readonly trashed: readonly ExpiredSnapshot[];
  readonly deleted: readonly ExpiredSnapshot[];
  readonly stays: readonly (ExpiredSnapshot & { readonly why: WhyStays })[];
}

interface Work {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly trashed: ExpiredSnapshot[];
  readonly deleted: ExpiredSnapshot[];
  readonly stays: (ExpiredSnapshot & { readonly why: WhyStays })[];
}

/** @param only these VMs; absent: all. Never rejects for one that cannot go */
export async function deleteExpired(
  session: Session,
  { signal, now, only }: { readonly signal: AbortSignal; readonly now: number; readonly only?: readonly VmRef[] },
): Promise<ExpiredEnd> {
  const work: Work = { session, signal, now, trashed: [], deleted: [], stays: [] };
  const { engine, settings } = session;
  const found = mayAct('deleteExpired', settings.automaticActions) ? await engine.vmsWithExpired(now) : [];
  const vms = found.filter((ref) => only?.some((one) => vmKey(one) === vmKey(ref)) ?? true);
  session.reach(...vms.map(({ connection }) => connection));
  const views: VmView[] = [];
  for (const { connection, uuid } of vms) {
    try {
      views.push(await requireView(session, { connection, uuid }));
    } catch (error) {
      const failure = asFailure(error);
      // A VM that was deleted has no snapshots.
      work.stays.push(...(failure.kind === 'notFound' ? [] : [{ of: uuid, why: failure }]));
    }
  }
  const expired = new Map<string, ReadonlySet<string>>();
  for (const view of views) {
    try {
      expired.set(vmKey(view.ref), await expiredOf(work, view));
    } catch (error) {
      // What is not known to be free is kept.
      work.stays.push({ of: view.vm.name, why: asFailure(error) });
    }
  }
  const ofSystems = views.length === 0 ? [] : await deletePoints(work, views, expired);
  for (const view of views) {
    const names = [...(expired.get(vmKey(view.ref)) ?? [])];
    for (const name of names.filter((one) => !ofSystems.includes(`${vmKey(view.ref)} ${one}`))) {
      await deleteOne(work, view, name);
    }
  }
  const { trashed, deleted, stays } = work;
  return { trashed, deleted, stays };
}

/** Of a connection that is known, opened if it is not. @throws Failure `notFound`, or why it cannot be reached */
export async function requireView({ engine }: Session, ref: VmRef): Promise<VmView> {
  await connectSoon(engine, ref.connection);
  const view = engine.findVm(ref);
  if (view === undefined) {
    throw new Failure('notFound', { vm: ref.uuid, connection: ref.connection });
  }
  return view;
}

/** By name: not what somebody wants to keep otherwise, nor what is in the trash already. */
async function expiredOf({ session: { engine }, now }: Work, { ref }: VmView): Promise<ReadonlySet<string>> {
  const over = (await engine.datedSnapshots(ref)).filter(({ until }) => until <= now).map(({ name }) => name);
  const others = [...(await engine.keptSnapshots(ref)), ...(await engine.trashedSnapshots(ref))];
  return new Set(over.filter((name) => !others.includes(name)));
}

/** `over`: so is its time in the trash, where it lies as a part of its restore point. */
type Stage = 'expired' | 'inTrash' | 'over' | 'stays';

/**
 * | of the snapshots of a restore point that are there    | it                                   |
 * |-------------------------------------------------------|--------------------------------------|
 * | one is kept, or in the trash by itself, one expired   | stays, with all of them              |
 * | all have expired, or are in the trash already         | goes there, unless one must stay     |
 * | the time in the trash of all is over                  | is deleted, unless one must stay     |
 *
 * @returns what is of restore points, gone or not: no rule tears these apart
 */
async function deletePoints(
  work: Work,
  views: readonly VmView[],
  expired: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<readonly string[]> {
  const { session, signal } = work;
  const systems = await session.systems();
  const own: string[] = [];
  for (const stored of (await systems.list()).systems) {
    if (!views.some(({ ref }) => stored.system.members.some(isMember(ref)))) {
      continue;
    }
    const away = await readMembers(session, stored);
    const [going, over]: [SystemPoint[], SystemPoint[]] = [[], []];
    for (const point of stored.points) {
      const members = snapshotsOf(work, stored, point);
      own.push(...members.map(({ ref, name }) => `${vmKey(ref)} ${name}`));
      const stages: Stage[] = [];
      for (const { ref, name } of point.auto === undefined ? members : []) {
        stages.push(expired.get(vmKey(ref))?.has(name) === true ? 'expired' : await stageInTrash(work, ref, name));
      }
      const kept = members[stages.indexOf('stays')];
      if (stages.includes('expired') && kept !== undefined) {
        work.stays.push({ of: stored.system.name, title: point.title, why: { kind: 'kept', vm: kept.vm } });
      } else if (stages.includes('expired')) {
        going.push(point);
      } else if (stages.length > 0 && stages.every((stage) => stage === 'over')) {
        over.push(point);
      }
    }
    if (away !== undefined) {
      work.stays.push(...[...going, ...over].map(({ title }) => ({ of: stored.system.name, title, why: away })));
      continue;
    }
    await throwAwayPoints(work, await planFree(work, stored, going));
    const { deleted, stays } = await runSystemPrune(systems, await planFree(work, stored, over), { signal });
    work.deleted.push(...deleted.map(({ title }) => ({ of: stored.system.name, title })));
    work.stays.push(...stays.map(({ point, why }) => ({ of: stored.system.name, title: point.title, why })));
  }
  return own;
}

async function stageInTrash({ session, now }: Work, ref: VmRef, name: string): Promise<Stage> {
  const mark = (await session.engine.trashMarks(ref)).find((one) => one.name === name);
  if (mark?.whole === undefined) {
    return 'stays';
  }
  return (await session.engine.overInTrash(ref, now)).some((one) => one.name === name) ? 'over' : 'inTrash';
}

/** The snapshots of all: one whose member was not read would pass for gone. @returns why one cannot be */
async function readMembers(session: Session, stored: StoredSystem): Promise<Failure | undefined> {
  try {
    session.reachMembers(stored);
    const { views, unreachable } = await session.reachSystem(stored);
    for (const { ref } of views) {
      await session.engine.readTree(ref);
    }
    return unreachable[0]?.failure;
  } catch (error) {
    return asFailure(error);
  }
}

function snapshotsOf(
  { session: { engine } }: Work,
  { system, points }: StoredSystem,
  point: SystemPoint,
): readonly { readonly ref: VmRef; readonly vm: string; readonly name: string }[] {
  return system.members.flatMap((member) => {
    const { ref, tree } = engine.findVm(member) ?? {};
    const name = tree && snapshotOf(tree, member, point, points)?.name;
    return ref === undefined || name === undefined ? [] : [{ ref, vm: member.name, name }];
  });
}

/** Those that nothing keeps, and of which nothing else goes; of the others it is told why. Never rejects. */
async function planFree(work: Work, stored: StoredSystem, points: readonly SystemPoint[]): Promise<SystemPrune> {
  const { session, stays } = work;
  const { engine } = session;
  const of = stored.system.name;
  try {
    for (const member of points.length === 0 ? [] : stored.system.members) {
      const view = engine.findVm(member);
      await (view && requireFree(work, view));
    }
    const planned = await (points.length === 0
      ? undefined
      : planPoints(await session.systems(), engine, stored, points));
    const free = planned === undefined ? undefined : withoutQuestions(planned);
    stays.push(...(free?.stays ?? []).map(({ point, why }) => ({ of, title: point.title, why })));
    return { stored, going: free?.going ?? [], stays: [] };
  } catch (error) {
    stays.push(...points.map(({ title }) => ({ of, title, why: asFailure(error) })));
    return { stored, going: [], stays: [] };
  }
}

/** One that was interrupted is gone on with at the next look. */
async function throwAwayPoints(work: Work, { stored, going }: SystemPrune): Promise<void> {
  for (const { members, stored: point } of going) {
    const snapshot = { of: stored.system.name, title: point.title };
    try {
      work.signal.throwIfAborted();
      for (const { view, plan } of members) {
        await throwAway(work, view.ref, plan.deletes ?? [], { whole: true });
      }
      work.trashed.push(snapshot);
    } catch (error) {
      work.stays.push({ ...snapshot, why: asFailure(error) });
    }
  }
}

async function throwAway(
  { session: { engine, settings }, now }: Work,
  vm: VmRef,
  snapshots: readonly string[],
  how: { readonly whole?: true } = {},
): Promise<void> {
  const until = now + (settings.trashDays || usualTrashDays) * dayMs;
  await engine.mark({ kind: 'trash', vm, snapshots, put: 'in', until, ...how }, undefined, 'unasked');
  // Who takes it out again wants it.
  await engine.setKept(vm, snapshots, 'free', { unasked: true });
}

async function deleteOne(work: Work, view: VmView, name: string): Promise<void> {
  const { session, signal } = work;
  const { engine } = session;
  const { ref, vm } = view;
  const title = view.tree?.snapshots.find((one) => one.name === name)?.title ?? name;
  const snapshot = { of: vm.name, title };
  try {
    signal.throwIfAborted();
    await requireFree(work, view);
    // What no rule may delete, as the current one, is refused here.
    const rule = { kind: 'prune', vm: ref, snapshots: [name] } as const;
    requirePlan(view, rule, await engine.plan(rule, signal));
    if (await takesOnlyItself(session, view, name, signal)) {
      await throwAway(work, ref, [name]);
      work.trashed.push(snapshot);
    } else {
      work.stays.push({ ...snapshot, why: { kind: 'needed' } });
    }
  } catch (error) {
    work.stays.push({ ...snapshot, why: asFailure(error) });
  }
}

/** As its delete would find it in its turn, without touching anything. @throws Failure where it would be refused */
async function takesOnlyItself(session: Session, view: VmView, name: string, signal: AbortSignal): Promise<boolean> {
  const loses = losesNothingBut(name);
  const judge = (...found: Parameters<typeof loses>): Judgement<boolean> => ({ end: loses(...found), goes: false });
  return (await deleteIf(session, view, { name, signal }, judge)) === true;
}

interface Judgement<E> {
  readonly end: E;
  readonly goes: boolean;
}

/** Deletes a snapshot unasked where that is judged in its turn. @returns what was judged; undefined: nothing */
async function deleteIf<E>(
  { engine }: Session,
  { ref }: VmView,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
  judge: (plan: PlannedWork, facts: Facts) => Judgement<E> | Promise<Judgement<E>>,
): Promise<E | undefined> {
  const judged: Judgement<E>[] = [];
  const allows = async (...found: Parameters<typeof judge>): Promise<boolean> => {
    const one = await judge(...found);
    judged.push(one);
    return one.goes;
  };
  const request = { kind: 'delete', vm: ref, snapshot: name, scope: 'one' } as const;
  try {
    await engine.runOperation(request, { signal, unasked: true, allows });
  } catch (error) {
    if (judged.at(-1)?.goes !== false) {
      throw error;
    }
  }
  return judged.at(-1)?.end;
}

/**
 * Takes the snapshot alone, and never the current one.
 *
 * @param isStill whether it is to go in its turn: somebody may have kept it meanwhile
 * @returns whether it is gone, is to stay by now, or something else needs it @throws Failure
 */
export async function deleteUnasked(
  session: Session,
  view: VmView,
  name: string,
  { signal, isStill }: { readonly signal: AbortSignal; readonly isStill: () => Promise<boolean> },
): Promise<'gone' | 'stays' | 'needed'> {
  await requireFree({ session }, view);
  const loses = losesNothingBut(name);
  const end = await deleteIf<'gone' | 'stays' | 'needed'>(session, view, { name, signal }, async (plan, facts) => {
    const isMeant = facts.tree.current !== name && (await isStill());
    const judged = !isMeant ? 'stays' : loses(plan, facts) ? 'gone' : 'needed';
    return { end: judged, goes: judged === 'gone' };
  });
  return end ?? 'gone';
}

/**
 * Takes restore points, each as a whole, as far as nobody has to be asked.
 *
 * @param choose of those that a rule may count
 */
export async function deletePointsUnasked(
  session: Session,
  stored: StoredSystem,
  choose: (points: readonly SystemPoint[]) => readonly SystemPoint[],
  signal: AbortSignal,
): Promise<PrunedSystem> {
  const { engine } = session;
  const going = choose(await pointsForRules(engine, stored));
  if (going.length === 0) {
    return { deleted: [], stays: [] };
  }
  const systems = await session.systems();
  return runSystemPrune(systems, withoutQuestions(await planPoints(systems, engine, stored, going)), { signal });
}

/** @throws Failure where the VM is protected, or something on it is unfinished */
async function requireFree({ session }: Pick<Work, 'session'>, view: VmView): Promise<void> {
  const { ref, vm } = view;
  const about = { kind: 'prune', vm: ref, snapshots: [] } as const;
  if (session.isProtected(vm)) {
    throw refusedFailure(view, about, refuse('protectedVm', { vm: vm.name }).refusal);
  }
  const [unfinished] = await session.engine.readInterrupted(ref);
  if (unfinished !== undefined) {
    const operation = unfinished.request.kind;
    throw refusedFailure(view, about, refuse('unfinishedOperation', { vm: vm.name, operation }).refusal);
  }
}
