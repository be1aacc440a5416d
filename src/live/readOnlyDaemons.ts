// Which daemons somebody keeps as read-only. A URI has many spellings and a host many names, so that a daemon is known
// by what it says of itself: its host, its driver, and what of the host it serves.
import { hostname as thisHost } from 'node:os';
import { type Clock, within } from '../base/clock.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import type { Capabilities } from '../domain/capabilities.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import { type DoorKeeper, throughDoor } from '../driver/door.js';
import type { Hypervisor, OpenHypervisor } from '../driver/hypervisor.js';
import { asksForTheSame, hostOf } from '../driver/sharedHost.js';
import { isSameHostname } from '../base/hostname.js';

/** Nobody who wants a change waits longer for a host that may be the same. */
const lookMs = 10_000;

/** What a daemon says of itself. */
type DaemonTraits = Pick<Capabilities, 'driver' | 'hostname' | 'hostUuid' | 'serves'>;

/** Outlives the process: a host that was seen once need not be asked again. */
interface DaemonMemory {
  read(): Promise<readonly (readonly [uri: string, traits: DaemonTraits])[]>;
  write(seen: readonly [uri: string, traits: DaemonTraits][]): Promise<void>;
}

export interface ReadOnlyOptions {
  readonly open: OpenHypervisor;
  readonly clock: Clock;
  readonly log: Log;
  readonly memory?: DaemonMemory | undefined;
}

export class ReadOnlyDaemons implements DoorKeeper {
  readonly #options: ReadOnlyOptions;
  readonly #changed = new Emitter<void>();
  /** More of them are kept, or known. */
  readonly onDidChange = this.#changed.event;
  #set: readonly WantedConnection[] = [];
  #kept: ReadonlySet<string> = new Set();
  /** By the URI that leads there. */
  readonly #seen = new Map<string, DaemonTraits>();
  /** Those at which nothing is kept as read-only. */
  #free = new WeakSet<Hypervisor>();
  /** The latest, by its URI. */
  readonly #opened = new Map<string, Hypervisor>();
  /** Opened as read-only because their daemons are kept so by another URI. */
  readonly #held = new WeakSet<Hypervisor>();
  #remembered: Promise<void> | undefined;

  constructor(options: ReadOnlyOptions) {
    this.#options = options;
  }

  /** Those of the settings, and those that are wanted so. */
  keep(set: readonly WantedConnection[] | undefined, wanted: readonly WantedConnection[]): void {
    this.#set = set ?? this.#set;
    const kept = [...this.#set, ...wanted].filter(({ readOnly }) => readOnly === true);
    const before = this.#kept;
    this.#kept = new Set(kept.map(({ uri }) => uri));
    if (before.size !== this.#kept.size || [...before].some((uri) => !this.#kept.has(uri))) {
      this.#news();
    }
  }

  isKept(uri: string): boolean {
    return this.#kept.has(uri);
  }

  /** Opens what is kept as read-only so, by whatever URI, and all else through the door. */
  readonly open: OpenHypervisor = async (uri, signal, onLogin, readOnly = this.#kept.has(uri)) => {
    if (this.#kept.size > 0) {
      await (this.#remembered ??= this.#remember());
    }
    let real = await this.#options.open(uri, signal, onLogin, readOnly);
    const isClosed = !readOnly && this.isKnownClosed(real);
    if (isClosed) {
      real.close();
      real = await this.#options.open(uri, signal, onLogin, true);
    }
    if (this.#kept.has(uri)) {
      this.#learn(uri, real.capabilities);
    }
    const hypervisor = throughDoor(real, this);
    this.#opened.set(uri, hypervisor);
    if (isClosed) {
      this.#held.add(hypervisor);
    }
    return hypervisor;
  };

  /** It was opened before it was known what its daemon is kept as, or is opened otherwise than it may be by now. */
  isOutdated({ uri, readOnly }: WantedConnection): boolean {
    const hypervisor = this.#opened.get(uri);
    return (
      hypervisor !== undefined && readOnly !== true && this.isKnownClosed(hypervisor) !== this.#held.has(hypervisor)
    );
  }

  /** As far as it is known without asking any. */
  isKnownClosed({ uri, capabilities }: Pick<Hypervisor, 'uri' | 'capabilities'>): boolean {
    return [...this.#kept].some((one) => {
      const seen = this.#seen.get(one);
      return one === uri || (seen !== undefined && isSame(seen, capabilities) && isOne(seen, capabilities));
    });
  }

  async isClosed(hypervisor: Hypervisor): Promise<boolean> {
    if (hypervisor.capabilities.readOnly) {
      return true;
    }
    const free = this.#free;
    if (free.has(hypervisor)) {
      return false;
    }
    const found = await Promise.all([...this.#kept].map((uri) => this.#leadsThere(uri, hypervisor)));
    if (found.includes(true)) {
      return true;
    }
    free.add(hypervisor);
    return false;
  }

  /**
   * | kept as read-only                                   | it is the same daemon                                   |
   * |-----------------------------------------------------|---------------------------------------------------------|
   * | by this very URI                                    | yes                                                     |
   * | seen before, with another UUID and another name     | no                                                      |
   * | answers now                                         | as it says: `isSame`, and a VM of both where that of a user is meant |
   * | gives no answer, was seen under this UUID or name   | in doubt, yes                                           |
   * | gives no answer, was never seen                     | if its URI names this host                              |
   */
  async #leadsThere(uri: string, hypervisor: Hypervisor): Promise<boolean> {
    const { capabilities } = hypervisor;
    if (uri === hypervisor.uri) {
      return true;
    }
    const seen = this.#seen.get(uri);
    if (seen !== undefined && isOther(seen, capabilities)) {
      return false;
    }
    const answer = await this.#ask(uri, (other) => isSameDaemon(other, hypervisor));
    return answer ?? (seen !== undefined || namesHost(uri, hypervisor));
  }

  /** Undefined: nobody answers. Asks no person anything. */
  async #ask(uri: string, question: (other: Hypervisor) => Promise<boolean>): Promise<boolean | undefined> {
    const { open, clock, log } = this.#options;
    const abort = new AbortController();
    const asking = async (): Promise<boolean> => {
      const opened = await open(uri, abort.signal, (stage) => (stage === 'asked' ? abort.abort() : undefined), true);
      try {
        this.#learn(uri, opened.capabilities);
        return await question(opened);
      } finally {
        opened.close();
      }
    };
    try {
      return await within(clock, lookMs, asking(), undefined);
    } catch (error) {
      log.info(`whether ${uri}, which is read-only, leads to the same VMs is not known: ${asFailure(error).line}`);
      return undefined;
    } finally {
      abort.abort();
    }
  }

  #learn(uri: string, { driver, hostname, hostUuid, serves }: DaemonTraits): void {
    const now = {
      driver,
      hostname,
      ...(hostUuid !== undefined && { hostUuid }),
      ...(serves !== undefined && { serves }),
    };
    const before = this.#seen.get(uri);
    if (before !== undefined && isSame(before, now) && before.serves === serves) {
      return;
    }
    this.#seen.set(uri, now);
    void this.#options.memory?.write([...this.#seen]);
    this.#news();
  }

  #news(): void {
    this.#free = new WeakSet();
    this.#changed.fire();
  }

  async #remember(): Promise<void> {
    for (const [uri, seen] of (await this.#options.memory?.read()) ?? []) {
      if (!this.#seen.has(uri)) {
        this.#seen.set(uri, seen);
      }
    }
  }
}

/** One host, as both daemons call it, and one driver. */
function isSame(one: DaemonTraits, other: DaemonTraits): boolean {
  return one.driver === other.driver && one.hostUuid === other.hostUuid && isSameHostname(one.hostname, other.hostname);
}

/** A host has one system; its sessions are of a user each. */
function isOne(one: DaemonTraits, other: DaemonTraits): boolean {
  return one.serves === other.serves && one.serves !== '/session';
}

/** A UUID may be made anew at each start of a daemon, and a host may be renamed: not both. */
function isOther(seen: DaemonTraits, now: DaemonTraits): boolean {
  return seen.driver !== now.driver || (seen.hostUuid !== now.hostUuid && !isSameHostname(seen.hostname, now.hostname));
}

/** For root a session is the system: a VM that both have tells it. */
async function isSameDaemon(one: Hypervisor, other: Hypervisor): Promise<boolean> {
  const [mine, theirs] = [one.capabilities, other.capabilities];
  if (!isSame(mine, theirs) || isOne(mine, theirs)) {
    return isSame(mine, theirs);
  }
  const [ours, others] = await Promise.all([one.listVms(), other.listVms()]);
  const isNone = ours.length === 0 && others.length === 0;
  return isNone ? mine.serves === theirs.serves : ours.some(({ uuid }) => others.some((vm) => vm.uuid === uuid));
}

function namesHost(uri: string, { uri: other, capabilities }: Hypervisor): boolean {
  const name = hostOf(uri);
  return name !== undefined && isSameHostname(name || thisHost(), capabilities.hostname) && asksForTheSame(uri, other);
}
