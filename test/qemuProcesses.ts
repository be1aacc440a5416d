// Where the QEMUs of a private daemon are. Unix alone.
import { readdir, readFile } from 'node:fs/promises';

/** Those of this daemon's VM: its name alone could be another daemon's. */
export async function qemuProcesses({ dir }: { readonly dir: string }, name: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc')) {
    if (/^\d+$/u.test(entry)) {
      const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
      if (command.includes(`guest=${name},`) && command.includes(dir)) {
        found.push(Number(entry));
      }
    }
  }
  return found;
}
