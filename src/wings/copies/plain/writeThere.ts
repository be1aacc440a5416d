// Writes files of another host, which its programs read, to a shell that takes them.
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { shellWord } from '../../../base/shellWord.js';
import { displayLine } from '../../../domain/plainText.js';
import type { DataRange } from '../../../qemu/dataRanges.js';
import { CopiesFault } from '../copiesFault.js';
import { giveDiskWay } from '../host/lowPriority.js';
import { untilMark } from '../host/untilMark.js';
import type { DdCount } from './ddCount.js';
import type { Originals } from './originals.js';

export interface Writing {
  /** Of the shell. */
  readonly input: Writable;
  readonly stop: AbortSignal;
  /** It hears what `dd` says. */
  readonly count: DdCount;
}

interface WrittenFile {
  readonly from: string;
  readonly ranges: readonly DataRange[];
}

/** @param mark a line behind the data of each file. @param whole how much data that is. @throws CopiesFault */
export async function writeThere(
  { host: { login }, name }: Originals,
  files: readonly WrittenFile[],
  mark: string,
  { input, stop, count, whole }: Writing & { readonly whole: number },
): Promise<void> {
  const stream = await login?.openShell();
  const end = (): void => void stream?.destroy();
  stop.addEventListener('abort', end);
  try {
    stop.throwIfAborted();
    if (stream === undefined) {
      throw new Error('no login leads there');
    }
    const ended = untilMark(stream.errors, mark, (part) => count.hear(part.toString('utf8')));
    // Where the other one has failed, nobody waits for it.
    ended.catch(() => undefined);
    stream.write(writingScript(name, files, mark));
    const most = whole + files.length * (mark.length + 1);
    await pipeline(stream, (parts: AsyncIterable<Buffer>) => atMost(parts, most), input, { end: false });
    const code = await ended;
    if (code !== '0') {
      throw new Error(count.said.trim() || `exit code ${code}`);
    }
  } catch (error) {
    throw new CopiesFault({ kind: 'copyCut', said: displayLine((error as Error).message, 1_000) });
  } finally {
    stop.removeEventListener('abort', end);
    end();
  }
}

/** A shell that takes the data would take more of it for commands. */
async function* atMost(parts: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let left = most;
  for await (const part of parts) {
    left -= part.length;
    if (left < 0) {
      throw new Error('the host sends more than it was asked for');
    }
    yield part;
  }
}

/** Its output is the data alone; how far it is, and last how it ended, are errors. */
function writingScript(name: string, files: readonly WrittenFile[], mark: string): string {
  const puts = files.flatMap(({ from, ranges }) => [
    `file=${shellWord(from)}`,
    ...ranges.map(({ start, end }) => `put ${start} ${end - start}`),
    `echo ${mark}`,
  ]);
  return `{
${giveDiskWay}
export LC_ALL=C
(
[ "$(uname -n)" = ${shellWord(name)} ] || { echo 'the login leads to another host' >&2; exit 1; }
put() { dd if="$file" bs=256k iflag=skip_bytes,count_bytes status=progress skip="$1" count="$2" || exit; }
${puts.join('\n')}
) </dev/null
printf '\\n%s %s\\n' ${mark} "$?" >&2
exit
}
`;
}
