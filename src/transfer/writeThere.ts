// Writes files of another host, which its programs read, to a shell that takes them.
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isOfWing } from '../domain/failure.js';
import { displayLine } from '../domain/plainText.js';
import { MarkedStream } from '../hosts/markedStream.js';
import type { DataRange } from '../qemu/dataRanges.js';
import { transferFailure } from './transferFailure.js';
import { type CopyShell, openCopyShell } from './copyShell.js';
import type { DdCount } from './ddCount.js';
import type { Originals } from './originals.js';
import { type Pace, paceOf } from './pace.js';

export interface Writing {
  /** The input of the shell. */
  readonly input: Writable;
  readonly stop: AbortSignal;
  /** It hears what `dd` says. */
  readonly count: DdCount;
  readonly bytesPerSecond: number | undefined;
}

/** The most words that `dd` may write before a failure. */
const mostWords = 64 * 1024;

interface WrittenFile {
  readonly from: string;
  readonly ranges: readonly DataRange[];
}

/** @param mark a line behind the data of each file. @param whole how much data that is. @throws Failure */
export async function writeThere(
  { host: { login }, name }: Originals,
  files: readonly WrittenFile[],
  mark: string,
  { input, stop, count, bytesPerSecond, whole }: Writing & { readonly whole: number },
): Promise<void> {
  let shell: CopyShell | undefined;
  try {
    if (login === undefined) {
      throw new Error('no login leads there');
    }
    shell = await openCopyShell(login, stop);
    if (shell.host !== name) {
      throw new Error('the login leads to another host');
    }
    const stream = shell.become(puttingCommands(files, mark));
    const ended = new MarkedStream(stream.errors, mark, mostWords).next({
      onPart: (part) => count.hear(part.toString('utf8')),
    });
    // Where the other one has failed, nobody waits for it.
    ended.catch(() => undefined);
    const most = whole + files.length * (mark.length + 1);
    await pipeline(stream, (parts: AsyncIterable<Buffer>) => atMost(parts, most, paceOf(bytesPerSecond, stop)), input, {
      end: false,
    });
    const { rest: code } = await ended;
    if (code !== '0') {
      throw new Error(count.said.trim() || `exit code ${code}`);
    }
  } catch (error) {
    throw isOfWing(error, 'transfer')
      ? error
      : transferFailure('copyCut', { said: displayLine((error as Error).message, 1_000) });
  } finally {
    shell?.close();
  }
}

/** A shell that takes the data would take more of it for commands. */
async function* atMost(parts: AsyncIterable<Buffer>, most: number, pace: Pace): AsyncGenerator<Buffer> {
  let left = most;
  for await (const part of parts) {
    left -= part.length;
    if (left < 0) {
      throw new Error('the host sends more than it was asked for');
    }
    await pace(part.length);
    yield part;
  }
}

function puttingCommands(files: readonly WrittenFile[], mark: string): readonly (readonly string[])[] {
  return [
    ['begin_putting', mark],
    ...files.flatMap(({ from, ranges }) => [
      ...ranges.map(({ start, end }) => ['put', from, String(start), String(end - start)]),
      ['echo', mark],
    ]),
  ];
}
