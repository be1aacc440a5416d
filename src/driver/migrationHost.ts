// One of the two hosts between which a running VM moves: the port. The leader asks each host for its part, in turn, and
// passes the answer of one to the other. So neither host needs access to the other, and if the leader dies, the source
// continues unchanged.
import type { Disposable } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import type { Progress } from '../domain/operation.js';

/** What one host tells the other; nobody between them reads it. */
type MigrationCookie = Uint8Array;

export interface MigratedVm {
  readonly uuid: string;
  readonly name: string;
}

export interface MigrationWish {
  /** Its disks were seen to be the same files at both hosts, and no cache keeps what is written. */
  readonly sharedDisks: boolean;
  /** Where the other host's QEMU is reached, as `tcp://192.0.2.7`; absent: by the name that the other host has. */
  readonly address?: string;
  /** Disks whose top QEMU sends, as the guest names them: the other host has a file for it, and what it rests on. */
  readonly copied?: readonly string[];
  /** Somebody has paused it, so it is not let run there. */
  readonly isPaused?: boolean;
}

export interface MigrationRun {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Pick<Progress, 'fraction' | 'cancellable'>) => void;
  /** Milliseconds that the guest may stand still, where it writes faster than its RAM can be sent. */
  readonly mostStopMs: number;
  /** Absent: as fast as it goes. */
  readonly mebibytesPerSecond?: number;
}

export interface BegunMigration {
  readonly cookie: MigrationCookie;
  /** What runs, as the other host is to have it. */
  readonly definition: string;
}

/**
 * The state of a VM on one host. `torn`: it is paused for a move whose end this host has not seen. `paused`: for
 * another reason, before the move too. `ended`: it is off, and a guest has run there since libvirt knows it.
 */
export type MigratedState = 'absent' | 'off' | 'ended' | 'on' | 'paused' | 'torn';

/**
 * Lasts with its connections: the source gives up a move whose connection ends. Each part rejects with a Failure.
 *
 * | part    | at          | does                                                        |
 * |---------|-------------|-------------------------------------------------------------|
 * | begin   | source      | looks whether the VM may move at all                        |
 * | prepare | destination | looks whether it can be there, and starts a QEMU that waits |
 * | perform | source      | sends the guest; it stands still at the end                 |
 * | finish  | destination | lets it run there, or gives it up                           |
 * | confirm | source      | ends it here, or lets it run on                             |
 */
export interface MigrationHost extends Disposable {
  /** Fires once, when its connection has ended for any reason but `dispose`. */
  readonly onDidClose: Event<unknown>;
  begin(vm: MigratedVm, wish: MigrationWish): Promise<BegunMigration>;
  /**
   * What `begin` would tell the other host, of a VM whose snapshots libvirt does not let move: to try whether that host
   * would take it.
   *
   * @param without disks that the other host does not have yet, as the guest names them
   */
  pretend(vm: MigratedVm, without?: readonly string[]): Promise<BegunMigration>;
  prepare(
    vm: MigratedVm,
    begun: BegunMigration,
    wish: MigrationWish,
  ): Promise<{ readonly cookie: MigrationCookie; readonly address: string }>;
  perform(
    vm: MigratedVm,
    prepared: { readonly cookie: MigrationCookie; readonly address: string },
    wish: MigrationWish,
    run: MigrationRun,
  ): Promise<MigrationCookie>;
  finish(vm: MigratedVm, cookie: MigrationCookie, wish: MigrationWish): Promise<MigrationCookie>;
  /** @param ended what `finish` said; absent: the other host has given it up, and the guest goes on here */
  confirm(vm: MigratedVm, ended: MigrationCookie | undefined, wish: MigrationWish): Promise<void>;
  /** At the destination, of what was prepared there: its QEMU ends, the VM goes on at the source. */
  giveUp(vm: MigratedVm, wish: MigrationWish): Promise<void>;
  stateOf(uuid: string): Promise<MigratedState>;
  /** Lets a guest go on that is `torn`. Not before the other host was asked: two of it would write to its disks. */
  goOn(vm: MigratedVm): Promise<void>;
  /** Ends what is in this state, and nothing else; what is defined stays. */
  end(vm: MigratedVm, state: 'torn' | 'paused'): Promise<void>;
  /** How long the guest was paused when it arrived here by a move, in milliseconds. Undefined: no sign of a move. */
  arrivalOf(uuid: string): Promise<{ readonly stopMs?: number } | undefined>;
}
