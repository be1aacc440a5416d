// A login to the host of a daemon, as the connection to it has one.
import type { Duplex } from 'node:stream';

export interface HostLogin {
  /** To `sh` there, which reads commands; what the login itself prints is before it. */
  readonly openShell: () => Promise<Duplex>;
  /** Whether the daemon is on the host of this name: a login may lead elsewhere. */
  readonly isHost: (name: string) => boolean;
}
