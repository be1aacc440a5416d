// The operations that this window has under way, of one VM or of all VMs of a system.
import type { Disposable } from '../../../base/disposable.js';
import { Emitter } from '../../../base/emitter.js';
import type { OperationRequest, VmTurn } from '../../../domain/operation.js';
import { sameVm, type VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';

export interface RunningEntry {
  /** What a person calls it. */
  readonly title: string;
  /** One for each VM that it is done with. */
  readonly requests: readonly OperationRequest[];
  /** As soon as it can be cancelled. */
  readonly cancel: () => unknown;
  /** Absent: it waits for nothing. */
  readonly waitsFor?: VmTurn;
  /** The progress of a system. */
  readonly progress?: string;
}

type Entry = { -readonly [Key in keyof RunningEntry]: RunningEntry[Key] };

/** What becomes known of one while it is under way. */
interface RunningHandle extends Disposable {
  waitFor(other: VmTurn): void;
  say(progress: string): void;
}

/** So that they are shown, and one of them can be cancelled. */
export class RunningOperations implements Disposable {
  readonly #entries = new Set<Entry>();
  readonly #changed = new Emitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #listening: Disposable;

  /** @param engine tells which of them have begun */
  constructor(engine: Pick<EnginePort, 'findVm' | 'onDidChange'>) {
    this.#listening = engine.onDidChange(({ vm }) => {
      const begun = vm && engine.findVm(vm)?.operation?.request;
      for (const entry of this.#entries) {
        if (begun !== undefined && entry.requests.some((request) => request === begun)) {
          delete entry.waitsFor;
        }
      }
    });
  }

  dispose(): void {
    this.#listening.dispose();
  }

  get all(): readonly RunningEntry[] {
    return [...this.#entries];
  }

  /** Until that is disposed. */
  add({ title, requests, cancel }: RunningEntry): RunningHandle {
    const entry: Entry = { title, requests, cancel };
    this.#entries.add(entry);
    this.#changed.fire();
    return {
      waitFor: (other) => {
        entry.waitsFor = other;
        this.#changed.fire();
      },
      say: (progress) => {
        entry.progress = progress;
        this.#changed.fire();
      },
      dispose: () => {
        this.#entries.delete(entry);
        this.#changed.fire();
      },
    };
  }

  has(vm: VmRef): boolean {
    return this.all.some((entry) => isOn(entry, vm));
  }

  /**
   * Cancels those that run and those that wait for their turn on the VM. Returns how many.
   * @param except one that cannot be cancelled: to stop it between two steps would leave it half done; of a system, the
   *   rest is cancelled, and all go back
   */
  cancel(vm: VmRef, except?: VmTurn): number {
    const chosen = this.all.filter(
      (entry) => isOn(entry, vm) && (entry.progress !== undefined || entry.requests[0] !== except),
    );
    for (const { cancel } of chosen) {
      cancel();
    }
    return chosen.length;
  }
}

function isOn({ requests }: RunningEntry, vm: VmRef): boolean {
  return requests.some((request) => sameVm(request.vm, vm));
}
