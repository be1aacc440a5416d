// A login to the host of a daemon, as the connection to it has one.
import type { Duplex, Readable, Writable } from 'node:stream';
import type { SshHost } from './sshCommand.js';

export interface ShellStream extends Duplex {
  /** What programs there say on their standard error, among words of the login's own. */
  readonly errors: Readable;
  /** What programs there read, with a descriptor that a program here may write to. */
  readonly input: Writable;
  /** Ends what it is at, with all that this has started. Absent: that ends by itself. */
  readonly endAll?: () => void;
}

/** What a login is taken for. */
export type LoginUse = 'toRead' | 'toChange';

export interface HostLogin {
  /** To `sh` there, which reads commands; what the login itself prints is before it. */
  readonly openShell: () => Promise<ShellStream>;
  /** The name that the daemon's host gives itself: a login may lead elsewhere. */
  readonly hostname: string;
  /** What ssh is told of it, for who leads further from there. */
  readonly sshHost?: () => Promise<SshHost>;
}
