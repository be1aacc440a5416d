// Where ssh finds VMs by their names, it is told where this version of the command line stands.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AtStart } from '../../wing.js';

export const keepNames: AtStart = ({ journal, log }) => {
  if (existsSync(join(journal, 'ssh', 'config'))) {
    import('./connectSsh.js')
      .then(({ refreshNames }) => refreshNames({ folder: journal, log }))
      .catch((error: unknown) => log.error(String(error)));
  }
  return { dispose: () => undefined };
};
