// Sends files through a shell on a host. Those of this computer go from one program to another and never through this
// process. Holes stay holes.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { displayLine } from '../domain/plainText.js';
import { type DataRange, dataRanges } from '../qemu/dataRanges.js';
import { factsOf } from '../qemu/fileFacts.js';
import { transferFailure } from './transferFailure.js';
import giveDiskWay from './giveDiskWay.sh';
import { givingWay } from './lowPriority.js';
import type { VmHost } from './vmHost.js';
import { type HostFolder, requireDone } from './hostFolder.js';
import { DdCount } from './ddCount.js';
import { type Originals, originalsHere } from './originals.js';
import { paceOf } from './pace.js';
import writingProgram from './writeFiles.sh';
import { writeThere, type Writing } from './writeThere.js';

export interface SentFile {
  readonly from: string;
  /** Below the copy. */
  readonly to: string;
  readonly bytes: number;
  /** Seconds; of the original when it was looked at. */
  readonly modified: string;
}

interface SentData extends SentFile {
  readonly mode: string;
  readonly ranges: readonly DataRange[];
}

/** To read and to write smaller holes as zeros takes less time than one more program on each side. */
const leastHole = 1024 * 1024;
/** The host writes so much to its disk while more comes. */
const flushedBytes = 128 * 1024 * 1024;
const betweenLooksMs = 20;

/** Each file gets its time when all of it is there, which tells it from one that was interrupted. */
export async function sendFiles(
  copy: HostFolder,
  files: readonly SentFile[],
  onProgress: (fraction: number) => void = () => undefined,
  originals: Originals = originalsHere(copy.signal),
): Promise<void> {
  if (files.length === 0) {
    return;
  }
  const { bytesPerSecond } = copy;
  const all: SentData[] = [];
  for (const file of files) {
    const stats = await originals.host.files.stat(file.from);
    const { bytes, allocatedBytes } = (await factsOf(stats, originals.host.files)) ?? { bytes: -1, allocatedBytes: 0 };
    if (bytes !== file.bytes) {
      throw transferFailure('changed');
    }
    const most = Math.min(flushedBytes, bytesPerSecond ?? flushedBytes);
    const ranges = inPieces(await rangesOf(originals.host, { path: file.from, bytes, allocatedBytes }), most);
    // A device is for more users than a file with its content.
    const mode = stats.isBlockDevice() ? 0o600 : stats.mode & 0o777;
    all.push({ ...file, mode: mode.toString(8), ranges });
  }
  const { shell, begun, folder } = copy;
  const mark = randomBytes(12).toString('hex');
  const whole = all.flatMap(({ ranges }) => ranges).reduce((sum, { start, end }) => sum + end - start, 0);
  const answer = await shell.feed(takingCommands(begun, all, mark), async (input, stop) => {
    const count = new DdCount((bytes) => onProgress(Math.min(1, bytes / Math.max(1, whole))));
    const writing = { input, stop, count, bytesPerSecond };
    await (originals.host.login === undefined
      ? writeFiles(all, mark, writing)
      : writeThere(originals, all, mark, { ...writing, whole }));
    if (count.bytes !== whole) {
      // One of them is shorter than it was.
      throw transferFailure('changed');
    }
  });
  requireDone(shell, folder, answer);
}

/** Without qemu-img, all of it: the host leaves out zeros too. */
async function rangesOf(
  host: VmHost,
  { path, bytes, allocatedBytes }: { readonly path: string; readonly bytes: number; readonly allocatedBytes: number },
): Promise<readonly DataRange[]> {
  const whole = [{ start: 0, end: bytes }];
  return allocatedBytes >= bytes ? whole : await dataRanges(path, host).catch(() => whole);
}

function inPieces(ranges: readonly DataRange[], most: number): readonly DataRange[] {
  const joined: { readonly start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && start - last.end < leastHole) {
      last.end = end;
    } else {
      joined.push({ start, end });
    }
  }
  return joined.flatMap(({ start, end }) =>
    Array.from({ length: Math.ceil((end - start) / most) }, (_, at) => ({
      start: start + at * most,
      end: Math.min(end, start + (at + 1) * most),
    })),
  );
}

/** They read what writeFiles.sh writes: the data of each file, and the mark behind it. */
function takingCommands(begun: string, files: readonly SentData[], mark: string): readonly (readonly string[])[] {
  return [
    ['begin_taking', begun],
    ...files.flatMap(({ to, bytes, ranges, mode, modified }) => [
      ['take_file', to, String(bytes)],
      ...ranges.map(({ start, end }) => ['take', String(start), String(end - start)]),
      ['end_file', mark, mode, modified],
    ]),
    ['end_taking'],
  ];
}

async function writeFiles(
  files: readonly SentData[],
  mark: string,
  { input, stop, count, bytesPerSecond }: Writing,
): Promise<void> {
  const words = ['-c', writingProgram, 'sh', mark, ...files.map(({ from }) => from)];
  const child = spawn(...givingWay('/bin/sh', words, giveDiskWay), {
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['pipe', input, 'pipe', 'pipe'],
    detached: true,
  });
  const [lines, , told, life] = child.stdio as [Writable, null, Readable, Writable, undefined];
  const end = (): void => void life.destroy();
  stop.addEventListener('abort', end);
  const over = new AbortController();
  try {
    told.setEncoding('utf8').on('data', (text: string) => count.hear(text));
    // It may end before it has read all.
    lines.on('error', () => undefined);
    // Where it ends before it has read all, its code tells.
    feed(files, lines, { count, bytesPerSecond, signal: over.signal }).catch(() => undefined);
    const [code] = await Promise.all([
      new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      }),
      once(told, 'close'),
    ]);
    if (code !== 0) {
      throw transferFailure('copyCut', { said: displayLine(count.said, 1_000) });
    }
  } finally {
    stop.removeEventListener('abort', end);
    end();
    over.abort();
  }
}

/**
 * Where there is a limit, no more than a second's gathers before a slow line, to be sent at once later. A file that has
 * become shorter ends its piece before all of it has come.
 */
async function feed(
  files: readonly SentData[],
  lines: Writable,
  { count, bytesPerSecond, signal }: Pick<Writing, 'count' | 'bytesPerSecond'> & { readonly signal: AbortSignal },
): Promise<void> {
  const pace = paceOf(bytesPerSecond, signal);
  let [fed, pieces] = [0, 0];
  for (const { ranges } of files) {
    for (const { start, end } of ranges) {
      while (bytesPerSecond !== undefined && count.ended < pieces && count.bytes + bytesPerSecond < fed) {
        await delay(betweenLooksMs, undefined, { signal });
      }
      await pace(end - start);
      lines.write(`${start} ${end - start}\n`);
      fed += end - start;
      pieces += 1;
    }
    lines.write('whole\n');
  }
  lines.end();
}
