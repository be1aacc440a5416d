// Whether a hypervisor's files are this machine's, and the port where they are not.
import { hostname } from 'node:os';
import { Failure } from '../../domain/failure.js';
import type { CannotAct, HostFiles } from '../../domain/hostFiles.js';

/** What a connection tells of where its daemon runs. */
interface DaemonLocation {
  /**
   * The transport of the URI: only a Unix socket is certain to lead to a daemon on the same kernel, if nobody forwards
   * it.
   */
  readonly transport: string;
  /** As the daemon says: with or without its domain. */
  readonly hostname: string;
}

/** A forwarded socket and a container betray themselves by another host's name. */
export function isThisHost({ transport, hostname: theirs }: DaemonLocation, ours = hostname()): boolean {
  const [mine = '', other = ''] = [ours, theirs].map((name) => name.toLowerCase().split('.')[0]);
  return transport === 'unix' && mine !== '' && mine === other;
}

const otherHost: CannotAct = { why: 'otherHost' };

/** Sees nothing and does nothing: so that it is said why. */
export const filesElsewhere: HostFiles = {
  file: () => Promise.resolve('unknown'),
  image: () => Promise.resolve('unknown'),
  identity: () => Promise.resolve(undefined),
  sum: () => Promise.resolve(undefined),
  hostKeyOf: () => Promise.resolve(undefined),
  list: () => Promise.resolve('unseen'),
  space: () => Promise.resolve(undefined),
  hostUses: () => Promise.resolve(undefined),
  imageLocks: () => Promise.resolve(undefined),
  canAct: () => Promise.resolve(otherHost),
  canChange: () => Promise.resolve(otherHost),
  commit: ({ base }) => refuse(base),
  createOverlay: ({ file }) => refuse(file),
  copyImage: ({ file }) => refuse(file),
  copy: (_, to) => refuse(to),
  writeSeed: ({ to }) => refuse(to),
  makeFolders: (_, folder) => refuse(folder),
  repair: (path) => refuse(path),
  rebase: ({ file }) => refuse(file),
  resize: (file) => refuse(file),
  removeTag: (file) => refuse(file),
  remove: (path) => refuse(path),
  trash: (path) => refuse(path),
};

function refuse(path: string): Promise<never> {
  return Promise.reject(new Failure('unsupported', { path, libvirtMessage: 'the file is on another host' }));
}
