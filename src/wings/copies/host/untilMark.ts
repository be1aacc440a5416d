// The end of what a program on another host says: a line with a mark.
import type { Readable } from 'node:stream';

/** What comes before the line with the mark goes to `onPart`. @returns what stands in that line behind it */
export function untilMark(stream: Readable, mark: string, onPart: (part: Buffer) => void): Promise<string> {
  const line = Buffer.from(`\n${mark} `);
  return new Promise((resolve, reject) => {
    let kept: Buffer = Buffer.alloc(0);
    const fail = (error: Error): void => leave(() => reject(error));
    // A socket that closes says whether it failed, and no error.
    const end = (): void => fail(new Error('the connection to the host ended'));
    const hear = (chunk: Buffer | string): void => {
      kept = Buffer.concat([kept, Buffer.from(chunk as Buffer)]);
      const at = kept.indexOf(line);
      const until = at < 0 ? -1 : kept.indexOf('\n', at + line.length);
      const whole = at < 0 ? Math.max(0, kept.length - line.length) : at;
      if (whole > 0) {
        onPart(kept.subarray(0, whole));
        kept = kept.subarray(whole);
      }
      if (until >= 0) {
        const rest = kept.toString('utf8', line.length, until - whole);
        leave(() => resolve(rest));
      }
    };
    const leave = (settle: () => void): void => {
      stream.off('data', hear).off('error', fail).off('close', end).off('end', end);
      settle();
    };
    stream.on('data', hear).on('error', fail).on('close', end).on('end', end);
    if (stream.destroyed || stream.readableEnded) {
      end();
    }
  });
}
