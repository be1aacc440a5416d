// A QEMU that is stopped in the middle of what it writes: the moment stays, however fast the disk is.
import { readFile } from 'node:fs/promises';

const mebibyte = 1024 ** 2;

/** Bytes that a process has written to whatever it has open. @param pid of QEMU */
async function written(pid: number): Promise<number> {
  return Number(/^wchar: (\d+)$/mu.exec(await readFile(`/proc/${pid}/io`, 'utf8'))![1]);
}

/**
 * Stops QEMU when it has written 16 MiB of what is begun here; the caller lets it go on (SIGCONT).
 * @param pid of QEMU
 * @param begin lets QEMU write; what it returns is not waited for
 */
export async function stopWhileWriting<T>(pid: number, begin: () => T): Promise<T> {
  const enough = (await written(pid)) + 16 * mebibyte;
  const begun = begin();
  while ((await written(pid)) < enough) {
    // It begins.
  }
  process.kill(pid, 'SIGSTOP');
  return begun;
}
