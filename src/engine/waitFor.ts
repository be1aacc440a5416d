// Waits for a guest: until its agent or a port answers, until it runs or is off, or for some time. Changes nothing. It
// refuses to know who waits and what is said of it.
import { connect } from 'node:net';
import { type Clock, within } from '../base/clock.js';
import type { Vm } from '../domain/vm.js';
import type { PortWait, Wait } from '../domain/wait.js';

const betweenLooksMs = 500;
/** A host that says nothing would hold a connection for minutes. */
const longestTryMs = 5_000;
/** After it, a server that does not speak first is known by who forwards to it. */
const silentMs = 1_000;
/** passt gives up after 10 s where the guest does not answer (`SYN_TIMEOUT` in its tcp.c). */
const longestForwardMs = 12_000;

export interface WaitContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The VM as it is now. */
  readonly readVm: (vm: string, connection?: string) => Promise<Vm>;
}

export interface WaitResult {
  /** `late`: in vain; `noAgent`: the VM has no channel for one; `stopped`: the signal was aborted. */
  readonly outcome: 'there' | 'late' | 'noAgent' | 'stopped';
  /** The name of the VM as it was read last; empty where it was not read. */
  readonly name: string;
}

/** @throws whatever reading the VM throws */
export async function waitFor(wait: Wait, { clock, signal, readVm }: WaitContext): Promise<WaitResult> {
  const until = clock.ticks() + wait.atMostMs;
  const remainingMs = (): number => Math.max(0, until - clock.ticks());
  for (;;) {
    if (signal.aborted) {
      return { outcome: 'stopped', name: '' };
    }
    const vm = 'vm' in wait ? await readVm(wait.vm, wait.connection) : undefined;
    const name = vm?.name ?? '';
    if (wait.what === 'agent' && vm?.agentChannel === false) {
      return { outcome: 'noAgent', name };
    }
    const isThere =
      wait.what === 'port'
        ? await (wait.by === undefined
            ? portOpens(wait, clock, Math.min(remainingMs(), longestTryMs))
            : guestAnswers(wait.by, clock, remainingMs()))
        : vm && isConditionMet(wait.what, vm);
    if (isThere === true) {
      return { outcome: 'there', name };
    }
    if (remainingMs() === 0) {
      return { outcome: wait.what === 'time' ? 'there' : 'late', name };
    }
    await pause(clock, Math.min(remainingMs(), wait.what === 'time' ? wait.atMostMs : betweenLooksMs), signal);
  }
}

function isConditionMet(what: Wait['what'], { power, agentConnected }: Vm): boolean {
  switch (what) {
    case 'agent':
      return power === 'running' && agentConnected;
    case 'off':
      return power === 'off' || power === 'crashed';
    case 'running':
      return power === 'running';
    case 'port':
    case 'time':
      return false;
  }
}

function portOpens({ host, port }: PortWait, clock: Clock, ms: number): Promise<boolean> {
  return withSocket({ host, port }, 'connect', (told) => within(clock, ms, told, false));
}

/**
 * | within a second, the connection | the guest has taken it | → |
 * |---------------------------------|------------------------|---|
 * | brings something                | any                    | answers |
 * | is closed                       | any                    | does not |
 * | is silent                       | yes                    | answers |
 * | is silent                       | no                     | does not |
 * | is silent                       | not known              | answers, where it stays open for as long as a forwarder waits for the guest |
 */
function guestAnswers(
  { address, port, isTaken }: NonNullable<PortWait['by']>,
  clock: Clock,
  ms: number,
): Promise<boolean> {
  return withSocket({ host: address, port }, 'data', async (told) => {
    const said = await within(clock, Math.min(ms, silentMs), told, undefined);
    return (
      said ?? (await isTaken()) ?? (await within(clock, Math.min(ms, longestForwardMs), told, ms >= longestForwardMs))
    );
  });
}

/** @param sign of the socket: that there is somebody */
async function withSocket(
  to: { readonly host: string; readonly port: number },
  sign: 'connect' | 'data',
  answers: (told: Promise<boolean>) => Promise<boolean>,
): Promise<boolean> {
  const socket = connect(to);
  const told = new Promise<boolean>((resolve) => {
    socket.once(sign, () => resolve(true));
    // Nobody listens, or there is no such host yet: the next look tells.
    socket.once('error', () => resolve(false)).once('close', () => resolve(false));
  });
  try {
    return await answers(told);
  } finally {
    socket.destroy();
  }
}

/** Ends early when the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, end);
    signal.addEventListener('abort', end);
    function end(): void {
      timer.dispose();
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}
