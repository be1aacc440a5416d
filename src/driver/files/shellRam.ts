// RAM of one VM under the description of another, on a host that is logged in to: it goes from its file to libvirt
// there, and not over here.
import type { FailureDetails } from '../../domain/failure.js';
import { identityOf } from '../../domain/hostFiles.js';
import type { FileSystem } from '../../base/fileSystem.js';
import { undefinedIfAbsent } from '../../base/errno.js';
import { fileFailure } from '../../qemu/fileFailure.js';
import type { HostShell, ShellAnswer } from '../../hosts/hostShell.js';
import { type RamAccess, readSavedHead } from './ramForFork.js';
import { errnoError, shellFileSystem } from './shellFileSystem.js';

/** It was ended by us, SIGTERM or SIGKILL, or because nobody reads any more, SIGPIPE. */
const ofUs: ReadonlySet<number> = new Set([128 + 15, 128 + 9, 128 + 13]);

/** @param withShell has one that nobody else asks meanwhile */
export function shellRam(withShell: <T>(use: (shell: HostShell) => Promise<T>) => Promise<T>): RamAccess {
  const act = <T>(use: (shell: HostShell, files: FileSystem) => Promise<T>): Promise<T> =>
    withShell((shell) =>
      use(
        shell,
        shellFileSystem((words) => shell.ask(...words), shell),
      ),
    );
  return {
    readHead: (file) => act((_, files) => readSavedHead(file, files)),
    throughPipe: ({ from, ramAt, path, head, heads }, use) =>
      act(async (shell, files) => {
        const details = { doing: 'handing RAM over', path };
        requireEnd(await shell.ask('mkfifo', '-m', '600', '--', path), details);
        const made = await files.numbers(path);
        const over = new AbortController();
        let tellOpen: (answer: undefined) => void = () => undefined;
        const opened = new Promise<undefined>((resolve) => (tellOpen = resolve));
        const words = ['hand', path, from, String(ramAt), String(heads), head.toString('base64')];
        const writing = shell.watch(words, over.signal, () => tellOpen(undefined));
        // Heard at once: it may fail while nobody waits for it yet.
        writing.catch(() => undefined);
        try {
          requireEnd(await Promise.race([opened, writing]), { ...details, path: from });
          await use();
        } catch (error) {
          // That nobody reads to the end comes of what failed; all else is what it comes of.
          over.abort();
          const ended = await writing;
          requireEnd(ofUs.has(ended.code) ? undefined : ended, { ...details, path: from });
          throw error;
        } finally {
          over.abort();
          await writing;
          await removeMade(files, path, identityOf(made));
        }
      }),
    throughCopy: ({ from, ramAt, path, head }, use) =>
      act(async (shell, files) => {
        const details = { doing: 'handing RAM over', path };
        const held = await files.create(path).catch((error: unknown) => {
          throw fileFailure(error, details);
        });
        try {
          const words = ['copy_ram', held.path, from, String(ramAt), head.toString('base64')];
          requireEnd(await shell.watch(words, new AbortController().signal, () => undefined), details);
          await use();
        } finally {
          await held.close();
          await removeMade(files, path, identityOf(await held.numbers()));
        }
      }),
  };
}

function requireEnd(answer: ShellAnswer | undefined, details: FailureDetails): void {
  if (answer !== undefined && answer.code !== 0) {
    throw fileFailure(errnoError(answer.said), details);
  }
}

async function removeMade(files: FileSystem, path: string, identity: string): Promise<void> {
  const now = await undefinedIfAbsent(files.numbers(path));
  if (now !== undefined && identityOf(now) === identity) {
    await files.unlink(path);
  }
}
