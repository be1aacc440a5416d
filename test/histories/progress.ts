// The file in which a long run of histories keeps how far it is, so that it can go on after an end.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SnapshotStyle } from './action.js';

export interface EpisodeRecord {
  readonly seed: number;
  readonly style: SnapshotStyle;
  /** The mode of a day. */
  readonly mode?: string;
  readonly done: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Snapshots that were taken while the guest ran on; files from before these were counted have none. */
  readonly seamless?: number;
  readonly ms: number;
  readonly leaks: number;
  /** What was found, and the file with the script that shows it. */
  readonly found?: { readonly about: string; readonly script: string };
}

export interface Progress {
  readonly seed: number;
  readonly styles: readonly SnapshotStyle[];
  readonly episodes: readonly EpisodeRecord[];
}

export interface Sum {
  readonly operations: number;
  readonly done: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly seamless: number;
  readonly failed: number;
  readonly ms: number;
}

type Counted = Pick<EpisodeRecord, 'done' | 'refused' | 'seamless' | 'ms'> & { readonly found?: unknown };

export function sumOf(episodes: readonly Counted[]): Sum {
  const refused: Record<string, number> = {};
  for (const [reason, count] of episodes.flatMap((episode) => Object.entries(episode.refused))) {
    refused[reason] = (refused[reason] ?? 0) + count;
  }
  const done = episodes.reduce((sum, episode) => sum + episode.done, 0);
  return {
    operations: done + Object.values(refused).reduce((sum, count) => sum + count, 0),
    done,
    refused,
    seamless: episodes.reduce((sum, { seamless = 0 }) => sum + seamless, 0),
    failed: episodes.filter(({ found }) => found !== undefined).length,
    ms: episodes.reduce((sum, episode) => sum + episode.ms, 0),
  };
}

export function sumText({ operations, done, refused, seamless, failed, ms }: Sum): string {
  const reasons = Object.entries(refused)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${String(count)}`);
  const share = operations === 0 ? 0 : Math.floor((100 * done) / operations);
  return [
    `${String(operations)} operations, ${String(done)} carried out (${String(share)} %)`,
    `refused: ${reasons.length === 0 ? 'none' : reasons.join(', ')}`,
    `${String(seamless)} snapshots taken seamlessly`,
    `${String(failed)} histories with a difference`,
    `${(ms / 1000).toFixed(0)} s`,
  ].join('; ');
}

/** Nothing where there is no such file yet. */
export async function readProgress(file: string): Promise<Progress | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Progress;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Whole or not at all. */
export async function writeProgress(file: string, progress: Progress): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify(progress, undefined, 2)}\n`);
  await rename(`${file}.new`, file);
}
