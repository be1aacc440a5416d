// How many connections restic has to a repository elsewhere: found by measuring, a step between two backups, for each
// repository by itself. It never has fewer than restic's own number.
import { join } from 'node:path';
import * as v from 'valibot';
import { noLog } from '../../../base/log.js';
import { count, parseAs } from '../../../journal/json.js';
import { NotesFile } from '../../../journal/notesFile.js';
import { stateFolder } from '../../../journal/stateFolder.js';

/** restic's own number, and each next one twice as many. */
const steps = [5, 10, 20, 40] as const;
const [usual] = steps;

/** restic sends files of 16 MB, so only this much for each connection tells two numbers apart. */
const bytesForEach = 32 * 1024 * 1024;
/** More connections take memory, and no two backups are equally fast: they have to be faster by this. */
const worthwhile = 1.25;
/** Then the line has changed. */
const changed = 2;
/** Lines change over time, too. */
const forgottenMs = 30 * 24 * 3_600_000;

const speedShape = v.object({ connections: count, bytesPerSecond: v.pipe(v.number(), v.minValue(0)), at: count });
const targetShape = v.object({
  target: v.string(),
  /** What the next backup has. */
  connections: v.picklist(steps),
  /** The last one of each number. */
  measured: v.pipe(v.array(speedShape), v.maxLength(steps.length)),
});
const fileShape = v.array(targetShape);

export type MeasuredSpeed = v.InferOutput<typeof speedShape>;
export type TargetConnections = Omit<v.InferOutput<typeof targetShape>, 'target'>;

const mostTargets = 50;
const mostBytes = 256 * 1024;

/**
 * | measured                                   | the next backup has |
 * |--------------------------------------------|---------------------|
 * | hardly faster than with half as many       | half as many        |
 * | nothing yet with half as many              | half as many        |
 * | nothing yet with twice as many             | twice as many       |
 * | much faster with twice as many             | twice as many       |
 * | else                                       | the same            |
 */
export function nextConnections(known: readonly MeasuredSpeed[], now: MeasuredSpeed): TargetConnections {
  const before = known.find(({ connections }) => connections === now.connections)?.bytesPerSecond;
  const isOther =
    before !== undefined && Math.max(before, now.bytesPerSecond) > changed * Math.min(before, now.bytesPerSecond);
  const others = known.filter(
    ({ connections, at }) => !isOther && connections !== now.connections && now.at - at < forgottenMs,
  );
  const at = steps.findIndex((step) => step === now.connections);
  const [fewer, more] = [steps[at - 1], steps[at + 1]];
  const speedOf = (step: number | undefined): number | undefined =>
    others.find(({ connections }) => connections === step)?.bytesPerSecond;
  const [slower, faster] = [speedOf(fewer), speedOf(more)];
  const next =
    fewer !== undefined && (slower === undefined || now.bytesPerSecond < worthwhile * slower)
      ? fewer
      : more !== undefined && (faster === undefined || faster >= worthwhile * now.bytesPerSecond)
        ? more
        : (steps[at] ?? usual);
  return { connections: next, measured: [...others, now] };
}

/** Kept in the state folder. Where it cannot be, restic's own number stays. */
export class Connections {
  readonly #file: NotesFile | undefined;
  readonly #target: string;
  readonly #kind: string | undefined;
  /** As restic calls it, without a password. */
  readonly repository: string;

  /** @param target as restic calls it, without a password; @param host where restic runs, if not here */
  constructor(target: string, environment: NodeJS.ProcessEnv, host = '') {
    const folder = stateFolder(environment, '');
    this.#file = folder === '' ? undefined : new NotesFile(join(folder, 'connections.json'), mostBytes, noLog);
    this.repository = target;
    this.#target = `${host} ${target}`.trim();
    this.#kind = /^(?:azure|b2|gs|rclone|rest|s3|sftp|swift)(?=:)/u.exec(target)?.[0];
  }

  /** Undefined where nothing was measured: a folder here is as fast as its disk. */
  async read(): Promise<TargetConnections | undefined> {
    return this.#kind === undefined ? undefined : (await this.#all()).find(({ target }) => target === this.#target);
  }

  /** Options of restic for the next backup. */
  async words(): Promise<readonly string[]> {
    const known = await this.read();
    return known === undefined ? [] : [`--option=${this.#kind}.connections=${known.connections}`];
  }

  /** What a backup with `words` took. One that moved too little tells nothing. */
  async measure({ bytes, seconds }: { readonly bytes: number; readonly seconds: number }): Promise<void> {
    const all = await this.#all();
    const known = all.find(({ target }) => target === this.#target);
    const connections = known?.connections ?? usual;
    if (this.#kind === undefined || bytes < connections * bytesForEach || seconds <= 0) {
      return;
    }
    const now = { connections, bytesPerSecond: Math.round(bytes / seconds), at: Date.now() };
    const next = { target: this.#target, ...nextConnections(known?.measured ?? [], now) };
    await this.#file?.write([next, ...all.filter(({ target }) => target !== this.#target)].slice(0, mostTargets));
  }

  async #all(): Promise<v.InferOutput<typeof fileShape>> {
    return parseAs(fileShape, await this.#file?.read()) ?? [];
  }
}
