// A VM that we made of another one: what it is called, what it stands beside, and how it is known again. Values only.
import type { Snapshot } from './snapshot.js';

/** What is chosen before it is made. */
export interface NewVm {
  /** 36 characters, lower case. */
  readonly uuid: string;
  readonly name: string;
}

/** At once. */
export const mostForks = 16;

/** `same`: those of the VM that it is made of, with addresses of its own. `unplugged`: all of its cables are out. */
export const cloneNetworks = ['same', 'unplugged'] as const;
export type CloneNetwork = (typeof cloneNetworks)[number];

/** `linked`: overlays on files that nobody changes. `full`: copies. */
export const cloneWays = ['linked', 'full'] as const;
export type CloneWay = (typeof cloneWays)[number];

/** Stands in the VM's own configuration, so that every editor knows it. */
export interface CloneMark {
  /** UUID of the VM that it was made of. */
  readonly of: string;
  /** The restore point. */
  readonly snapshot?: string;
  /** It goes when it is off. */
  readonly disposable?: true;
  /** The public SSH host key that its own seed gives the guest. */
  readonly hostKey?: string;
  /** What was made for it, and goes with it. */
  readonly files: readonly string[];
}

const safeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/u;

/** Its files are called after it, and libvirt makes file names of it too. */
export function isCloneName(name: string): boolean {
  return safeName.test(name);
}

/** `web-test-clone`, `web-test-clone-2`, … */
export function freeCloneName(
  vm: string,
  taken: ReadonlySet<string>,
  word: 'clone' | 'fork' | 'restored' = 'clone',
): string {
  const stem =
    vm
      .replace(/[^A-Za-z0-9._-]+/gu, '-')
      .replace(/^[._-]+/u, '')
      .slice(0, 60) || 'vm';
  for (let number = 1; ; number++) {
    const name = number === 1 ? `${stem}-${word}` : `${stem}-${word}-${number}`;
    if (!taken.has(name)) {
      return name;
    }
  }
}

/** A VM that we made, as it was then, and what can have been done with it since. Values only. */
export interface VmAsMade {
  readonly name: string;
  /** Paths of what was made for it: its disks, and what it starts with. */
  readonly files: readonly string[];
  /** A digest of its XML as it was then; absent: not known. */
  readonly definition?: string;
  readonly isOwn?: (snapshot: Snapshot) => boolean;
  /**
   * This process has started it just now: that it runs, and has written, is our doing. `lent`: it was made to be used
   * for a while, so that no operation of ours on it is a use either.
   */
  readonly started?: true | 'lent';
}

export type UseOfVm = 'power' | 'content' | 'definition' | 'snapshots' | 'history' | 'files';
