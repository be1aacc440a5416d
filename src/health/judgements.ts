// What is judged of each VM, and what was examined of it, as long as that still fits.
import type { Health, healthOf } from '../diagnosis/health.js';
import type { HealthFacts } from '../diagnosis/healthFacts.js';
import { forecast, type Forecast } from '../diagnosis/growth.js';
import { type Exception, type Thresholds, thresholdsOf } from '../diagnosis/thresholds.js';
import { share } from '../live/sharing.js';
import { type ConnectionView, type VmView, vmKey } from '../live/views.js';
import type { Examination } from '../diagnosis/examination.js';
import type { Problem } from '../diagnosis/problem.js';
import { isInLesson } from '../domain/demoVm.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import type { Vm, VmRef } from '../domain/vm.js';
import { noteKey, type WatchNotes } from './watchNotes.js';

interface ExaminedVm {
  readonly vm: Vm;
  readonly tree: SnapshotTree | undefined;
  readonly problems: readonly Problem[];
}

/** What all VMs are judged by at one time. */
export interface JudgeContext {
  readonly judge: typeof healthOf;
  readonly notes: Pick<WatchNotes, 'rooms'>;
  readonly thresholds: Thresholds;
  readonly exceptions: readonly Exception[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A lesson piles layers up to show what they cost, and its VM does not last. */
const nothingWrong: Health = { found: [], unjudged: [] };

export class Judgements {
  readonly #judged = new Map<string, Health>();
  readonly #examined = new Map<string, ExaminedVm>();

  /** Undefined: not judged yet. */
  of(key: string): Health | undefined {
    return this.#judged.get(key);
  }

  /** Counts until the VM is another than the one that was examined, which it may be already. */
  noteExamination(ref: VmRef, { of: { vm, tree }, diagnoses }: Examination): void {
    this.#examined.set(vmKey(ref), { vm, tree, problems: diagnoses.map(({ problem }) => problem) });
  }

  /** A VM on which something is being done, or that cannot be reached, keeps what was said of it. */
  judge(
    connections: readonly ConnectionView[],
    measure: JudgeContext,
  ): { readonly judged: ReadonlySet<string>; readonly isOther: boolean } {
    const known = new Set<string>();
    const judged = new Set<string>();
    let isOther = false;
    for (const connection of connections) {
      const forecasts = forecastsOf(connection, measure);
      for (const view of connection.vms) {
        const key = vmKey(view.ref);
        known.add(key);
        if (isThere(connection) && view.operation === undefined && view.recovering !== true) {
          judged.add(key);
          const before = this.#judged.get(key);
          const now = isInLesson(view.vm)
            ? nothingWrong
            : share(before, measure.judge(this.#facts(view, connection, forecasts, measure)));
          isOther ||= now !== before;
          this.#judged.set(key, now);
        }
      }
    }
    for (const key of [...this.#judged.keys(), ...this.#examined.keys()].filter((one) => !known.has(one))) {
      isOther = this.#judged.delete(key) || isOther;
      this.#examined.delete(key);
    }
    return { judged, isOther };
  }

  #facts(
    view: VmView,
    { capabilities }: ConnectionView,
    forecasts: ReadonlyMap<string, Forecast>,
    { thresholds, exceptions, now }: JudgeContext,
  ): HealthFacts {
    const { ref, vm, tree, layers, kept, trash } = view;
    const examined = this.#examined.get(vmKey(ref));
    const isFitting = examined?.vm === vm && examined.tree === tree;
    if (!isFitting) {
      this.#examined.delete(vmKey(ref));
    }
    return {
      vm,
      capabilities,
      tree,
      layers,
      kept,
      trash,
      examined: isFitting ? examined.problems : undefined,
      forecasts,
      thresholds: thresholdsOf(vm, thresholds, exceptions),
      now,
    };
  }
}

/** Makes one forecast for each folder: most VMs of a connection share the same few. */
function forecastsOf({ uri, vms }: ConnectionView, { notes }: JudgeContext): ReadonlyMap<string, Forecast> {
  const folders = new Set(vms.flatMap(({ layers }) => (layers?.rooms ?? []).map(({ folder }) => folder)));
  return new Map(
    [...folders].flatMap((folder) => {
      const seen = forecast(notes.rooms.get(noteKey(uri, folder)) ?? []);
      return seen === undefined ? [] : [[folder, seen] as const];
    }),
  );
}

/** What is known of it is of now. */
export function isThere({ state, loaded }: ConnectionView): boolean {
  return state === 'connected' && loaded;
}
