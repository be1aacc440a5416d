// One visit of the library to the VMs: each call has the session as it is now, and whatever goes wrong becomes an error
// with a kind and a sentence.
import { t } from '@vscode/l10n';
import type { Log } from '../base/log.js';
import type { Readers } from '../session/readers.js';
import type { Session } from '../session/session.js';
import { asError } from './asError.js';
import { VirtRewindError } from './virtRewindError.js';

interface LibrarySessionOptions {
  /** With the settings as they are now: what a person protects is protected from the next call on. */
  readonly session: () => Session;
  readonly readers: Readers;
  readonly log: Log;
  /** What others are told of who carries out an operation. */
  readonly shell: string;
  /** Aborted when the visit is over. */
  readonly over: AbortSignal;
  /** Why nothing may be changed now, as a sentence; undefined where it may. */
  readonly hindrance?: () => string | undefined;
}

export class LibrarySession {
  readonly readers: Readers;
  readonly log: Log;
  readonly shell: string;
  readonly #options: LibrarySessionOptions;

  constructor(options: LibrarySessionOptions) {
    this.#options = options;
    this.readers = options.readers;
    this.log = options.log;
    this.shell = options.shell;
  }

  /** What changes nothing. @throws VirtRewindError */
  look<T>(call: (session: Session) => Promise<T>): Promise<T> {
    return asError(async () => {
      if (this.#options.over.aborted) {
        throw new VirtRewindError('closed', t('This session is closed, so nothing was changed. Connect again.'));
      }
      return call(this.#options.session());
    });
  }

  /** @throws VirtRewindError */
  act<T>(call: (session: Session) => Promise<T>): Promise<T> {
    return this.look((session) => {
      const why = this.#options.hindrance?.();
      if (why !== undefined) {
        throw new VirtRewindError('refused', why);
      }
      return call(session);
    });
  }

  /** The signal of a call: it ends with the session, too. */
  signal(given: AbortSignal | undefined): AbortSignal {
    const { over } = this.#options;
    return given === undefined ? over : AbortSignal.any([given, over]);
  }
}
