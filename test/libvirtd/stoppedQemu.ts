// A QEMU that is stopped in the middle of what it writes: the moment stays, however fast the disk is.
import { readFileSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import { runOk } from '../../scripts/rig/run.mjs';
import type { Daemon } from './engineRig.js';

const mebibyte = 1024 ** 2;

/** Bytes that a process has written to whatever it has open. @param pid of QEMU */
function written(pid: number): number {
  return Number(/^wchar: (\d+)$/mu.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))![1]);
}

/**
 * Stops QEMU when it has written 16 MiB of what is begun here; the caller lets it go on (SIGCONT).
 * @param pid of QEMU
 * @param begin lets QEMU write; what it returns is not waited for
 */
export async function stopWhileWriting<T>(pid: number, begin: () => T): Promise<T> {
  const enough = written(pid) + 16 * mebibyte;
  const begun = begin();
  while (written(pid) < enough) {
    await setImmediate();
  }
  process.kill(pid, 'SIGSTOP');
  return begun;
}

/**
 * From now on libvirt notes what it says to its QEMUs.
 * @param name of the notes, which begin empty
 * @returns resolves as soon as one has been sent this command
 */
export async function noteMonitors(daemon: Daemon, name: string): Promise<(command: string) => Promise<void>> {
  const folder = dirname(daemon.socket);
  const uri = `libvirtd:///${process.getuid?.() === 0 ? 'system' : 'session'}?socket=${join(folder, 'libvirt-admin-sock')}`;
  const notes = join(daemon.dir, `monitors.${name}.log`);
  for (const words of [
    ['daemon-log-filters', '2:qemu.qemu_monitor'],
    ['daemon-log-outputs', `3:stderr 2:file:${notes}`],
  ]) {
    await runOk('virt-admin', ['-c', uri, ...words], { env: daemon.env });
  }
  return (command) =>
    new Promise((resolve) => {
      const sent = new RegExp(`QEMU_MONITOR_IO_WRITE: .*"execute":"${command}"`, 'u');
      const look = (): void => {
        if (sent.test(readFileSync(notes, 'utf8'))) {
          watcher.close();
          resolve();
        }
      };
      const watcher = watch(notes, look);
      look();
    });
}

/**
 * Lets a stopped QEMU go on, in steps of a mebibyte that it writes, until this has happened: what libvirt has to say to
 * it is said in between, however busy the machine is. One that is stopped does not take a second command before it has
 * answered the first.
 * @param pid of QEMU
 */
export async function goOnSlowly(pid: number, until: Promise<unknown>): Promise<void> {
  const happened = new AbortController();
  void until.then(() => {
    happened.abort();
  });
  while (!happened.signal.aborted) {
    const enough = written(pid) + mebibyte;
    process.kill(pid, 'SIGCONT');
    for (let looks = 0; looks < 50 && written(pid) < enough; looks++) {
      // It writes, or has nothing to write yet.
    }
    process.kill(pid, 'SIGSTOP');
    // This is no wait for anything: libvirt has the processor meanwhile.
    await wait(20);
  }
  process.kill(pid, 'SIGCONT');
}
