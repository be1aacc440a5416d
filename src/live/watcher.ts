// The poll for what libvirt tells no event of, at a pace that follows what happens. It refuses to know what is read.
import type { Disposable } from '../base/disposable.js';
import type { Log } from '../base/log.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, within } from '../base/clock.js';

/** From the start of a look to the start of the next one, while things change. */
const quickMs = 1000;
/** The same when nothing happens: with the look itself still less than 2 s. */
const calmMs = 1600;
const calmer = 1.2;
/** A look takes at most a twentieth of the time; one that took longer makes the next one wait, up to this. */
const share = 20;
const longestMs = 15_000;
/** A VM that gives no answer for so long (another client's snapshot holds it) is left to itself; its answer comes. */
const patienceMs = 500;
/**
 * Snapshots read again at each look, because neither their number nor the current one tells of an edited description.
 * So an edit is seen at once where few are shown, and within some minutes where thousands are; many VMs leave less.
 * At least `fewest`; up to `most` while a look takes no more than half a percent of the time.
 */
const fewest = (vms: number): number => Math.max(4, Math.min(10, 45 - 2 * vms));
const most = (open: number, closed: number): number => Math.max(fewest(open + closed), 65 - 5 * open - 2 * closed);
const rollShare = 200;
/** How often the list of VMs and one whole VM are read again, in looks: for what no event tells (a removed save). */
const listEvery = 16;
const vmEvery = 4;

/** A VM that may be looked at now; `snapshots` if they are in attention and known. */
export interface WatchedVm {
  readonly uuid: string;
  readonly snapshots: readonly { readonly name: string }[] | undefined;
}

interface WatchTarget {
  /** Whether anything is polled at all. */
  isLookedAt(): boolean;
  watchedVms(): readonly WatchedVm[];
  look(uuid: string, what: { readonly roll: readonly string[]; readonly alsoVm: boolean }): Promise<void>;
  readList(): Promise<void>;
  /** It could not be read, or not yet. */
  listIsStale(): boolean;
  /** Anything that is another value when something was found to have changed. */
  store(): unknown;
}

/** Looks never overlap, and there is none between `stop` and `start`. */
export class Watcher implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #target: WatchTarget;
  #timer: Disposable | undefined;
  /** Distinguishes the look under way from one that began before a stop. */
  #run = 0;
  #pace = quickMs;
  #looks = 0;
  #rolled = 0;
  /** What the time that the last look took allows for the next one. */
  #rollable = 0;

  constructor(clock: Clock, log: Log, target: WatchTarget) {
    this.#clock = clock;
    this.#log = log;
    this.#target = target;
  }

  /** The first look comes after the pause of a quick one: who starts it has just read everything. */
  start(): void {
    this.stop();
    this.#pace = quickMs;
    if (this.#target.isLookedAt()) {
      this.#plan(quickMs);
    }
  }

  stop(): void {
    this.#run += 1;
    this.#timer?.dispose();
    this.#timer = undefined;
  }

  /** Something happened: the next looks come quickly. */
  stir(): void {
    this.#pace = quickMs;
  }

  dispose(): void {
    this.stop();
  }

  #plan(wait: number): void {
    const run = this.#run;
    this.#timer = this.#clock.setTimer(wait, () => {
      this.#look(run).catch((error: unknown) => this.#log.error(`the poll failed: ${asFailure(error).message}`));
    });
  }

  async #look(run: number): Promise<void> {
    const started = this.#clock.ticks();
    const before = this.#target.store();
    let ended = started;
    await within(
      this.#clock,
      patienceMs,
      Promise.all(
        this.#questions().map(async (question) => {
          try {
            await question;
          } catch (error) {
            this.#log.trace(`poll: ${asFailure(error).kind}`);
          }
          ended = this.#clock.ticks();
        }),
      ),
      undefined,
    );
    if (run !== this.#run) {
      return;
    }
    this.#pace = this.#target.store() === before ? Math.min(calmMs, this.#pace * calmer) : quickMs;
    const interval = Math.min(longestMs, Math.max(this.#pace, (ended - started) * share));
    // At most twice as many as before: the clock tells milliseconds, and quick looks take less than one.
    this.#rollable *= Math.min(2, this.#pace / rollShare / Math.max(1, ended - started));
    this.#plan(Math.max(0, started + interval - this.#clock.ticks()));
  }

  #questions(): Promise<void>[] {
    this.#looks += 1;
    const shown = this.#target.watchedVms();
    const roll = this.#nextRoll(shown);
    const whole = this.#looks % vmEvery === 0 ? shown[(this.#looks / vmEvery) % shown.length] : undefined;
    const questions = shown.map((vm) =>
      this.#target.look(vm.uuid, { roll: roll.get(vm.uuid) ?? [], alsoVm: vm === whole }),
    );
    if (this.#looks % listEvery === 0 || this.#target.listIsStale()) {
      questions.push(this.#target.readList());
    }
    return questions;
  }

  /** The next few snapshots in a circle over those of all VMs in attention. */
  #nextRoll(shown: readonly WatchedVm[]): ReadonlyMap<string, readonly string[]> {
    const all = shown.reduce((sum, vm) => sum + (vm.snapshots?.length ?? 0), 0);
    const open = shown.filter(({ snapshots }) => snapshots !== undefined).length;
    const atMost = most(open, shown.length - open);
    this.#rollable = Math.floor(Math.min(atMost, Math.max(fewest(shown.length), this.#rollable)));
    const count = Math.min(all, this.#rollable);
    const first = all > count ? this.#rolled % all : 0;
    this.#rolled = first + count;
    const roll = new Map<string, readonly string[]>();
    let offset = 0;
    for (const { uuid, snapshots } of shown) {
      const names = (snapshots ?? []).filter((_, index) => (offset + index - first + all) % all < count);
      roll.set(
        uuid,
        names.map((snapshot) => snapshot.name),
      );
      offset += snapshots?.length ?? 0;
    }
    return roll;
  }
}
