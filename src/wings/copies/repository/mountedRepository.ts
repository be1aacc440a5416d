// A repository as a folder, by `restic mount`: for who reads a part of a backup. It ends with the work.
import { spawn } from 'node:child_process';
import { lstat, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { undefinedIfAbsent } from '../../../base/errno.js';
import { findProgram } from '../../../base/findProgram.js';
import { withEitherSignal } from '../../../base/withEitherSignal.js';
import { copiesFailure } from '../copiesFailure.js';
import script from './mountedRepository.sh';
import { type Restic } from './restic.js';
import { saidByRestic } from './resticFailure.js';

const mounted = 'repository';

interface MountWish {
  /** On this computer. */
  readonly open: (signal: AbortSignal) => Promise<Restic>;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/**
 * @param work gets a folder with a folder for each snapshot of restic's, by its ID; each of these has the files under
 *   their whole paths. Only this user reads it.
 * @throws Failure `noMount`, `staysMounted`; Failure of restic
 */
export async function withMounted<T>(
  { open, environment, signal }: MountWish,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  const folder = await mkdtemp(join(tmpdir(), 'virt-rewind-'));
  const place = join(folder, mounted);
  await mkdir(place, { mode: 0o700 });
  const unmount = await guardMount(folder, environment);
  return withEitherSignal([signal, end.signal], async (either) => {
    let running: Promise<never> | undefined;
    try {
      const restic = await open(either);
      await new Promise<void>((resolve, reject) => {
        const onLine = (line: string): void => {
          if (line.startsWith('Now serving the repository')) {
            resolve();
          }
        };
        running = mount(restic, folder, onLine);
        running.catch(reject);
      });
      return await work(place);
    } finally {
      // Before restic ends: what it could not take away would stay without it. Whether it is away, the folder tells.
      await unmount();
      end.abort();
      // It was told to end.
      await running?.catch(() => undefined);
      await requireAway(folder);
    }
  });
}

/** Until it ends. */
async function mount(restic: Restic, folder: string, onLine: (line: string) => void): Promise<never> {
  try {
    await restic.run(['mount', '--path-template=%I', join(folder, mounted)], { folder, onLine });
  } catch (error) {
    const said = saidByRestic(error, 'failed');
    throw said === undefined ? error : copiesFailure('noMount', { said });
  }
  throw copiesFailure('noMount', { said: '' });
}

/**
 * A shell that waits for the end of this process, too, and takes away what is mounted. restic leaves it where nobody is
 * there to read its last words.
 */
async function guardMount(folder: string, environment: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const program = (await findProgram('fusermount3', environment)) ?? (await findProgram('fusermount', environment));
  const shell = spawn('/bin/sh', ['-c', script, 'sh', program ?? 'fusermount3', folder, mounted], {
    env: environment,
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    shell.once('error', () => resolve());
    shell.once('close', () => resolve());
  });
  return () => {
    shell.stdin.end();
    return ended;
  };
}

/** @throws Failure `staysMounted` */
async function requireAway(folder: string): Promise<void> {
  if ((await undefinedIfAbsent(lstat(folder))) !== undefined) {
    throw copiesFailure('staysMounted', { folder: join(folder, mounted) });
  }
}
