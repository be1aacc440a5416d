// Waits for a guest: until its agent or a port answers, until it runs or is off, or for some time. Changes nothing. It
// refuses to know who waits and what is said of it.
import { connect } from 'node:net';
import { type Clock, within } from '../base/clock.js';
import type { Vm } from '../domain/vm.js';
import type { Wait } from '../domain/wait.js';

const betweenLooksMs = 500;
/** A host that says nothing would hold a connection for minutes. */
const longestTryMs = 5_000;

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
    const tryMs = Math.min(remainingMs(), longestTryMs);
    const isThere =
      wait.what === 'port'
        ? await portAnswers(wait.host, wait.port, clock, tryMs)
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

async function portAnswers(host: string, port: number, clock: Clock, ms: number): Promise<boolean> {
  const socket = connect({ host, port });
  const opened = new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    // Nobody listens, or there is no such host yet: the next look tells.
    socket.once('error', () => resolve(false));
  });
  try {
    return await within(clock, ms, opened, false);
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
