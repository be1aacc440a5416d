// What a fork needs of the host's files: the RAM of another VM under its own description.
import type { Log } from '../../base/log.js';
import { handoverPath } from '../../domain/ramHandover.js';
import { LibvirtError } from '../../libvirt/libvirtError.js';
import type { RamAccess } from '../files/ramForFork.js';
import type { ForkAccess } from '../run/stepContext.js';

/** How often libvirt reads what stands before the RAM: once on 9.0, twice on 12.8. 11.3 takes no pipe. */
const timesRead = [1, 2] as const;

export function forkAccess(ram: RamAccess, log: Log): ForkAccess {
  return {
    withRam: async ({ file, uuid, describe }, use) => {
      const saved = await ram.readHead(file);
      const path = handoverPath(file, uuid);
      const handed = { from: file, ramAt: saved.ramAt, path, head: saved.with(describe(saved.xml)) };
      const take = (): Promise<void> => use(path);
      for (const heads of timesRead) {
        try {
          await ram.throughPipe({ ...handed, heads }, take);
          return;
        } catch (error) {
          // libvirt looked at what stands before the RAM, and had not begun.
          if (!(error instanceof LibvirtError)) {
            throw error;
          }
          log.info(`the RAM is handed over in another way: ${error.message}`);
        }
      }
      return ram.throughCopy(handed, take);
    },
  };
}
