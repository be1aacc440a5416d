// An image that a program of another has open while something is done.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** qemu-nbd has it open, and locks it, from before `act` until after it, whatever becomes of it. */
export async function whileHeld(file: string, access: 'reads' | 'writes', act: () => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-held-'));
  const words = ['--persistent', '--format', 'qcow2', '--socket', join(folder, 'socket'), file];
  const program = spawn('qemu-nbd', [...(access === 'reads' ? ['--read-only'] : []), ...words], { stdio: 'ignore' });
  const closed = once(program, 'close');
  try {
    await Promise.race([untilLocked(file), closed.then(() => Promise.reject(new Error('qemu-nbd ended')))]);
    await act();
  } finally {
    // It loses another signal that comes before its main loop.
    program.kill('SIGKILL');
    await closed;
    await rm(folder, { recursive: true });
  }
}

/** Its socket does not tell: qemu-nbd listens before it opens the image. */
async function untilLocked(file: string): Promise<void> {
  const { ino } = await stat(file);
  while (!(await readFile('/proc/locks', 'utf8')).includes(`:${String(ino)} `)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
