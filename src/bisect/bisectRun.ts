// Carries a bisect on from where it stands: tries some restore points at once, each on a clone of its own, writes down
// each answer, and throws the clones away.
import { randomUUID } from 'node:crypto';
import type { Log } from '../base/log.js';
import type { Bisect, BisectAnswer, BisectKnowledge, BisectPoint, BisectProbe, BisectTry } from '../domain/bisect.js';
import type { UseOfVm } from '../domain/clone.js';
import type { LockedBisect } from './bisectStore.js';
import { isOpen, knowledgeOf, nextPoints } from './search.js';
import { majority } from './verdicts.js';

/** What a bisect needs of clones. Each rejects with a Failure or a BisectStop. */
export interface Probes {
  /**
   * One try of the check, on this clone, which is made for it, and is there, or half there, until `remove` says
   * otherwise. Undefined: the signal was aborted.
   */
  judge(point: BisectPoint, probe: BisectProbe, signal: AbortSignal): Promise<BisectTry | undefined>;
  /**
   * With all that is its own; also where there never was one.
   * @returns what somebody has done with it, where it stays
   */
  remove(probe: BisectProbe): Promise<readonly UseOfVm[]>;
}

export type BisectNews =
  | { readonly kind: 'trying'; readonly point: number; readonly isAgain: boolean }
  | { readonly kind: 'answer'; readonly answer: BisectAnswer }
  /** A clone could not be removed. It is tried again when the bisect goes on, or ends. */
  | { readonly kind: 'left'; readonly probe: BisectProbe; readonly error: unknown }
  /** Somebody has used a clone: it is theirs from now on. */
  | { readonly kind: 'stays'; readonly probe: BisectProbe };

interface BisectRunOptions {
  readonly bisect: Bisect;
  readonly held: Pick<LockedBisect, 'put'>;
  readonly probes: Probes;
  readonly atOnce: number;
  readonly log: Log;
  readonly onNews?: (news: BisectNews, bisect: Bisect) => void;
}

export class BisectRun {
  readonly #options: BisectRunOptions;
  #bisect: Bisect;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: BisectRunOptions) {
    this.#options = options;
    this.#bisect = options.bisect;
  }

  get bisect(): Bisect {
    return this.#bisect;
  }

  get knowledge(): BisectKnowledge {
    return knowledgeOf(this.#bisect.line.length, this.#bisect.answers);
  }

  /** To the end, or until the signal is aborted. Whatever it rejects with, what was found until then is kept. */
  async run(signal: AbortSignal): Promise<BisectKnowledge> {
    await this.removeProbes();
    while (!signal.aborted) {
      const { line, answers } = this.#bisect;
      const points = nextPoints(line.length, answers, this.#options.atOnce);
      if (points.length === 0) {
        break;
      }
      await this.#round(points, signal);
    }
    return this.knowledge;
  }

  /** What an earlier run has left, or this one could not remove. */
  async removeProbes(): Promise<void> {
    for (const probe of this.#bisect.probes) {
      await this.#remove(probe);
    }
  }

  /** All at once. What another one's answer has settled meanwhile is given up. */
  async #round(points: readonly number[], outer: AbortSignal): Promise<void> {
    const stops = new Map(points.map((point) => [point, new AbortController()]));
    const stopAll = (): void => stops.forEach((stop) => stop.abort());
    outer.addEventListener('abort', stopAll, { once: true });
    if (outer.aborted) {
      stopAll();
    }
    const ends = await Promise.allSettled(
      [...stops].map(async ([point, stop]) => {
        try {
          await this.#try(point, stop.signal);
        } catch (error) {
          stopAll();
          throw error;
        }
        const { line, answers } = this.#bisect;
        [...stops]
          .filter(([other]) => other !== point && !isOpen(other, line.length, answers))
          .forEach(([, useless]) => useless.abort());
      }),
    );
    outer.removeEventListener('abort', stopAll);
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) {
      throw failed.reason;
    }
  }

  async #try(point: number, signal: AbortSignal): Promise<void> {
    const tries: BisectTry[] = [];
    const at = this.#pointAt(point);
    for (;;) {
      this.#tell({ kind: 'trying', point, isAgain: tries.length > 0 });
      // A new one for each try: what a check has changed must not speak in the next.
      const probe = newProbe(point, this.#bisect.vmName);
      await this.#put({ probes: [...this.#bisect.probes, probe] });
      let one: BisectTry | undefined;
      try {
        one = signal.aborted ? undefined : await this.#options.probes.judge(at, probe, signal);
      } finally {
        await this.#remove(probe);
      }
      if (one === undefined || signal.aborted) {
        return;
      }
      tries.push(one);
      const verdict = majority(tries, this.#bisect.tries);
      if (verdict !== undefined) {
        const answer = { point, verdict, tries };
        await this.#put({ answers: [...this.#bisect.answers, answer] });
        this.#tell({ kind: 'answer', answer });
        return;
      }
    }
  }

  async #remove(probe: BisectProbe): Promise<void> {
    let uses: readonly UseOfVm[];
    try {
      uses = await this.#options.probes.remove(probe);
    } catch (error) {
      this.#options.log.warn(`The clone ${probe.name} cannot be removed: ${String(error)}`);
      this.#tell({ kind: 'left', probe, error });
      return;
    }
    await this.#put({ probes: this.#bisect.probes.filter(({ uuid }) => uuid !== probe.uuid) });
    if (uses.length > 0) {
      this.#tell({ kind: 'stays', probe });
    }
  }

  /** One after the other, and each with all that was changed before. */
  #put(change: Partial<Pick<Bisect, 'answers' | 'probes'>>): Promise<void> {
    const now = { ...this.#bisect, ...change };
    this.#bisect = now;
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#options.held.put(now));
    return this.#writing;
  }

  #pointAt(point: number): BisectPoint {
    const found = this.#bisect.line[point];
    if (found === undefined) {
      throw new RangeError(`No restore point ${point}`);
    }
    return found;
  }

  #tell(news: BisectNews): void {
    this.#options.onNews?.(news, this.#bisect);
  }
}

/** Its files and libvirt's are called after it. */
function newProbe(point: number, vmName: string): BisectProbe {
  const uuid = randomUUID();
  return { point, uuid, name: `bisect-${vmName.replaceAll(/[^\w.-]/gu, '-').slice(0, 40)}-${uuid.slice(0, 8)}` };
}
