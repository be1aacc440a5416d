// A run of a schedule that takes snapshots: of each VM one, unless its chain is too deep or its disk too full; old ones
// go by its rule, and what was kept until a date by that.
import { setTimeout as delay } from 'node:timers/promises';
import { t } from '@vscode/l10n';
import { worsenedBySnapshot } from '../../../cli/healthOnce.js';
import type { Context } from '../../../cli/context.js';
import { exitCode, exitOfFailure } from '../../../cli/exitCodes.js';
import { asFailure } from '../../../domain/asFailure.js';
import { clockText, dateText, mostAheadMs } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { freeTitle } from '../../../domain/snapshotName.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import type { StoredSystem, SystemPoint } from '../../../domain/system.js';
import { outsideTrash } from '../../../domain/snapshotTree.js';
import { Failure } from '../../../domain/failure.js';
import type { VmRef } from '../../../domain/vm.js';
import type { VmView } from '../../../live/views.js';
import { deleteExpired, deletePointsUnasked, deleteUnasked, requireView } from '../../../session/deleteExpired.js';
import { openSystem } from '../../../session/target.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { staysText } from '../../../text/systems/systemPruneText.js';
import { chooseByRule } from '../repository/pruneBackups.js';
import { busyMs, busyRetryMs, type RunDone } from '../schedules/runSchedule.js';
import type { Schedule } from '../schedules/schedule.js';
import { scheduleFailure } from '../schedules/scheduleFailure.js';

type Tools = Pick<Context, 'session' | 'log'> & { readonly signal: AbortSignal };

/** Never rejects: what fails is told of in `done`, and the other VMs have their turn. */
export async function runCheckpoints(schedule: Schedule, tools: Tools, done: RunDone): Promise<void> {
  const { system, vms, refs = [], checkpoint } = schedule;
  const { session, signal } = tools;
  done.snapshots = 0;
  session.reach(...refs.map(({ connection }) => connection));
  // VMs of any connection may use the same files: while one was not asked, nothing is deleted unasked.
  await session.reachAll().catch((error: unknown) => tools.log.warn(asFailure(error).line));
  // Why it failed is the news, and stands before what is not deleted.
  let failed = 0;
  const fail = (about: string, failure: Failure): void => {
    done.exitCode ||= exitCode(exitOfFailure(failure.kind));
    done.messages.splice(failed++, 0, `${displayLine(about)}: ${failureMessage(failure)}`);
  };
  for (const [at, ref] of checkpoint === undefined || system !== undefined ? [] : refs.entries()) {
    await attempt(vms[at] ?? ref.uuid, () => runOne(schedule, tools, done, ref));
  }
  if (system !== undefined) {
    await attempt(system, () => runSystem(schedule, tools, done, system));
  }
  await attempt(schedule.name, async () => {
    const only = vms.length === 0 ? {} : { only: refs };
    const ended = await deleteExpired(session, { signal, now: Date.now(), ...only });
    done.deleted += ended.deleted.length + ended.trashed.length;
    done.messages.push(
      ...ended.stays.map(({ of, title, why }) => {
        const reason = why instanceof Failure ? failureMessage(why) : staysText(why);
        return title === undefined ? `${displayLine(of)}: ${reason}` : staysLine(of, title, reason);
      }),
    );
  });

  async function attempt(about: string, work: () => Promise<void>): Promise<void> {
    const until = performance.now() + busyMs;
    for (;;) {
      try {
        await (signal.aborted ? undefined : work());
        return;
      } catch (error) {
        const failure = asFailure(error);
        if (failure.kind !== 'busy' || performance.now() > until) {
          fail(about, failure);
          return;
        }
      }
      // The user or systemd may end it.
      await delay(busyRetryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

function staysLine(of: string, title: string, reason: string): string {
  return `${displayLine(of)}: ${t('“{0}” is not deleted: {1}', displayLine(title), reason)}`;
}

async function runOne(schedule: Schedule, tools: Tools, done: RunDone, ref: VmRef): Promise<void> {
  const { session, signal } = tools;
  const { checkpoint: { kind, quiesce } = {}, name } = schedule;
  const view = await requireView(session, ref);
  await pruneOwn(schedule, tools, done, view);
  await requireHealthy(tools, [view]);
  const { snapshots } = await session.engine.readTree(view.ref);
  const request = await session.checkpointRequest(view, {
    title: freeTitle(titleOf(name), snapshots),
    auto: 'schedule',
    by: name,
    ...(kind !== undefined && view.vm.power !== 'off' && { kind }),
    ...(quiesce === true && view.vm.power === 'running' && { quiesce }),
  });
  await session.run(await session.plan(view, request, signal), { signal });
  done.snapshots = (done.snapshots ?? 0) + 1;
  done.vms.push(view.ref.uuid);
  await pruneOwn(schedule, tools, done, view);
}

/**
 * Those that our own record says this schedule took. What somebody named, kept or stands on stays; so does what a clock
 * that was wrong has dated in the future, which would pass for the newest as long as that is to come.
 */
async function pruneOwn(
  { keep, name }: Schedule,
  { session, signal }: Tools,
  done: RunDone,
  view: VmView,
): Promise<void> {
  const { engine } = session;
  const of = view.vm.name;
  const oldOnes = async (): Promise<readonly (Snapshot & { readonly isKept: boolean })[]> => {
    const [kept, trash] = [await engine.keptSnapshots(view.ref), await engine.trashedSnapshots(view.ref)];
    const made = (await engine.madeSnapshots(view.ref, 'schedule')).filter(({ by }) => by === name);
    const tree = await engine.readTree(view.ref);
    const own = outsideTrash(tree, trash)
      .filter((one) => made.some((record) => record.name === one.name) && isPast(one.createdAt))
      .toSorted((one, other) => one.createdAt - other.createdAt);
    const staying = new Set(chooseByRule(own, keep, (one) => ({ id: one.name, time: localTime(one.createdAt) })));
    const old = own.filter((one) => !staying.has(one) && tree.current !== one.name);
    return old.map((one) => ({ ...one, isKept: kept.includes(one.name) }));
  };
  for (const { name: old, title, isKept } of Object.keys(keep).length === 0 ? [] : await oldOnes()) {
    const isStill = async (): Promise<boolean> => (await oldOnes()).some((one) => one.name === old && !one.isKept);
    if (isKept) {
      tellOnce(done, [staysLine(of, title, staysText({ kind: 'kept', vm: of }))]);
      continue;
    }
    try {
      const end = await deleteUnasked(session, view, old, { signal, isStill });
      done.deleted += end === 'gone' ? 1 : 0;
      tellOnce(done, end === 'needed' ? [staysLine(of, title, staysText({ kind: end }))] : []);
    } catch (error) {
      tellOnce(done, [staysLine(of, title, failureMessage(asFailure(error)))]);
    }
  }
}

/** Old ones are deleted before a snapshot is taken, and after it. */
function tellOnce(done: RunDone, messages: readonly string[]): void {
  done.messages.push(...messages.filter((one) => !done.messages.includes(one)));
}

async function runSystem(schedule: Schedule, tools: Tools, done: RunDone, called: string): Promise<void> {
  const { session, signal } = tools;
  const { checkpoint: { kind } = {}, name } = schedule;
  let stored = await reach(session, called);
  const { engine } = session;
  await pruneSystem(schedule, tools, done, stored);
  await requireHealthy(
    tools,
    stored.system.members.flatMap((member) => engine.findVm(member) ?? []),
  );
  stored = await openSystem(session, called);
  const title = freeTitle(titleOf(name), stored.points);
  const systems = await session.systems();
  const wish = { ...session.seamlessWish(), title, by: name, ...(kind !== undefined && { kind }) };
  await systems.run(await systems.planCheckpoint(stored, wish), { signal });
  done.snapshots = (done.snapshots ?? 0) + 1;
  done.vms.push(...stored.system.members.map(({ uuid }) => uuid));
  await pruneSystem(schedule, tools, done, await openSystem(session, called));
}

/** @throws Failure where a member cannot be reached */
async function reach(session: Context['session'], called: string): Promise<StoredSystem> {
  const stored = await openSystem(session, called);
  const { unreachable } = await session.reachSystem(stored);
  if (unreachable[0] !== undefined) {
    throw unreachable[0].failure;
  }
  return stored;
}

async function pruneSystem(
  { keep, name }: Schedule,
  { session, signal }: Tools,
  done: RunDone,
  stored: StoredSystem,
): Promise<void> {
  if (Object.keys(keep).length === 0) {
    return;
  }
  const choose = (points: readonly SystemPoint[]): readonly SystemPoint[] => {
    const own = points
      .filter(({ by, createdAt }) => by === name && isPast(createdAt))
      .toSorted((one, other) => one.createdAt - other.createdAt);
    const staying = new Set(chooseByRule(own, keep, ({ id, createdAt }) => ({ id, time: localTime(createdAt) })));
    return own.filter((one) => !staying.has(one));
  };
  const { deleted, stays } = await deletePointsUnasked(session, stored, choose, signal);
  done.deleted += deleted.length;
  tellOnce(
    done,
    stays.map(({ point, why }) => staysLine(stored.system.name, point.title, staysText(why))),
  );
}

/** @throws Failure: a snapshot more would make something worse */
async function requireHealthy(tools: Tools, views: readonly VmView[]): Promise<void> {
  const about = await worsenedBySnapshot(tools, views);
  if (about !== undefined) {
    throw scheduleFailure('unhealthy', { about });
  }
}

/** Of a moment that no two runs have. */
function titleOf(name: string): string {
  const now = Date.now();
  return `${name} ${dateText(now)} ${clockText(now)}`;
}

function isPast(at: number): boolean {
  return at <= Date.now() + mostAheadMs;
}

/** By the clock of this computer, as ISO has it. */
function localTime(at: number): string {
  return `${dateText(at)}T${clockText(at)}`;
}
