// What a person does who reads in libvirtd's log that it waits for a job which nobody works at. Knows no operation.
import { watch } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Daemon } from '../engineRig.js';
import { endQemu } from './faultKinds.js';

/**
 * libvirt 9.0, killed while it starts a QEMU, may come up with that start as a job of the VM that no thread owns. Every
 * call on the VM then fails after 30 seconds, for good; libvirtd started once more is well again. Where it is not, it
 * has to forget what it had noted of the running VM, with that start: nine more starts were seen to change nothing, and
 * three without that QEMU. libvirt 12.8, killed in a revert, was seen to come up so with the job of a snapshot, its
 * QEMU gone and the VM "paused (starting up)".
 */
const stuck = /for domain (\S+); current job is \(none, none, (?:start|snapshot)\) owned by \(0 <null>, 0 <null>/gu;

export interface StuckWatch {
  /** Nobody starts it again just now. */
  settled(): Promise<void>;
  /** Rejects where the daemon did not come up again. */
  end(): Promise<void>;
}

export function restartWhenStuck(daemon: Daemon): StuckWatch {
  let seen = 0;
  const startedFor = new Set<string>();
  let restarting: Promise<void> | undefined;
  let failed: Error | undefined;
  const look = async (): Promise<void> => {
    const found = [...(await readFile(daemon.log, 'utf8')).matchAll(stuck)].map(([, vm = '']) => vm);
    const named = new Set(found.slice(seen));
    seen = found.length;
    if (named.size > 0) {
      process.stdout.write('          libvirtd waits for a job that nobody owns, and is started again\n');
      await daemon.killDaemon();
      for (const vm of named) {
        if (startedFor.has(vm)) {
          process.stdout.write(`          without the QEMU of ${vm}\n`);
          await endQemu(daemon, vm);
          const run = dirname(daemon.socket);
          for (const noted of [join(run, 'qemu', `${vm}.xml`), join(run, 'qemu/run', `${vm}.xml`)]) {
            await rm(noted, { force: true });
          }
        }
        startedFor.add(vm);
      }
      await daemon.startDaemon();
    }
  };
  const watcher = watch(daemon.log, () => {
    restarting ??= look()
      .catch((error: unknown) => {
        failed ??= error instanceof Error ? error : new Error('libvirtd did not come up again', { cause: error });
      })
      .finally(() => {
        restarting = undefined;
      });
  });
  return {
    settled: async () => restarting,
    end: async () => {
      watcher.close();
      await restarting;
      if (failed !== undefined) {
        throw failed;
      }
    },
  };
}
