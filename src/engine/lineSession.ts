// One person's look at a VM's serial console or display, for as long as they want it: it comes back when the VM starts,
// is reverted, or the daemon is back. Bytes go to a sink that may be slow, and what happened is told in kinds.
import type { Duplex } from 'node:stream';
import { type Clock, systemClock } from '../base/clock.js';
import { type Disposable, DisposableStore, toDisposable } from '../base/disposable.js';
import { asFailure } from '../domain/asFailure.js';
import type { Failure } from '../domain/failure.js';
import { sameVm, type VmRef } from '../domain/vm.js';
import type { GuestLine } from '../driver/guestAccess.js';
import type { EnginePort } from './enginePort.js';

/** What is told beside the bytes. */
export type LineNote =
  | { readonly kind: 'connected' }
  /** It goes on after it had ended. `reverted`: the VM went back in time, to this snapshot where that is known. */
  | { readonly kind: 'again'; readonly reverted?: { readonly title?: string } }
  /** Waits until the VM is started. `reverted`: as above. */
  | { readonly kind: 'off'; readonly reverted?: { readonly title?: string } }
  /** Waits for `takeOver` or `retry`. `taken`: it was ours before. */
  | { readonly kind: 'inUse'; readonly taken: boolean }
  /** The connection to libvirt ended; tried again by itself. */
  | { readonly kind: 'lost'; readonly failure: Failure }
  /** There is nothing to wait for: no VM, no console or display, no permission. Waits for `retry`. */
  | { readonly kind: 'failed'; readonly failure: Failure };

interface LineSink {
  /** A receiver that cannot take more yet resolves later: nothing more is read meanwhile. */
  write(bytes: Uint8Array): Promise<void> | void;
  note(note: LineNote): void;
}

interface LineOptions {
  readonly clock?: Clock;
  readonly line?: 'consoleOf' | 'displayOf';
}

type LineEngine = Pick<EnginePort, 'guests' | 'findVm' | 'readTree' | 'onDidChange'>;

/** What a person can type while nobody reads it. */
const mostUnsent = 65_536;
/** After a console ended, libvirt says why within this, or never. */
const reasonMs = 1_000;
/** How long it is waited, try by try, for libvirt to see that nobody has the console. */
const consoleEndMs = [100, 300, 900];
/** After those it is waited for the end of a revert, which is no other client's, each time and so many times in all. */
const revertTryMs = 1_000;
const mostRevertTries = 30;
/** From the stop to the start of a revert that starts the VM again. */
const revertMs = 3_000;
const firstRetryMs = 500;
const lastRetryMs = 15_000;

export class LineSession implements Disposable {
  readonly #engine: LineEngine;
  readonly #ref: VmRef;
  readonly #sink: LineSink;
  readonly #clock: Clock;
  readonly #line: 'consoleOf' | 'displayOf';
  readonly #store = new DisposableStore();
  #stream: Duplex | undefined;
  /** What the loop waits for, and what somebody wants of it. */
  #wake: (() => void) | undefined;
  #wish: 'none' | 'retry' | 'takeOver' = 'none';
  #news = false;
  #wasConnected = false;
  /** The VM went back in time since it was connected last. */
  #reverted: { title?: string } | undefined;
  /** How often in a row another client seemed to have the console. */
  #busyTries = 0;
  /** It has left the VM off. */
  #isRevertOver = false;
  #lastNote: string | undefined;

  constructor(
    engine: LineEngine,
    ref: VmRef,
    sink: LineSink,
    { clock = systemClock, line = 'consoleOf' }: LineOptions = {},
  ) {
    this.#engine = engine;
    this.#ref = ref;
    this.#sink = sink;
    this.#clock = clock;
    this.#line = line;
    this.#store.add(engine.onDidChange(({ vm }) => vm !== undefined && sameVm(vm, ref) && this.#lookForRevert()));
  }

  /** Until it is disposed. */
  async run(): Promise<void> {
    let failures = 0;
    while (!this.#isOver) {
      try {
        this.#wish = this.#wish === 'retry' ? 'none' : this.#wish;
        const line = await this.#engine.guests[this.#line](this.#ref);
        failures = 0;
        await this.#follow(line);
      } catch (error) {
        const failure = asFailure(error);
        const isLost = failure.kind === 'lost' || failure.kind === 'unreachable' || failure.kind === 'protocol';
        this.#tell({ kind: isLost ? 'lost' : 'failed', failure });
        // What happened before is what it failed of.
        this.#news = false;
        await this.#sleep(isLost ? Math.min(lastRetryMs, firstRetryMs * 2 ** failures) : undefined);
        failures += 1;
      }
    }
  }

  /** False: nobody reads it at the other end, so it was not sent. */
  write(text: string | Uint8Array): boolean {
    const stream = this.#stream;
    if (stream?.writable !== true || stream.writableLength > mostUnsent) {
      return false;
    }
    stream.write(text);
    return true;
  }

  /**
   * What the person waits for: nobody else's console is taken unless he says so. How it goes he is told, also if as
   * before.
   */
  want(wish: 'retry' | 'takeOver'): void {
    this.#wish = wish;
    this.#busyTries = 0;
    this.#lastNote = undefined;
    this.#wake?.();
  }

  dispose(): void {
    this.#store.dispose();
    this.#stream?.destroy();
    this.#wake?.();
  }

  get #isOver(): boolean {
    return this.#store.isDisposed;
  }

  /** Until the line's connection ends, which it throws. */
  async #follow(line: GuestLine): Promise<void> {
    const ended: { failure?: Failure } = {};
    const store = new DisposableStore();
    store.add(line);
    store.add(
      line.onDidClose((failure) => {
        ended.failure = failure;
        this.#news = true;
        this.#wake?.();
      }),
    );
    store.add(
      line.onDidChangeVm((what) => {
        if (what === 'reverted') {
          this.#reverted ??= {};
        }
        this.#news = true;
        this.#wake?.();
      }),
    );
    try {
      while (!this.#isOver) {
        await this.#once(line);
        if (ended.failure !== undefined) {
          throw ended.failure;
        }
      }
    } finally {
      store.dispose();
    }
  }

  /** One try, and all that is read if it succeeds; then until there is a reason to try again. */
  async #once(line: GuestLine): Promise<void> {
    const taking = this.#wish === 'takeOver' ? 'byForce' : 'ifFree';
    this.#wish = 'none';
    this.#news = false;
    try {
      const stream = await line.open(taking);
      if (stream === undefined) {
        await this.#waitForStart();
        return;
      }
      await this.#read(stream);
      await this.#sleep(reasonMs);
    } catch (error) {
      await this.#waitToOpen(asFailure(error));
    }
  }

  /**
   * libvirt takes a moment to notice that a console has ended, be it with its QEMU, and may give the next one the same
   * place. Until it knows the place of the next one, it says that it may not open that of the last.
   */
  async #waitToOpen(failure: Failure): Promise<void> {
    const mayPass = failure.kind === 'busy' || failure.kind === 'denied';
    const pauseMs = mayPass && this.#wasConnected ? this.#busyPauseMs() : undefined;
    this.#busyTries += 1;
    if (pauseMs === undefined) {
      if (failure.kind !== 'busy') {
        throw failure;
      }
      this.#tell({ kind: 'inUse', taken: this.#wasConnected });
    }
    await this.#sleep(pauseMs);
  }

  /** Undefined: it has been tried often enough. */
  #busyPauseMs(): number | undefined {
    const waitsForRevert = this.#reverted !== undefined && this.#busyTries < mostRevertTries;
    return consoleEndMs[this.#busyTries] ?? (waitsForRevert ? revertTryMs : undefined);
  }

  /** Most reverts stop a VM only to start it again: whether this one does is seen soon. */
  async #waitForStart(): Promise<void> {
    if (this.#reverted !== undefined && !this.#isRevertOver) {
      await this.#sleep(revertMs);
      this.#isRevertOver = !this.#news;
      return;
    }
    const reverted = await this.#takeReverted();
    this.#tell({ kind: 'off', ...(reverted !== undefined && { reverted }) });
    await this.#sleep();
  }

  async #read(stream: Duplex): Promise<void> {
    if (this.#isOver) {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    this.#busyTries = 0;
    await this.#tellConnected();
    try {
      for await (const bytes of stream) {
        await this.#sink.write(bytes as Uint8Array);
      }
    } catch {
      // Why it ended the next try tells better: another client has it, the VM is off, the daemon is gone.
    } finally {
      this.#stream = undefined;
      stream.destroy();
    }
  }

  async #tellConnected(): Promise<void> {
    const reverted = await this.#takeReverted();
    const kind = this.#wasConnected ? 'again' : 'connected';
    this.#wasConnected = true;
    this.#tell(kind === 'again' && reverted !== undefined ? { kind, reverted } : { kind });
  }

  async #takeReverted(): Promise<{ readonly title?: string } | undefined> {
    const reverted = this.#reverted;
    this.#reverted = undefined;
    this.#isRevertOver = false;
    if (reverted === undefined || reverted.title !== undefined) {
      return reverted;
    }
    const title = await this.#currentTitle();
    return title === undefined ? {} : { title };
  }

  /** Reads the title of the current snapshot: only the result of another client's revert can be seen. */
  async #currentTitle(): Promise<string | undefined> {
    try {
      const tree = await this.#engine.readTree(this.#ref);
      return tree.snapshots.find(({ name }) => name === tree.current)?.title;
    } catch (error) {
      if (asFailure(error).kind === 'cancelled') {
        throw error;
      }
      return undefined;
    }
  }

  /** A revert of ours says which snapshot it goes to, and is one even where libvirt sees only a stop and a start. */
  #lookForRevert(): void {
    const view = this.#engine.findVm(this.#ref);
    const request = view?.operation?.request;
    if (request?.kind === 'revert') {
      const snapshot = view?.tree?.snapshots.find(({ name }) => name === request.snapshot);
      this.#reverted = { title: snapshot?.title ?? request.snapshot };
    }
  }

  /** Each once, until another comes. */
  #tell(note: LineNote): void {
    const repeated = note.kind === 'lost' || note.kind === 'off' || note.kind === 'inUse';
    if (!this.#isOver && !(repeated && this.#lastNote === note.kind)) {
      this.#lastNote = note.kind;
      this.#sink.note(note);
    }
  }

  /** Until the VM changes, somebody wants something, or the time is over; not at all if that was before. */
  async #sleep(ms?: number): Promise<void> {
    if (this.#isOver || this.#news || this.#wish !== 'none') {
      return;
    }
    const store = new DisposableStore();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      store.add(toDisposable(() => (this.#wake = undefined)));
      if (ms !== undefined) {
        store.add(this.#clock.setTimer(ms, resolve));
      }
    });
    store.dispose();
  }
}
