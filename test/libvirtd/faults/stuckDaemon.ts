// What a person does who reads in libvirtd's log that it waits for a job which nobody works at. Knows no operation.
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Daemon } from '../inventoryRig.js';

/**
 * libvirt 9.0, killed while it starts a QEMU, may come up with that start as a job of the VM that no thread owns. Every call on
 * the VM then fails after 30 seconds, for good; libvirtd started once more is well again.
 */
const stuck = /current job is \(none, none, start\) owned by \(0 <null>, 0 <null>/gu;

/** @returns what ends the watching; rejects where the daemon did not come up again */
export function restartWhenStuck(daemon: Daemon): () => Promise<void> {
  let seen = 0;
  let restarting: Promise<void> | undefined;
  let failed: Error | undefined;
  const look = async (): Promise<void> => {
    const found = (await readFile(daemon.log, 'utf8')).match(stuck)?.length ?? 0;
    const isNew = found > seen;
    seen = found;
    if (isNew) {
      process.stdout.write('          libvirtd waits for a start that nobody owns, and is started again\n');
      await daemon.killDaemon();
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
  return async () => {
    watcher.close();
    await restarting;
    if (failed !== undefined) {
      throw failed;
    }
  };
}
