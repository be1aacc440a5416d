// Keeps one connection open while somebody looks. It refuses to know what is read over it.
import { networkInterfaces } from 'node:os';
import type { LoginStage } from '../hosts/login.js';
import type { Hypervisor, OpenHypervisor } from '../driver/hypervisor.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import { Failure, type FailureKind } from '../domain/failure.js';
import { asFailure } from '../domain/asFailure.js';
import { isFar } from '../driver/sharedHost.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import type { Clock } from '../base/clock.js';

const longestMs = 30_000;
/**
 * The longest wait before an attempt to reach another host: it may be off for the night, and an attempt costs a process
 * and packets.
 */
const longestFarMs = 60_000;
/**
 * A daemon that is back is seen within three seconds, by a call that costs this computer nothing while there is none.
 */
const absentMs = 2_000;

interface Attempts {
  /** It was ever open. */
  readonly wasOpen: boolean;
  /** Its daemon runs on another host. */
  readonly isFar: boolean;
  /** How many failed since it was last open; where it ended soon, how many before it did so too. */
  readonly earlier: number;
}

/**
 * Milliseconds until the next attempt, or undefined: only when somebody asks for it.
 *
 * | failure                             | where        | was it ever open? | again after                               |
 * |-------------------------------------|--------------|-------------------|-------------------------------------------|
 * | denied                              | any          | any               | never by itself: each attempt may open a dialog that asks for a password |
 * | unsupported, invalid, notFound      | any          | any               | never by itself: the address or the daemon must change |
 * | any other                           | another host | any               | 2, 4, 8, 16, 32, 60, 60 … s               |
 * | unreachable                         | here         | no                | 30 s: no daemon is there, and one may be installed |
 * | unreachable                         | here         | yes               | 1, 2, 2, 2 … s: it will be started again, and somebody looks |
 * | anything else                       | here         | any               | 1, 2, 4, 8, 16, 30, 30 … s: it is being restarted |
 *
 * @param random from 0 to 1; takes up to a fifth off, so that many clients of a daemon do not come back together
 */
export function retryDelay(
  kind: FailureKind,
  { wasOpen, isFar, earlier }: Attempts,
  random: number,
): number | undefined {
  switch (kind) {
    case 'denied':
    case 'unsupported':
    case 'invalid':
    case 'notFound':
      return undefined;
    case 'unreachable':
      if (!isFar) {
        return withJitter(wasOpen ? Math.min(absentMs, ladder(earlier)) : longestMs, random);
      }
      break;
    case 'ambiguous':
    case 'busy':
    case 'lost':
    case 'protocol':
    case 'refused':
    case 'stopped':
    case 'exists':
    case 'noSpace':
    case 'journal':
    case 'late':
    case 'cancelled':
    case 'failed':
  }
  return withJitter(isFar ? Math.min(longestFarMs, ladder(earlier + 1)) : Math.min(longestMs, ladder(earlier)), random);
}

function ladder(earlier: number): number {
  return 1000 * 2 ** Math.min(earlier, 10);
}

function withJitter(ms: number, random: number): number {
  return Math.round(ms * (1 - random / 5));
}

/** An attempt that has given no answer for so long has failed. */
const attemptLimitMs = 30_000;
/** The same where a host far away lets us in first: sshd's own limit is two minutes. */
const loginLimitMs = 150_000;
/** The same while a person may be asked for a password. */
const personLimitMs = 600_000;
/**
 * Connections that ended sooner than this, one after another, are opened later each time, so that a crash loop is not
 * fed.
 */
const steadyMs = 10_000;
/** A wait so long is told with its end, and ends before that when the computer wakes or its network changes. */
const longWaitMs = 4_000;
const lookMs = 2_000;
/** What a clock that is set right differs by; a computer that slept lost more. */
const sleptMs = 10_000;

export type KeeperState =
  | { readonly state: 'idle' | 'connecting' }
  | { readonly state: 'connected'; readonly hypervisor: Hypervisor }
  | {
      readonly state: 'failed';
      readonly failure: Failure;
      /** In ticks. */
      readonly retryAt?: number;
      /** Milliseconds since 1970, where that is a while away. */
      readonly nextTryAt?: number;
    };

interface KeeperOptions extends WantedConnection {
  readonly open: OpenHypervisor;
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 to 1, as Math.random. */
  readonly random: () => number;
  /** What this computer is called on its networks. */
  readonly networks?: () => string;
}

/** Attempts by itself only while `setEnabled(true)`; a connection that is open stays open when nobody looks. */
export class ConnectionKeeper implements Disposable {
  readonly #options: KeeperOptions;
  readonly #changed = new Emitter<KeeperState>();
  readonly onDidChange = this.#changed.event;
  #state: KeeperState = { state: 'idle' };
  #wanted = false;
  #wasOpen = false;
  #openedAt = 0;
  #failures = 0;
  /** In a row: ended soon after they were opened. */
  #crashes = 0;
  /** The attempt under way is one of many to come back: nobody is told of it unless something is other than before. */
  #isQuiet = false;
  #told: KeeperState = this.#state;
  #attempt: Promise<Hypervisor> | undefined;
  #abort: AbortController | undefined;
  #timer: Disposable | undefined;
  #listeners = new DisposableStore();
  #disposed = false;
  /** Whose connection ended last: somebody may be at work with what it has open beside that. */
  #lost: Hypervisor | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  get hypervisor(): Hypervisor | undefined {
    return this.#state.state === 'connected' ? this.#state.hypervisor : undefined;
  }

  setEnabled(wanted: boolean): void {
    this.#wanted = wanted;
    this.#timer?.dispose();
    if (wanted) {
      this.#carryOn();
    }
  }

  /** The open connection; without one an attempt at once, whatever the back-off says. Rejects with a Failure. */
  connect(): Promise<Hypervisor> {
    if (this.#disposed) {
      return Promise.reject(new Failure('cancelled', { connection: this.#options.uri, byUs: true }));
    }
    if (this.#state.state === 'connected') {
      return Promise.resolve(this.#state.hypervisor);
    }
    this.#attempt ??= this.#open();
    return this.#attempt;
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
    this.#abort?.abort(new Failure('cancelled', { connection: this.#options.uri, byUs: true }));
    this.#listeners.dispose();
    this.hypervisor?.close();
    this.#lost?.close();
    this.#changed.dispose();
  }

  #carryOn(): void {
    if (this.#state.state === 'idle') {
      if (this.#options.onDemand !== true) {
        this.#begin();
      }
    } else if (this.#state.state === 'failed' && this.#state.retryAt !== undefined) {
      const wait = Math.max(0, this.#state.retryAt - this.#options.clock.ticks());
      this.#waitOrWake(wait, this.#surroundings());
    }
  }

  /** @param before what is other when there is a reason to try sooner */
  #waitOrWake(wait: number, before: Surroundings): void {
    const slice = wait >= longWaitMs ? lookMs : wait;
    this.#timer = this.#options.clock.setTimer(slice, () => {
      const now = this.#surroundings();
      const isAwake = Math.abs(now.slept - before.slept) > sleptMs || now.networks !== before.networks;
      this.#failures = isAwake ? 0 : this.#failures;
      if (isAwake || wait <= slice) {
        this.#begin();
      } else {
        this.#waitOrWake(wait - slice, before);
      }
    });
  }

  #surroundings(): Surroundings {
    const { clock, networks = ownAddresses, uri } = this.#options;
    return { slept: clock.now() - clock.ticks(), networks: isFar(uri) ? networks() : '' };
  }

  #begin(): void {
    if (this.#attempt === undefined && this.#wasOpen && this.#state.state === 'failed') {
      this.#isQuiet = true;
    }
    this.connect().catch((error: unknown) => {
      // The state tells it to everybody; nobody waits for this attempt.
      this.#options.log.debug(`attempt failed: ${asFailure(error).kind}`);
    });
  }

  async #open(): Promise<Hypervisor> {
    const { uri, open, clock, log, readOnly } = this.#options;
    const abort = new AbortController();
    this.#abort = abort;
    this.#timer?.dispose();
    this.#report({ state: 'connecting' });
    const giveUp = (kind: 'unreachable' | 'denied', doing: string) => (): void =>
      abort.abort(new Failure(kind, { connection: uri, doing }));
    let limit = clock.setTimer(attemptLimitMs, giveUp('unreachable', 'connect'));
    const person = { asked: false };
    let usualMs = attemptLimitMs;
    const follow = (stage: LoginStage): void => {
      limit.dispose();
      person.asked = stage === 'asked';
      usualMs = stage === 'login' ? loginLimitMs : usualMs;
      limit = person.asked
        ? clock.setTimer(personLimitMs, giveUp('denied', 'wait for a person to authenticate'))
        : clock.setTimer(usualMs, giveUp('unreachable', 'connect'));
    };
    try {
      const hypervisor = await abortable(open(uri, abort.signal, follow, readOnly), abort.signal);
      if (this.#disposed) {
        throw new Failure('cancelled', { connection: uri, byUs: true });
      }
      this.#attempt = undefined;
      this.#adopt(hypervisor);
      return hypervisor;
    } catch (error) {
      const failure = asFailure(error);
      this.#attempt = undefined;
      log[this.#isOther(failure) ? 'warn' : 'trace'](`cannot connect: ${failure.line}`);
      this.#noteFailure(failure, person.asked ? 'whenAsked' : 'byItself');
      throw failure;
    } finally {
      limit.dispose();
    }
  }

  #adopt(hypervisor: Hypervisor): void {
    this.#wasOpen = true;
    this.#openedAt = this.#options.clock.ticks();
    this.#listeners.dispose();
    this.#listeners = new DisposableStore();
    this.#listeners.add(
      hypervisor.onDidClose((failure) => {
        if (this.hypervisor === hypervisor) {
          this.#lost?.close();
          this.#lost = hypervisor;
          this.#options.log.warn(`connection ended: ${failure.line}`);
          const wasSteady = this.#options.clock.ticks() - this.#openedAt >= steadyMs;
          // How long the daemon was away before says nothing of a loop.
          this.#failures = wasSteady ? 0 : this.#crashes;
          this.#crashes = wasSteady ? 0 : this.#crashes + 1;
          this.#noteFailure(failure);
        }
      }),
    );
    this.#isQuiet = false;
    this.#report({ state: 'connected', hypervisor });
  }

  /** @param again `whenAsked` if it failed while a person was asked: another attempt would open another dialog */
  #noteFailure(failure: Failure, again: 'byItself' | 'whenAsked' = 'byItself'): void {
    if (this.#disposed) {
      return;
    }
    const { clock, uri } = this.#options;
    const delay =
      again === 'whenAsked'
        ? undefined
        : retryDelay(
            failure.kind,
            { wasOpen: this.#wasOpen, isFar: isFar(uri), earlier: this.#failures },
            this.#options.random(),
          );
    this.#failures += 1;
    const retryAt = delay === undefined ? {} : { retryAt: clock.ticks() + delay };
    const nextTryAt = delay === undefined || delay < longWaitMs ? {} : { nextTryAt: clock.now() + delay };
    this.#report({ state: 'failed', failure, ...retryAt, ...nextTryAt });
    this.#isQuiet = false;
    if (this.#wanted) {
      this.#carryOn();
    }
  }

  #report(state: KeeperState): void {
    this.#state = state;
    if (!this.#disposed && this.#isNews(state)) {
      this.#told = state;
      this.#changed.fire(state);
    }
  }

  #isNews(state: KeeperState): boolean {
    const isSame =
      state.state === 'failed' &&
      !this.#isOther(state.failure) &&
      this.#told.state === 'failed' &&
      state.nextTryAt === this.#told.nextTryAt;
    return !this.#isQuiet || (state.state !== 'connecting' && !isSame);
  }

  /** Not what people were told last. */
  #isOther({ kind }: Failure): boolean {
    return !this.#isQuiet || this.#told.state !== 'failed' || kind !== this.#told.failure.kind;
  }
}

interface Surroundings {
  /** By how much the clock went on more than time as this computer counts it. */
  readonly slept: number;
  readonly networks: string;
}

function ownAddresses(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  return all
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
    .toSorted()
    .join(' ');
}

/**
 * Rejects with the signal's reason, a Failure, as soon as it aborts, even when `opening` does not heed it; what it
 * opens later is closed.
 */
function abortable(opening: Promise<Hypervisor>, signal: AbortSignal): Promise<Hypervisor> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(asFailure(signal.reason)));
    opening.then((hypervisor) => {
      if (signal.aborted) {
        hypervisor.close();
      }
      resolve(hypervisor);
    }, reject);
  });
}
