// Programs of this computer that are started beside the editor. Never through a shell.
import { spawn } from 'node:child_process';

/** Resolves when it runs; it stays when the editor ends. */
export function startBeside(program: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: 'ignore' });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
