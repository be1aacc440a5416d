// Runs child.ts as real processes.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { shellText } from '../../../scripts/shellText.mjs';

export interface Children {
  /** Ends with the test file at the latest. */
  readonly start: (...args: readonly string[]) => ChildProcess;
}

/** Call in a `describe`. */
export function children(): Children {
  let folder = '';
  const started: ChildProcess[] = [];
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'virt-rewind-child-'));
    await build({
      entryPoints: ['test/unit/journal/child.ts'],
      outfile: join(folder, 'child.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
      plugins: [shellText],
    });
  });
  after(async () => {
    await Promise.all(started.map(killed));
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    start: (...args) => {
      const child = fork(join(folder, 'child.mjs'), args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
      started.push(child);
      return child;
    },
  };
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

/** Fails when it ends before it says anything. */
export async function message(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('The child ended and said nothing'));
    child.once('exit', ended);
    child.once('message', (said) => {
      child.off('exit', ended);
      resolve(said);
    });
  });
}
