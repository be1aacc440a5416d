// The rule for VMs that crash: each is restarted or reverted to its favourite snapshot, so many times in a while. Waits
// for what libvirt tells; leaves alone a VM that is off for another reason, or that somebody works on.
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { Failure } from '../domain/failure.js';
import type { OperationRequest } from '../domain/operation.js';
import { refuse } from '../domain/refusal.js';
import type { Vm } from '../domain/vm.js';
import { unreachableFailure, type VmView } from '../live/views.js';
import type { Plan } from '../operations/plan.js';
import { agreedBefore, carryOut } from './carryOut.js';
import { CrashCounts } from './crashCounts.js';
import type { Session } from './session.js';

export interface CrashRule {
  readonly act: 'restart' | 'revert';
  readonly most: number;
  readonly withinMs: number;
}

/**
 * | kind        | meaning                                                          |
 * |-------------|------------------------------------------------------------------|
 * | done        | it runs again, for the `time`-th time; `snapshot`: its title     |
 * | elsewhere   | somebody else works on it, or has brought it back                |
 * | failed      | it was left as it is, or could not be brought back               |
 * | wouldLose   | a revert would lose something that nobody agreed to; it was left |
 * | noFavourite | nobody knows what to revert to any more; it was left             |
 * | barred      | it may not be done to this VM any more; it was left              |
 * | tooOften    | it is not watched any more                                       |
 * | gone        | there is no such VM any more                                     |
 */
export type CrashNews =
  | { readonly kind: 'done'; readonly time: number; readonly snapshot?: string }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'wouldLose'; readonly plan: Plan }
  | { readonly kind: 'barred'; readonly why: string }
  | { readonly kind: 'elsewhere' | 'noFavourite' | 'tooOften' | 'gone' };

type CrashWatchEnd = 'stopped' | 'tooOften' | 'gone';

interface CrashWatch {
  readonly session: Session;
  readonly rule: CrashRule;
  readonly counts: CrashCounts;
  /** Why it is not to be done to it, whatever happens; asked anew at each crash. */
  readonly findBar: (view: VmView) => Promise<string | undefined>;
  readonly tell: (view: VmView, news: CrashNews) => void;
  readonly signal: AbortSignal;
}

/**
 * Until the signal, or until no VM is left to be watched. Rejects where a connection is lost for good.
 * @returns how it ended for each VM
 */
export async function watchCrashes(
  session: Session,
  views: readonly VmView[],
  { rule, log, ...more }: Pick<CrashWatch, 'rule' | 'findBar' | 'tell' | 'signal'> & { readonly log: Log },
): Promise<readonly CrashWatchEnd[]> {
  const watch: CrashWatch = { session, rule, counts: new CrashCounts(session.folder, log), ...more };
  const connections = new Set(views.map(({ ref }) => ref.connection));
  session.engine.setAttention({ visible: true, silent: true, connections, vms: new Set() });
  return Promise.all(views.map((view) => watchVm(watch, view)));
}

async function watchVm(watch: CrashWatch, view: VmView): Promise<CrashWatchEnd> {
  const { session, tell, signal } = watch;
  let known = view;
  /** Left so: it is looked at again when it is otherwise. */
  let left: Vm | undefined;
  for (;;) {
    const crashed = await nextCrash(watch, known, left);
    if (crashed === 'stopped') {
      return crashed;
    }
    if (crashed === 'gone') {
      tell(known, { kind: crashed });
      return crashed;
    }
    known = crashed;
    const news = await help(watch, known);
    if (!signal.aborted || news.kind !== 'failed') {
      tell(known, news);
    }
    if (news.kind === 'tooOften') {
      return news.kind;
    }
    left = news.kind === 'done' ? undefined : session.engine.findVm(known.ref)?.vm;
  }
}

/** Never rejects. */
async function help(watch: CrashWatch, view: VmView): Promise<CrashNews> {
  const { rule, counts, session, signal } = watch;
  const { uuid } = view.ref;
  const now = Date.now();
  try {
    const before = await counts.since(uuid, now - rule.withinMs);
    if (before.length >= rule.most) {
      return { kind: 'tooOften' };
    }
    const why = await watch.findBar(view);
    if (why !== undefined) {
      return { kind: 'barred', why };
    }
    const wanted = await requestFor(watch, view);
    if (wanted === undefined) {
      return { kind: 'noFavourite' };
    }
    const plan = await session.plan(view, wanted.request);
    if (plan.losses.length > 0) {
      return { kind: 'wouldLose', plan };
    }
    // Counted before it is done: who dies in it does not do it without end.
    await counts.write(uuid, [...before, now]);
    try {
      await carryOut(session, { view, request: wanted.request, agreed: plan }, agreedBefore, signal);
    } catch (error) {
      const { kind, details } = asFailure(error);
      const isUntouched = kind === 'busy' || (kind === 'refused' && details.recovered === undefined);
      await (isUntouched ? counts.write(uuid, before) : undefined);
      throw error;
    }
    return { kind: 'done', time: before.length + 1, ...(wanted.title !== undefined && { snapshot: wanted.title }) };
  } catch (error) {
    const failure = asFailure(error);
    // Two that watch it both begin: the one that comes second fails.
    await session.engine.refresh({ vm: view.ref }).catch(() => undefined);
    const isUp = session.engine.findVm(view.ref)?.vm.power === 'running';
    return failure.kind === 'busy' || isUp ? { kind: 'elsewhere' } : { kind: 'failed', failure };
  }
}

/** @throws Failure `refused` where an operation on it was interrupted: that is left to a person, or to an editor */
async function requestFor(
  { session, rule }: CrashWatch,
  view: VmView,
): Promise<{ readonly request: OperationRequest; readonly title?: string } | undefined> {
  const { ref, vm } = view;
  const [interrupted] = await session.engine.readInterrupted(ref);
  if (interrupted !== undefined) {
    const operation = interrupted.request.kind;
    throw new Failure('refused', { refusal: refuse('unfinishedOperation', { vm: vm.name, operation }).refusal });
  }
  if (rule.act === 'restart') {
    return { request: { kind: 'power', vm: ref, action: 'start' } };
  }
  const name = await session.engine.readFavourite(ref);
  const snapshot = name === undefined ? undefined : await session.snapshot(view, name);
  return (
    snapshot && {
      request: session.revertRequest(view, snapshot, { after: 'running', checkpointFirst: true }),
      title: snapshot.title,
    }
  );
}

/** A VM that has crashed, at once or later; not as it was left. */
function nextCrash(
  { session: { engine }, signal }: CrashWatch,
  { ref }: VmView,
  left: Vm | undefined,
): Promise<VmView | 'stopped' | 'gone'> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      listening.dispose();
      signal.removeEventListener('abort', look);
    };
    const look = (): void => {
      const connection = engine.connections.find(({ uri }) => uri === ref.connection);
      const failure = connection && unreachableFailure(connection);
      const view = engine.findVm(ref);
      if (signal.aborted) {
        end();
        resolve('stopped');
      } else if (failure !== undefined && connection?.state === 'failed' && connection.retryAt === undefined) {
        end();
        reject(failure);
      } else if (connection?.state !== 'connected') {
        // What is known of its VMs is old. It is tried again.
        return;
      } else if (view === undefined) {
        end();
        resolve('gone');
      } else if (isCrashed(view.vm) && view.vm !== left && view.operation === undefined) {
        end();
        resolve(view);
      }
    };
    const listening = engine.onDidChange(look);
    signal.addEventListener('abort', look);
    look();
  });
}

function isCrashed({ power, powerReason }: Vm): boolean {
  return power === 'crashed' || (power === 'off' && (powerReason === 'crashed' || powerReason === 'failed'));
}
