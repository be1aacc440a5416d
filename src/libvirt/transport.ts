// The port that every way to a daemon implements: one function that gives a stream of bytes to and from it.
import type { Duplex } from 'node:stream';
import type { Log } from '../base/log.js';
import type { LoginAnswers, LoginStage } from '../hosts/login.js';
import type { LibvirtUri } from './uri.js';

export interface TransportOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly readOnly: boolean;
  readonly log: Log;
  readonly signal?: AbortSignal | undefined;
  readonly answers: LoginAnswers;
  readonly onLogin: (stage: LoginStage) => void;
}

interface OpenedTransport {
  readonly stream: Duplex;
  /** True when this way leads to a read-only socket, asked for or not. */
  readonly readOnly: boolean;
}

/** Rejects with Unreachable, or with the signal's reason. */
export type OpenTransport = (uri: LibvirtUri, options: TransportOptions) => Promise<OpenedTransport>;
