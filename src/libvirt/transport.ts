// The port that every way to a daemon implements: one function that gives a stream of bytes to and from it.
import type { Duplex } from 'node:stream';
import type { LoginOptions } from '../hosts/login.js';
import type { LibvirtUri } from './uri.js';

interface TransportOptions extends LoginOptions {
  readonly readOnly: boolean;
}

interface OpenedTransport {
  readonly stream: Duplex;
  /** True when this way leads to a read-only socket, asked for or not. */
  readonly readOnly: boolean;
}

/** Rejects with Unreachable, or with the signal's reason. */
export type OpenTransport = (uri: LibvirtUri, options: TransportOptions) => Promise<OpenedTransport>;
