// Sets a guest's clock through its agent, to what the host's clock says at the moment when the guest does it. Where
// that goes wrong, the log says why and nothing fails: what stopped the guest is good without.
import type { Disposable } from '../../base/disposable.js';
import { VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED, VIR_DOMAIN_TIME_SYNC } from '../../libvirt/flags.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import type { Log } from '../../base/log.js';
import { systemClock, within } from '../../base/clock.js';
import type { StepOutcome } from '../hypervisor.js';
import type { Agent } from './guestAgent.js';
import type { StepContext } from './stepContext.js';

/** How long a guest may take to set the clock that the operation is good without. */
const clockPatienceMs = 5_000;
/** How long the operation waits for it: most guests have set it by then, and one that is slow does so meanwhile. */
const answerMs = 1_000;
/** What is nearer is left alone: a clock that jumps does more harm than one that is a little off. */
const nearMs = 30;
/** A clock so far off was set so by somebody, if nothing has brought RAM of another time back. */
const farMs = 60 * 60_000;
/**
 * libvirt exchanges a number with the agent before each command, so the guest acts in the last quarter of a call's
 * time.
 */
const actsAt = 0.75;

interface ClockOptions {
  /** Whose clock we have is the VM's host: of another one, the guest's own battery clock tells, in whole seconds. */
  readonly onThisHost: boolean;
  /** `stop`: the guest stood still, and one whose clock is far off is left alone. */
  readonly after: 'revert' | 'stop';
  readonly waitMs?: number;
}

type ClockContext = Pick<StepContext, 'useAnother' | 'dom' | 'log' | 'onThisHost'>;

/** Never rejects; resolves after a second at the latest. @param after what made it wrong */
export async function setGuestClockStep(
  context: ClockContext,
  { after = 'revert' }: { readonly after?: ClockOptions['after'] } = {},
): Promise<StepOutcome> {
  const isSet = await within(systemClock, answerMs, setClockAlone(context, after), false);
  return isSet ? { clock: 'set' } : {};
}

/**
 * On a connection of its own, so that it may last longer than what it belongs to. Never rejects; whether the clock is
 * right now.
 */
export async function setClockAlone(
  { dom, log, onThisHost, useAnother }: ClockContext,
  after: ClockOptions['after'],
): Promise<boolean> {
  try {
    return await useAnother((connection) => setGuestClock({ connection, dom }, log, { onThisHost, after }));
  } catch (error) {
    log.info(`the guest's clock stays as it is: ${String(error)}`);
    return false;
  }
}

/**
 * The agent that came back with RAM is seen by libvirt a moment later, so the first who finds nobody waits until
 * somebody comes.
 *
 * | this host's clock   | the guest's differs by | after  | → |
 * |---------------------|------------------------|--------|---|
 * | is not the VM's host's | any                 | any    | set by its battery clock |
 * | is the VM's host's  | less than 30 ms        | any    | stays |
 * | is the VM's host's  | more than an hour      | a stop | stays |
 * | is the VM's host's  | anything else          | any    | set, to the nanosecond less the way there |
 *
 * Never rejects; whether the clock is right now.
 */
export async function setGuestClock(agent: Agent, log: Log, options: ClockOptions): Promise<boolean> {
  const { connection, dom } = agent;
  const signal = AbortSignal.timeout(options.waitMs ?? clockPatienceMs);
  let listening: Disposable | undefined;
  try {
    let resolveConnected: () => void = () => undefined;
    const comes = new Promise<void>((resolve) => (resolveConnected = resolve));
    listening = await connection.on('agentLifecycle', ({ dom: { uuid }, state }) => {
      if (uuid === dom.uuid && state === VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED) {
        resolveConnected();
      }
    });
    const set = options.onThisHost
      ? (): Promise<void> => setByOurs(agent, log, options, signal)
      : (): Promise<void> => setByBattery(agent, signal);
    try {
      await set();
    } catch (error) {
      if (!(error instanceof LibvirtError) || error.code !== code.VIR_ERR_AGENT_UNRESPONSIVE) {
        throw error;
      }
      await Promise.race([comes, rejectOnAbort(signal)]);
      await set();
    }
    return true;
  } catch (error) {
    log.info(`the guest's clock stays as it is: ${String(error)}`);
    return false;
  } finally {
    listening?.dispose();
  }
}

async function setByBattery({ connection, dom }: Agent, signal: AbortSignal): Promise<void> {
  await connection.call('domainSetTime', { dom, seconds: 0, nseconds: 0, flags: VIR_DOMAIN_TIME_SYNC }, { signal });
}

async function setByOurs(agent: Agent, log: Log, { after }: ClockOptions, signal: AbortSignal): Promise<void> {
  const { connection, dom } = agent;
  const { behindMs, wayMs } = await lookAtClock(agent, signal);
  if (Math.abs(behindMs) < nearMs) {
    return;
  }
  if (after === 'stop' && Math.abs(behindMs) > farMs) {
    log.info(`the guest's clock stays as it is: it is ${Math.round(behindMs / 1_000)} s behind, which no stop makes`);
    return;
  }
  const then = Date.now() + wayMs;
  const seconds = Math.floor(then / 1_000);
  const nseconds = Math.floor((then - seconds * 1_000) * 1_000_000);
  try {
    await connection.call('domainSetTime', { dom, seconds, nseconds, flags: 0 }, { signal });
  } catch (error) {
    // The agent sets the battery clock after the guest's, and a guest without a program for that is right all the same.
    if (
      !(error instanceof LibvirtError) ||
      Math.abs((await lookAtClock(agent, signal)).behindMs) > Math.abs(behindMs) / 2
    ) {
      throw error;
    }
    log.debug(`the guest's battery clock stays as it is: ${error.message}`);
  }
}

/** How far it is behind the host's, and how long a call takes until the guest acts; both in milliseconds. */
async function lookAtClock(
  { connection, dom }: Agent,
  signal: AbortSignal,
): Promise<{ readonly behindMs: number; readonly wayMs: number }> {
  const [sentAt, began] = [Date.now(), performance.now()];
  const { seconds, nseconds } = await connection.call('domainGetTime', { dom, flags: 0 }, { signal });
  const wayMs = (performance.now() - began) * actsAt;
  return { behindMs: sentAt + wayMs - (Number(seconds) * 1_000 + nseconds / 1_000_000), wayMs };
}

/** Rejects when the signal is aborted. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(signal.reason as Error);
    if (signal.aborted) {
      end();
    }
    signal.addEventListener('abort', end, { once: true });
  });
}
