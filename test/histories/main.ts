// Runs histories by hand, thousands of operations long: `npm run histories`. It tells how far it is, can be ended and
// resumed, and leaves a short script of every difference that it finds.
//   --ops N           operations in all; 400 unless given
//   --seed N          1 unless given; the same seed makes the same histories as long as the extension plans the same
//   --style STYLE     internal or external alone; both in turn unless given
//   --length N        operations in each history; 30 unless given
//   --resume FILE     keeps its progress there and goes on from it
//   --script FILE     does only what this file says
//   --shrink N        at most so many tries to shorten what fails; 40 unless given
//   --go-on           does not end at the first difference
//   --seamless N      fails where fewer snapshots were taken seamlessly
//   --wild            other tools are used in every history, not in some
//   --days N          so many random days in each mode, in place of histories: see day.ts
//   --mode MODE       days of this mode alone, 'external off'
//   --beside N        so many days at a time; 2 unless given
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/rig/root.mjs';
import { childVariable, runAsChild } from '../libvirtd/faults/editor.js';
import { actionText, type Script, type SnapshotStyle } from './action.js';
import { day, type DayMode, dayModes } from './day.js';
import { type Episode, type Next, runEpisode } from './episode.js';
import { generated, scripted } from './generated.js';
import type { Found } from './history.js';
import { type EpisodeRecord, type Progress, readProgress, sumOf, sumText, writeProgress } from './progress.js';
import { shrink } from './shrink.js';

const { values } = parseArgs({
  options: {
    ops: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    style: { type: 'string' },
    length: { type: 'string', default: '30' },
    resume: { type: 'string' },
    script: { type: 'string' },
    shrink: { type: 'string', default: '40' },
    seamless: { type: 'string', default: '0' },
    'go-on': { type: 'boolean', default: false },
    wild: { type: 'boolean', default: false },
    days: { type: 'string' },
    mode: { type: 'string' },
    beside: { type: 'string', default: '2' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const task = process.env[childVariable];
void (task === undefined ? main() : runAsChild(task));

async function main(): Promise<void> {
  if (values.script === undefined) {
    process.exitCode = await (values.days === undefined ? runMany() : runDays(Number(values.days)));
    return;
  }
  const script = JSON.parse(await readFile(values.script, 'utf8')) as Script;
  const episode = await run(script, scripted(script.actions), 1);
  const { found, log } = episode;
  tell(found, log);
  say(sumText(sumOf([episode])));
  process.exitCode = found === undefined ? 0 : 1;
}

function run(base: Omit<Script, 'actions'>, next: Next, everythingEach: number): Promise<Episode> {
  return runEpisode(base, next, { everythingEach, say: (line) => say(`  ${line}`) });
}

async function runMany(): Promise<number> {
  const first = Number(values.seed);
  const styles = (values.style === undefined ? ['internal', 'external'] : [values.style]) as readonly SnapshotStyle[];
  const begun = values.resume === undefined ? undefined : await readProgress(values.resume);
  let progress: Progress = begun ?? { seed: first, styles, episodes: [] };
  while (sumOf(progress.episodes).operations < Number(values.ops)) {
    const index = progress.episodes.length;
    // Far apart, so that runs of neighbouring seeds share no history.
    const seed = progress.seed * 100_000 + index;
    const style = progress.styles[index % progress.styles.length]!;
    say(`\nhistory ${String(index + 1)}: seed ${String(seed)}, ${style}`);
    const { base, next } = generated(seed, style, Number(values.length), values.wild ? 1 : undefined);
    const episode = await run(base, next, 8);
    progress = { ...progress, episodes: [...progress.episodes, await recordOf(seed, style, episode)] };
    if (values.resume !== undefined) {
      await writeProgress(values.resume, progress);
    }
    say(sumText(sumOf(progress.episodes)));
    if (episode.found !== undefined && !values['go-on']) {
      break;
    }
  }
  const { seamless } = sumOf(progress.episodes);
  if (seamless < Number(values.seamless)) {
    say(`only ${String(seamless)} of ${values.seamless} snapshots were taken seamlessly`);
    return 1;
  }
  return progress.episodes.some(({ found }) => found !== undefined) ? 1 : 0;
}

/** Each with a daemon of its own, some at a time; those of a file that went well are not run again. */
async function runDays(count: number): Promise<number> {
  const first = Number(values.seed);
  const file = values.resume;
  const begun = file === undefined ? undefined : await readProgress(file);
  let progress: Progress = begun ?? { seed: first, styles: [], episodes: [] };
  const isDone = ({ seed, mode }: Day): boolean =>
    progress.episodes.some((one) => one.seed === seed && one.mode === mode && one.found === undefined);
  const modes = dayModes.filter((mode) => values.mode === undefined || textOf(mode) === values.mode);
  const days = Array.from({ length: count }, (_, index) =>
    modes.map((mode): Day => ({ seed: first + index, mode: textOf(mode), of: mode })),
  ).flat();
  const left = days.filter((one) => !isDone(one));
  const failed: Day[] = [];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) {
      const lines: string[] = [];
      const { base, next } = day(one.seed, one.of);
      const episode = await runEpisode(base, next, { everythingEach: Infinity, say: (line) => lines.push(line) });
      const { found, done, refused, ms } = episode;
      say(`day ${String(one.seed)}, ${one.mode}: ${found?.about ?? 'as the model says'}; ${sumText(sumOf([episode]))}`);
      const record = { seed: one.seed, style: one.of.style, mode: one.mode, done, refused, ms, leaks: episode.leaks };
      if (found !== undefined) {
        failed.push(one);
        lines.forEach((line) => say(`  ${line}`));
      }
      const short = found === undefined ? {} : { found: (await recordOf(one.seed, one.of.style, episode)).found! };
      const others = progress.episodes.filter((other) => other.seed !== one.seed || other.mode !== one.mode);
      progress = { ...progress, episodes: [...others, { ...record, ...short }] };
      if (file !== undefined) {
        await writeProgress(file, progress);
      }
    }
  };
  await Promise.all(Array.from({ length: Number(values.beside) }, work));
  say(sumText(sumOf(progress.episodes)));
  return failed.length === 0 ? 0 : 1;
}

interface Day {
  readonly seed: number;
  readonly mode: string;
  readonly of: DayMode;
}

function textOf({ style, power }: DayMode): string {
  return `${style} ${power}`;
}

async function recordOf(seed: number, style: SnapshotStyle, episode: Episode): Promise<EpisodeRecord> {
  const { done, refused, seamless, ms, leaks, found, log } = episode;
  const record = { seed, style, done, refused, seamless, ms, leaks };
  if (found === undefined) {
    return record;
  }
  tell(found, log);
  const isSame = (other: Found | undefined): boolean => other?.about === found.about;
  const short = await shrink(
    episode.script,
    async (script) => {
      say(`  -- shorter? ${String(script.actions.length)} actions`);
      return isSame((await run(script, scripted(script.actions), 1)).found);
    },
    Number(values.shrink),
  );
  await mkdir(join(root, 'artifacts'), { recursive: true });
  const file = join(root, 'artifacts', `history-${String(seed)}-${style}.json`);
  await writeFile(file, `${JSON.stringify(short, undefined, 2)}\n`);
  say(`\nseed ${String(seed)}, ${style}, disks ${short.disks.join(', ')}; shortened to ${file}:`);
  short.actions.forEach((action) => say(`  ${actionText(action)}`));
  return { ...record, found: { about: found.about, script: file } };
}

function tell(found: Found | undefined, log: readonly string[] = []): void {
  if (found === undefined) {
    say('no difference');
    return;
  }
  say('what was done:');
  log.forEach((line) => say(`  ${line}`));
  say(`difference in ${found.about}:`);
  found.what.forEach((line) => say(`  ${line}`));
}
