// What all benches share: rounds side by side, medians, and the line that scripts/bench.mjs reads.
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';

export type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;

/** Lends a libvirtd of its own; an error of the bench becomes the error of its process. */
export async function onPrivateDaemon<T>(act: (daemon: Daemon) => Promise<T>): Promise<T> {
  const daemon = await startPrivateDaemon();
  try {
    return await act(daemon);
  } finally {
    await daemon.stop();
  }
}

export interface Figure {
  /** As in the table of results; a bench may report several. */
  readonly name: string;
  readonly ours: number;
  /** What it is measured against; for a figure with a limit of its own, that limit. */
  readonly baseline: number;
  readonly unit: string;
  /** The ratio that must not be exceeded. */
  readonly goal: number;
  /** What `baseline` is, in a few words. */
  readonly against: string;
}

export function report(figure: Figure): void {
  process.stdout.write(`${JSON.stringify({ figure })}\n`);
}

/** Something a reader of the table should know about how it was measured. */
export function remark(text: string): void {
  process.stdout.write(`${JSON.stringify({ remark: text })}\n`);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param part 0.99: what the slowest hundredth takes, or longer */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** The time of the processor, so that the machine's other work is not counted. */
export function processorMs(act: () => void): number {
  const began = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

export async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

/** For a try, or on a machine that others use, too. */
const mostRounds = Number(process.env['BENCH_ROUNDS'] ?? Number.POSITIVE_INFINITY);

/**
 * Milliseconds of each contestant, the median of `rounds`. They take turns, so that a slower minute of the machine
 * slows them all; the first round warms up and does not count.
 */
export async function sideBySide<K extends string>(
  rounds: number,
  contestants: Readonly<Record<K, () => Promise<unknown>>>,
): Promise<Readonly<Record<K, number>>> {
  const names = Object.keys(contestants) as K[];
  const times = new Map<K, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round <= Math.min(rounds, mostRounds); round++) {
    for (const name of names) {
      const ms = await timed(contestants[name]);
      if (round > 0) {
        times.get(name)!.push(ms);
      }
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times.get(name)!)])) as Record<K, number>;
}
