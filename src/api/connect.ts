// The library: one visit to the VMs, as promises.
import type { Log } from '../base/log.js';
import type { Readers } from '../session/readers.js';
import { Session } from '../session/session.js';
import { asError } from './asError.js';
import type { ConnectOptions, VirtRewind } from './publicApi.js';
import { LibrarySession } from './librarySession.js';
import { createLibrary } from './createLibrary.js';

const shell = 'virt-rewind (library)';

export async function connectTo(options: string | ConnectOptions, readers: Readers): Promise<VirtRewind> {
  const { uri, log } = typeof options === 'string' ? { uri: options, log: undefined } : options;
  const session = await asError(() =>
    Session.open({
      ...(uri !== undefined && { connections: [uri] }),
      environment: process.env,
      log: logTo(log),
      shell,
    }),
  );
  const over = new AbortController();
  return createLibrary(
    new LibrarySession({ session: () => session, readers, log: logTo(log), shell, over: over.signal }),
    async () => {
      await session.close();
      over.abort();
    },
  );
}

function logTo(log: ConnectOptions['log']): Log {
  return {
    trace: (line) => log?.('trace', line),
    debug: (line) => log?.('debug', line),
    info: (line) => log?.('info', line),
    warn: (line) => log?.('warn', line),
    error: (line) => log?.('error', line),
  };
}
