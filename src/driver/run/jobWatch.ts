// Looks after a call that lasts, on another connection: its progress, and the wish to cancel it.
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes, LibvirtError } from '../../libvirt/libvirtError.js';
import { type Domain, type TypedParameter, typedParameterMap } from '../../libvirt/structs.js';
import type { LiveSave, SaveProgress } from './liveSave.js';
import type { StepContext } from './stepContext.js';

const intervalMs = 250;
/** While somebody waits for the end of what they cancelled: a job that can be cancelled may be a short one. */
const cancelledIntervalMs = 40;
/** A look that takes longer hangs: the same, when nobody waits and when somebody does. */
const patienceMs = 1_000;
const cancelledPatienceMs = 100;
/** Each look that hangs holds one of the daemon's few workers, so after these there is no other beside it. */
const mostHanging = 2;

/**
 * Waits for `work`, and meanwhile looks every 250 ms, and soon and more often when the signal is aborted. The
 * connection for that is opened with the first look, so that what is quick costs nothing, and ends with the work: a
 * look that hangs until the job is over holds nobody up. One that came in the first moments of a job hangs so although
 * later ones are answered (seen on 9.0), so the next one does not wait for it. What goes wrong with a look is logged
 * and ends the looking alone.
 */
export async function watchWhile<T>(
  work: Promise<T>,
  { openAnother, closeAnother, signal, log }: Pick<StepContext, 'openAnother' | 'closeAnother' | 'signal' | 'log'>,
  look: (connection: Connection) => Promise<void>,
): Promise<T> {
  const ended = new AbortController();
  const opened = new Set<Connection>();
  const closeAll = (): void => {
    const all = [...opened];
    // Each once: it may be somebody else's a moment later.
    opened.clear();
    all.forEach(closeAnother);
  };
  // A look that hangs ends with its connection.
  ended.signal.addEventListener('abort', closeAll);
  const watching = (async (): Promise<void> => {
    let connection: Connection | undefined;
    try {
      while (await tick(ended.signal, signal, [intervalMs, cancelledIntervalMs])) {
        connection ??= await openAnother();
        opened.add(connection);
        if (ended.signal.aborted) {
          break;
        }
        const looking = look(connection);
        // If the caller stops waiting, nobody else handles the end of the check.
        looking.catch((error: unknown) => log.debug(`a look ended: ${String(error)}`));
        const patience = tick(ended.signal, signal, [patienceMs, cancelledPatienceMs]);
        const hangs = await Promise.race([looking.then(() => false), patience]);
        // A look that hangs is left alone, and the next one has a connection of its own; so many of them, and no more.
        if (hangs && opened.size > mostHanging) {
          await looking;
        } else if (hangs) {
          connection = undefined;
        }
      }
    } catch (error) {
      if (!ended.signal.aborted) {
        log.warn(`progress cannot be seen any more: ${String(error)}`);
      }
    } finally {
      closeAll();
    }
  })();
  try {
    return await work;
  } finally {
    ended.abort();
    await watching;
  }
}

/** True after a while, the shorter one when `wake` is or becomes aborted; false as soon as `ended` is. */
function tick(ended: AbortSignal, wake: AbortSignal, [ms, wokenMs]: readonly [number, number]): Promise<boolean> {
  if (ended.aborted) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      ended.removeEventListener('abort', finish);
      wake.removeEventListener('abort', lookSoon);
      resolve(!ended.aborted);
    };
    const lookSoon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(finish, wokenMs);
    };
    let timer = setTimeout(finish, wake.aborted ? wokenMs : ms);
    ended.addEventListener('abort', finish);
    wake.addEventListener('abort', lookSoon);
  });
}

/** virDomainJobOperation: what a job of libvirt's is for. */
const jobOperations = { save: 2, snapshot: 6 } as const;
/** How much the daemon's clock and ours may disagree on a span, in milliseconds. */
const clocksMs = 250;

/**
 * For a snapshot with external memory, or a managed save: libvirt counts its bytes, and can cancel it until all are
 * written. Made when its call is sent, which may then wait for the job of another client: a VM has one job at a time,
 * and libvirt shows and aborts whichever that is. So the job must be known as ours first. `onCancelling`: libvirt has
 * taken the wish to cancel.
 *
 * | operation | running for        | whose          |
 * |-----------|--------------------|----------------|
 * | the same  | not longer than us | ours           |
 * | the same  | longer             | another client's |
 * | other     | any                | another client's migration, dump, … |
 *
 * @param now milliseconds of a clock that never jumps
 */
export function memoryJobLook(
  {
    dom,
    signal,
    onProgress,
    onCancelling,
    operation = 'snapshot',
  }: Pick<StepContext, 'dom' | 'signal' | 'onProgress'> & {
    readonly onCancelling?: () => void;
    readonly operation?: keyof typeof jobOperations;
  },
  now: () => number = () => performance.now(),
  live?: Pick<LiveSave, 'follow' | 'hasStopped'>,
): (connection: Connection) => Promise<void> {
  const sentAt = now();
  let cancelAsked = false;
  let furthest = 0;
  return async (connection) => {
    const { params } = await connection.call('domainGetJobStats', { dom, flags: 0 });
    const job = typedParameterMap(params);
    const ranMs = Number(job.get('time_elapsed') ?? 0);
    if (job.get('operation') !== jobOperations[operation] || ranMs > now() - sentAt + clocksMs) {
      return;
    }
    if (signal.aborted) {
      // At each look: a wish that comes before QEMU has begun to write might be forgotten. A precaution, not seen to
      // happen.
      cancelAsked = (await abortJob(connection, dom)) || cancelAsked;
      if (cancelAsked) {
        onCancelling?.();
      }
    }
    const soFar = live && savedSoFar(params);
    if (live !== undefined && soFar !== undefined) {
      await live.follow(soFar, connection);
      // Counts against the least total: RAM that changes again counts as often as it is written.
      furthest = Math.max(furthest, soFar.written / Math.max(1, soFar.written + soFar.remaining));
      const saved = { bytes: soFar.written, bytesPerSecond: soFar.perSecond, guestStopped: live.hasStopped };
      onProgress({ fraction: furthest, cancellable: !cancelAsked, saved });
      return;
    }
    const fraction = jobFraction(params);
    if (fraction !== undefined) {
      furthest = Math.max(furthest, fraction);
      onProgress({ fraction: furthest, cancellable: !cancelAsked });
    }
  };
}

/** False when there is no job to abort: not begun yet, or over; then it is worth another try. */
async function abortJob(connection: Connection, dom: Domain): Promise<boolean> {
  try {
    await connection.call('domainAbortJob', { dom });
    return true;
  } catch (error) {
    if (error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_OPERATION_INVALID) {
      return false;
    }
    throw error;
  }
}

/** QEMU may fail in what it was told to cancel, and libvirt says then that its job failed: seen on 9.0 under load. */
export function isEndOfCancelled(error: unknown): boolean {
  return error instanceof LibvirtError && error.code === errorCodes.VIR_ERR_OPERATION_FAILED;
}

/** From the fields `data_total` and `data_remaining` (VIR_DOMAIN_JOB_DATA_*); undefined while no job counts. */
export function jobFraction(parameters: readonly TypedParameter[]): number | undefined {
  const values = typedParameterMap(parameters);
  const total = Number(values.get('data_total') ?? 0);
  const remaining = Number(values.get('data_remaining') ?? total);
  return total > 0 ? Math.min(1, Math.max(0, 1 - remaining / total)) : undefined;
}

/** Undefined while no job counts. */
function savedSoFar(parameters: readonly TypedParameter[]): SaveProgress | undefined {
  const values = typedParameterMap(parameters);
  const of = (name: string): number => Number(values.get(name) ?? 0);
  const [total, written, ms] = [of('data_total'), of('data_processed'), of('time_elapsed')];
  const perSecond = of('memory_bps') || Math.round((written / Math.max(1, ms)) * 1_000);
  return total > 0 ? { total, remaining: of('data_remaining'), written, perSecond } : undefined;
}

/**
 * For the deletion of an external snapshot: a block job for each disk, one after the other or side by side.
 * A disk whose job was seen and is gone is done.
 */
export function blockJobsLook(
  { dom, onProgress }: Pick<StepContext, 'dom' | 'onProgress'>,
  targets: readonly string[],
): (connection: Connection) => Promise<void> {
  const parts = new Map<string, number>();
  return async (connection) => {
    for (const path of targets) {
      const { found, cur, end } = await connection.call('domainGetBlockJobInfo', { dom, path, flags: 0 });
      if (found !== 0) {
        parts.set(path, end > 0 ? Math.min(1, cur / end) : 0);
      } else if (parts.has(path)) {
        parts.set(path, 1);
      }
    }
    if (parts.size > 0) {
      const sum = [...parts.values()].reduce((total, part) => total + part, 0);
      onProgress({ fraction: sum / targets.length, cancellable: false });
    }
  };
}
