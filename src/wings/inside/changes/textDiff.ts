// A unified diff of two texts, by the program `diff`.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../../../base/findProgram.js';

interface DiffedText {
  readonly label: string;
  readonly bytes: Buffer;
}

/** Longer ones take `diff` minutes. */
export const longestDiffed = 4 * 1024 * 1024;
const mostOutput = 16 * 1024 * 1024;
const patienceMs = 60_000;

/** As `diff` and git take it. */
export function isText(bytes: Buffer): boolean {
  return !bytes.subarray(0, 8_000).includes(0);
}

/** Undefined where `diff` is not installed. */
export async function textDiff(
  before: DiffedText,
  after: DiffedText,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  const program = await findProgram('diff', environment);
  if (program === undefined) {
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  try {
    const files = [join(folder, 'before'), join(folder, 'after')] as const;
    await Promise.all([writeFile(files[0], before.bytes), writeFile(files[1], after.bytes)]);
    const args = ['-u', '-L', before.label, '-L', after.label, ...files];
    return await new Promise((resolve, reject) => {
      const options = { env: { ...environment, LC_ALL: 'C' }, maxBuffer: mostOutput, timeout: patienceMs, signal };
      execFile(program, args, options, (error, stdout) => {
        // 1: they differ.
        if (error === null || error.code === 1) {
          resolve(stdout);
        } else {
          reject(new Error(error.message, { cause: error }));
        }
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
