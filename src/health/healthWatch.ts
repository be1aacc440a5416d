// Watches over the health of all VMs: sweeps now and then, judges what is known, and says what is new, once. Refuses to
// know how it is shown. Nothing connects before the first sweep.
import type { Health } from '../diagnosis/health.js';
import type { Problem } from '../diagnosis/problem.js';
import { checkOf, keyOf, severityOf } from '../diagnosis/problemTable.js';
import { type Exception, type Thresholds, usualThresholds } from '../diagnosis/thresholds.js';
import { asFailure } from '../domain/asFailure.js';
import { type Clock, systemClock } from '../base/clock.js';
import type { EnginePort } from '../engine/enginePort.js';
import { vmsOnce } from '../live/sameDaemon.js';
import { vmKey } from '../live/views.js';
import { type Disposable, DisposableStore } from '../base/disposable.js';
import { Emitter } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import { type Examination, addProblems } from '../diagnosis/examination.js';
import type { VmRef } from '../domain/vm.js';
import { isThere, Judgements, type JudgeContext } from './judgements.js';
import {
  isSnoozed,
  noNotes,
  noteKey,
  parseNotes,
  tell,
  type ReportedNote,
  type WatchNotes,
  withRoom,
  withSnooze,
  writeNotes,
} from './watchNotes.js';

/** The editor has other things to do when it starts. */
const firstSweepMs = 3 * 60_000;
/** The view is seen: its own first reading goes before. */
const seenMs = 3_000;
/** From a change to the judgement: several come together. */
const gatherMs = 1_000;

export interface WatchSettings {
  /** 0: never by itself. */
  readonly sweepMinutes: number;
  readonly thresholds: Thresholds;
  readonly exceptions: readonly Exception[];
}

export interface VmProblem {
  readonly problem: Problem;
  /** The same for the same thing wrong, over reloads. */
  readonly key: string;
  /** One of the VMs that it is about. */
  readonly ref: VmRef;
}

interface HealthWatchOptions {
  readonly engine: Pick<EnginePort, 'connections' | 'onDidChange' | 'sweep' | 'readLayers' | 'examine' | 'findVm'>;
  /** What outlives this window; each is read and written as a whole. */
  readonly notes: { read(): Promise<unknown>; write(value: unknown): Promise<void> };
  readonly log: Log;
  readonly clock?: Clock;
  /** What the files of labs say of their VMs, asked for before each judgement; a setting for the VM wins. */
  readonly ofLabs?: () => Promise<readonly Exception[]>;
}

export class HealthWatch implements Disposable {
  readonly #engine: HealthWatchOptions['engine'];
  readonly #file: HealthWatchOptions['notes'];
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #askLabs: () => Promise<readonly Exception[]>;
  readonly #store = new DisposableStore();
  readonly #changed = this.#store.add(new Emitter<undefined>());
  readonly #found = this.#store.add(new Emitter<readonly VmProblem[]>());
  /** What is wrong, or who is judged, differs from before. */
  readonly onDidChange = this.#changed.event;
  /** New things that are wrong, all at once; of a problem once, whatever is reloaded. */
  readonly onDidFind = this.#found.event;
  readonly #judgements = new Judgements();
  #settings: WatchSettings = { sweepMinutes: 0, thresholds: usualThresholds, exceptions: [] };
  #ofLabs: readonly Exception[] = [];
  #notes: WatchNotes = noNotes;
  #sweeping: Disposable | undefined;
  #gathering: Disposable | undefined;
  #telling: Promise<void> = Promise.resolve();
  #sweptAt: number | undefined;
  /** Before the first sweep has ended nothing is told: what is found piece by piece would be a pile. */
  #mayTell = false;
  #isDisposed = false;

  constructor({ engine, notes, log, clock = systemClock, ofLabs }: HealthWatchOptions) {
    this.#engine = engine;
    this.#file = notes;
    this.#log = log;
    this.#clock = clock;
    this.#askLabs = ofLabs ?? (() => Promise.resolve([]));
    this.#store.add(engine.onDidChange(() => this.#gather()));
  }

  /** The first time it starts the sweeps. */
  setSettings(settings: WatchSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    if (settings.sweepMinutes !== before.sweepMinutes) {
      this.#sweepIn(this.#sweptAt === undefined ? firstSweepMs : settings.sweepMinutes * 60_000);
    }
    if (this.#sweptAt !== undefined) {
      this.#gather();
    }
  }

  /** Somebody looks at the view: who has not swept for a while does it now. */
  sweepIfStale(): void {
    const sinceLast = this.#sweptAt === undefined ? Infinity : Math.abs(this.#clock.now() - this.#sweptAt);
    if (sinceLast > this.#settings.sweepMinutes * 60_000) {
      this.#sweepIn(seenMs);
    }
  }

  /** The health of one VM, with the snoozed problems. */
  everything(ref: VmRef): Health | undefined {
    return this.#judgements.of(vmKey(ref));
  }

  /** The health of one VM, the worst first, without the snoozed problems; undefined: not judged yet. */
  healthOf(ref: VmRef): Health | undefined {
    const health = this.#judgements.of(vmKey(ref));
    return health && { ...health, found: health.found.filter((problem) => !this.isSnoozed(keyOf(ref, problem))) };
  }

  /** Errors and warnings of all VMs, each thing once, the worst first; without what is snoozed. */
  wrong(): readonly VmProblem[] {
    const all = new Map<string, VmProblem>();
    for (const { ref } of vmsOnce(this.#engine.connections)) {
      for (const problem of this.healthOf(ref)?.found ?? []) {
        const key = keyOf(ref, problem);
        if (severityOf(problem) !== 'note' && !all.has(key)) {
          all.set(key, { problem, key, ref });
        }
      }
    }
    const isError = ({ problem }: VmProblem): boolean => severityOf(problem) === 'error';
    return [...all.values()].sort((a, b) => Number(isError(b)) - Number(isError(a)));
  }

  isSnoozed(key: string): boolean {
    // Mostly nothing is, and this is asked of everything.
    return this.#notes.snoozed.size > 0 && isSnoozed(this.#notes, noteKey(key), this.#clock.now());
  }

  async snooze(keys: readonly string[], ms: number): Promise<void> {
    const now = this.#clock.now();
    await this.#note((notes) =>
      withSnooze(
        notes,
        keys.map((key) => noteKey(key)),
        now,
        now + ms,
      ),
    );
    this.#changed.fire(undefined);
  }

  /** Sweeps now, whatever the settings say. A connection that was named rejects with its Failure. */
  async sweepNow(connection?: string): Promise<void> {
    await this.#engine.sweep(connection);
    await this.#afterSweep();
  }

  /**
   * Looks into everything of one VM; what it finds counts until the VM changes. Resolves to all that is wrong by any
   * rule, with what is snoozed: doctor and health say the same. Rejects with a Failure.
   */
  async examine(ref: VmRef): Promise<Examination> {
    const examination = await this.#engine.examine(ref);
    // What statistics do not tell: whole chains of VMs that are off, space on hosts that are not this one.
    await this.#engine.readLayers(ref);
    if (this.#engine.findVm(ref) !== undefined) {
      this.#judgements.noteExamination(ref, examination);
      await this.#judge();
    }
    return addProblems(examination, this.everything(ref)?.found ?? []);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#sweeping?.dispose();
    this.#gathering?.dispose();
    this.#store.dispose();
  }

  #sweepIn(ms: number): void {
    this.#sweeping?.dispose();
    this.#sweeping = undefined;
    if (this.#settings.sweepMinutes > 0 && !this.#isDisposed) {
      this.#sweeping = this.#clock.setTimer(ms, () => {
        void this.#sweep().finally(() => this.#sweepIn(this.#settings.sweepMinutes * 60_000));
      });
    }
  }

  async #sweep(): Promise<void> {
    try {
      await this.#engine.sweep();
      await this.#afterSweep();
    } catch (error) {
      this.#log.warn(`the look at the VMs' health failed: ${asFailure(error).message}`);
    }
  }

  async #afterSweep(): Promise<void> {
    this.#sweptAt = this.#clock.now();
    this.#mayTell = true;
    const now = this.#sweptAt;
    await this.#judge((notes) =>
      this.#rooms().reduce((sum, [key, freeBytes]) => withRoom(sum, key, [now, freeBytes]), notes),
    );
  }

  /** Each file system once, however many VMs are on it. */
  #rooms(): readonly (readonly [key: string, freeBytes: number])[] {
    return this.#engine.connections.filter(isThere).flatMap(({ uri, vms }) => {
      const rooms = new Map(vms.flatMap(({ layers }) => layers?.rooms ?? []).map((room) => [room.folder, room]));
      return [...rooms.values()].flatMap(({ folder, freeBytes }) =>
        freeBytes === 'unknown' ? [] : [[noteKey(uri, folder), freeBytes] as const],
      );
    });
  }

  #gather(): void {
    if (this.#isDisposed) {
      return;
    }
    this.#gathering ??= this.#clock.setTimer(gatherMs, () => {
      this.#gathering = undefined;
      this.#judge().catch((error: unknown) => {
        this.#log.warn(`the VMs' health could not be judged: ${asFailure(error).message}`);
      });
    });
  }

  /** @param learn what is noted before it is judged by that */
  async #judge(learn = (notes: WatchNotes): WatchNotes => notes): Promise<void> {
    // The rules rest on those of the plans: nothing of either is loaded before something is to be judged.
    const rules = await import('../diagnosis/health.js');
    this.#ofLabs = await this.#askLabs();
    const seen = { isOther: false, news: [] as readonly VmProblem[] };
    await this.#note((notes) => {
      this.#notes = learn(notes);
      const { judged, isOther } = this.#judgeAll(rules.healthOf);
      // What is snoozed is so from the first judgement on.
      const told = this.#mayTell ? this.#tell(judged) : { notes: this.#notes, news: [] };
      Object.assign(seen, { isOther, news: told.news });
      return told.notes;
    });
    if (seen.news.length > 0 && !this.#isDisposed) {
      this.#found.fire(seen.news);
    }
    if (seen.isOther) {
      this.#changed.fire(undefined);
    }
  }

  #judgeAll(judge: JudgeContext['judge']): ReturnType<Judgements['judge']> {
    const { thresholds, exceptions: own } = this.#settings;
    const exceptions = [...this.#ofLabs, ...own];
    const measure = { judge, notes: this.#notes, thresholds, exceptions, now: this.#clock.now() };
    return this.#judgements.judge(this.#engine.connections, measure);
  }

  /** What only an examination finds is not gone because nobody examined. */
  #tell(judged: ReadonlySet<string>): { readonly notes: WatchNotes; readonly news: readonly VmProblem[] } {
    const wrong = new Map(this.wrong().map((one) => [noteKey(one.key), one]));
    const found = new Map(
      [...wrong].map(([key, { ref, problem }]) => [
        key,
        { vm: noteKey(vmKey(ref)), check: checkOf(problem) ?? problem.kind },
      ]),
    );
    const unjudged = new Map([...judged].map((key) => [noteKey(key), this.#judgements.of(key)?.unjudged]));
    const isJudged = ({ vm, check }: ReportedNote): boolean =>
      unjudged.has(vm) && unjudged.get(vm)?.some((one) => one === check) !== true;
    const { notes, fresh } = tell(this.#notes, found, isJudged, this.#clock.now());
    return { notes, news: [...fresh].flatMap((key) => wrong.get(key) ?? []) };
  }

  /** One after the other, each on what another window may have written. */
  async #note(change: (notes: WatchNotes) => WatchNotes): Promise<void> {
    const done = this.#telling.then(async () => {
      const before = parseNotes(await this.#file.read());
      const after = change(before);
      this.#notes = after;
      if (JSON.stringify(writeNotes(before)) !== JSON.stringify(writeNotes(after))) {
        await this.#file.write(writeNotes(after));
      }
    });
    this.#telling = done.catch(() => undefined);
    await done;
  }
}
