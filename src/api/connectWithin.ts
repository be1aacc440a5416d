// The library over what an editor has open: its connections, its journal, its locks, its settings as they are at each
// call.
import { t } from '@vscode/l10n';
import type { Log } from '../base/log.js';
import type { Engine } from '../engine/engine.js';
import type { Settings } from '../manifest/settings.js';
import type { Readers } from '../session/readers.js';
import { Session } from '../session/session.js';
import type { Systems } from '../systems/systems.js';
import type { VirtRewind } from './publicApi.js';
import { LibrarySession } from './librarySession.js';
import { createLibrary } from './createLibrary.js';

export interface EditorContext {
  readonly engine: Engine;
  readonly settings: () => Settings;
  /** The folder of the journal. */
  readonly folder: string;
  readonly systems: () => Promise<Systems>;
  readonly readers: Readers;
  readonly log: Log;
  /** Its name. */
  readonly shell: string;
  /** Whether its user trusts what is in the workspace: what is in it may steer other extensions. */
  readonly isTrusted: () => boolean;
  /** Aborted when the editor is done with all this. */
  readonly over: AbortSignal;
}

/** What follows an operation by itself the editor brings to its end, so that closing waits for nothing. */
export function connectWithin({
  engine,
  settings,
  folder,
  systems,
  readers,
  log,
  shell,
  isTrusted,
  over,
}: EditorContext): VirtRewind {
  const own = new AbortController();
  const options = { systems, log, shell, environment: process.env };
  const librarySession = new LibrarySession({
    session: () => Session.within(engine, settings(), folder, options),
    readers,
    log,
    shell,
    over: AbortSignal.any([own.signal, over]),
    hindrance: () =>
      isTrusted()
        ? undefined
        : t('Other extensions can view VMs but not change them while the workspace is not trusted.'),
  });
  return createLibrary(librarySession, () => {
    own.abort();
    return Promise.resolve();
  });
}
