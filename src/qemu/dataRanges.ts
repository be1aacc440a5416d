// Where a file has data, whatever its format is. All else of it are holes, which read as zeros.
import { ImageCommand } from './imageCommands.js';
import { JudgedChain } from './judgedChain.js';
import type { ImageHost } from './qemuImg.js';

export interface DataRange {
  readonly start: number;
  readonly end: number;
}

/** @throws Failure where qemu-img is not installed or cannot tell */
export async function dataRanges(path: string, { files, qemuImg }: ImageHost): Promise<readonly DataRange[]> {
  const details = { doing: 'looking where an image has holes', path };
  const said = await JudgedChain.within({ file: path, format: 'raw' }, files, (file) =>
    qemuImg.run(ImageCommand.map(file), details),
  );
  const told: unknown = JSON.parse(said);
  return (Array.isArray(told) ? (told as readonly unknown[]) : []).flatMap((entry) => {
    const { start, length, data } = entry as Readonly<Record<string, unknown>>;
    return data === true && typeof start === 'number' && typeof length === 'number'
      ? [{ start, end: start + length }]
      : [];
  });
}
