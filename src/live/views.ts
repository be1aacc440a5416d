// What readers of the store see: readonly values, replaced as a whole when something in them changed.
import type { Capabilities } from '../domain/capabilities.js';
import { Failure } from '../domain/failure.js';
import type { Progress, VmTurn } from '../domain/operation.js';
import type { VmLayers } from '../domain/layers.js';
import type { AutoSnapshot } from '../domain/facts.js';
import type { SnapshotTree } from '../domain/snapshot.js';
import { outsideTrash } from '../domain/snapshotTree.js';
import type { Vm, VmRef } from '../domain/vm.js';
import type { WantedConnection } from '../domain/wantedConnection.js';

/**
 * | state      | meaning                                                              |
 * |------------|----------------------------------------------------------------------|
 * | idle       | known, never connected, or nobody looks                               |
 * | connecting | an attempt is under way                                               |
 * | connected  | live                                                                  |
 * | failed     | the last attempt or the connection ended with `failure`; `retryAt` says when it is tried again, if it is |
 */
type ConnectionState = 'idle' | 'connecting' | 'connected' | 'failed';

export interface ConnectionView extends WantedConnection {
  readonly state: ConnectionState;
  readonly capabilities?: Capabilities;
  readonly failure?: Failure;
  /** In ticks of the engine's clock: when it was, or will be, tried again for the first time since this failure. */
  readonly retryAt?: number;
  /** Milliseconds since 1970: the next attempt, where that is a while away. */
  readonly nextTryAt?: number;
  /**
   * Milliseconds since 1970: when it was heard last. Only while nothing is heard of it: it ended, or says nothing
   * although it is asked. What is known of its VMs is of then.
   */
  readonly lastSeenAt?: number;
  /** By name. Empty until they have been read; kept while a lost connection is tried again. */
  readonly vms: readonly VmView[];
  /** The VMs have been read at least once. */
  readonly loaded: boolean;
}

export interface VmView {
  readonly ref: VmRef;
  readonly vm: Vm;
  readonly snapshotCount?: number;
  /** Absent until somebody looked into this VM. */
  readonly tree?: SnapshotTree;
  /** What its disks are made of, as it was read last: by a sweep, or while somebody looks. */
  readonly layers?: VmLayers;
  /** The last read of this VM failed. */
  readonly failure?: Failure;
  readonly operation?: RunningOperation;
  /** Snapshots of the VM while it was paused, by `identityOf`, that were there when it was last seen running. */
  readonly olderThanLastRun?: readonly string[];
  /**
   * Title of the snapshot with RAM in a file, there still or not, since which the VM has stood still, as far as it was
   * seen.
   */
  readonly standsSince?: string;
  /** What the last revert left, while our own record vouches for it. */
  readonly undo?: AutoSnapshot;
  /** Names of the snapshots that we took unasked, as our own records vouch; absent for none. */
  readonly auto?: readonly string[];
  /** Names of the snapshots that somebody wants to keep, as our own marks have it; absent for none. */
  readonly kept?: readonly string[];
  /** Until when somebody wants to keep some: milliseconds since 1970, also past; absent for none. */
  readonly keptUntil?: readonly { readonly name: string; readonly until: number }[];
  /** Name of the snapshot that somebody goes back to most; it is one of `kept`. */
  readonly favourite?: string;
  /** What is in the trash, and until when (milliseconds since 1970); absent for nothing. */
  readonly trash?: readonly { readonly name: string; readonly until: number }[];
  /** An operation that had broken off is being brought to its end. */
  readonly recovering?: boolean;
}

export interface RunningOperation {
  readonly request: VmTurn;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly progress: Progress;
  /** It is an undo, or a redo, and called so. */
  readonly does?: 'undo' | 'redo';
}

export interface StoreChange {
  /** What changed below: a connection, one VM of it, or, with neither, the list of connections. */
  readonly connection?: string;
  readonly vm?: VmRef;
}

/** What somebody looks at. Only that is polled; with `visible` false nothing is. */
export interface Attention {
  readonly visible: boolean;
  /** URIs of connections whose VMs are shown. */
  readonly connections: ReadonlySet<string>;
  /** VMs whose snapshots are shown, as `vmKey`. */
  readonly vms: ReadonlySet<string>;
  /** For what libvirt tells by itself alone: nothing is polled. */
  readonly silent?: true;
}

/** Nobody has asked for it yet, and it waits for that. */
export function isResting({ state, onDemand }: ConnectionView): boolean {
  return onDemand === true && state === 'idle';
}

/** Those that "all" means: a connection that waits to be asked for is left alone, unless there is no other. */
export function withoutResting(views: readonly ConnectionView[]): readonly ConnectionView[] {
  const awake = views.filter((view) => !isResting(view));
  return awake.length > 0 ? awake : views;
}

/** Why nothing can be asked of a connection now; undefined: it can. */
export function unreachableFailure({ uri, state, failure, lastSeenAt }: ConnectionView): Failure | undefined {
  if (state === 'failed') {
    return failure;
  }
  return state === 'connected' && lastSeenAt !== undefined
    ? new Failure('lost', { connection: uri, silent: true })
    : undefined;
}

/** Without those in the trash, where they are known; undefined: nobody has counted. */
export function countSnapshots({ tree, snapshotCount, trash = [] }: VmView): number | undefined {
  if (tree !== undefined) {
    const names = trash.map(({ name }) => name);
    return outsideTrash(tree, names).length;
  }
  return snapshotCount === undefined ? undefined : snapshotCount - trash.length;
}

export function vmKey(ref: VmRef): string {
  return `${ref.connection}#${ref.uuid}`;
}
