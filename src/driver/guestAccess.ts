// What is looked at and done inside of guests while they run, beside snapshots: the port, in the words of the model.
import type { Tuning } from '../domain/speed.js';
import type { Chord, Click } from '../domain/keys.js';
import type { Duplex } from 'node:stream';
import type { Disposable } from '../base/disposable.js';
import type { Event } from '../base/emitter.js';
import type { Failure } from '../domain/failure.js';
import type { GuestCommand, GuestRun } from '../domain/guestCommand.js';
import type { GuestAddress, GuestPort } from '../domain/guestAddress.js';

/** What leads to one VM that runs, its serial console or its display, on a connection of its own. */
export interface GuestLine extends Disposable {
  /** The VM was started, stopped, reverted; `reverted` where libvirt says so itself. */
  readonly onDidChangeVm: Event<'power' | 'reverted'>;
  /** Fires once, when the connection has ended for any reason but `dispose`. */
  readonly onDidClose: Event<Failure>;
  /**
   * The bytes in both directions; undefined while the VM is off. Rejects with a Failure: `busy` where another client
   * has a console or debugs it, `unsupported` where the VM has none, `notFound` where there is no VM, `denied` where it
   * may not be opened, or not yet: the VM is in the middle of a revert. `byForce` ends another client's use of it.
   */
  open(taking: 'ifFree' | 'byForce'): Promise<Duplex | undefined>;
}

export interface GuestAccess {
  /** Rejects with a Failure. */
  consoleOf(uuid: string): Promise<GuestLine>;
  /** The VNC server of its display. Rejects with a Failure. */
  displayOf(uuid: string): Promise<GuestLine>;
  /**
   * What gdb and its kin talk to while one is attached: QEMU's server for debuggers, which stops the guest. Asked
   * through QEMU's monitor: libvirt marks the VM. Rejects with a Failure.
   * @param socket where QEMU may make one if it can, on this host; else it is a port of the host's loopback
   */
  debuggerOf(uuid: string, socket: string | undefined): Promise<GuestLine>;
  /** As if nobody had attached one; the guest stays as it is. Rejects with a Failure. */
  closeDebugger(uuid: string): Promise<void>;
  /** Whether debuggers can connect, or one has. Rejects with a Failure. */
  readDebugger(uuid: string): Promise<'none' | 'left'>;
  /** By its XML, of which display a person sees anything. Rejects with a Failure. */
  displayKindOf(uuid: string): Promise<'vnc' | 'spice' | 'none'>;
  /** What the server of its display asks for; undefined where it has no password. Rejects with a Failure. */
  displayPasswordOf(uuid: string): Promise<string | undefined>;
  /** Those by which the host can reach it, IPv4 first; none where nobody knows one. Rejects with a Failure. */
  addressesOf(uuid: string, seen?: 'byHost'): Promise<readonly GuestAddress[]>;
  /** What its network cables lead to, as far as they are in. Rejects with a Failure. */
  networksOf(uuid: string): Promise<readonly string[]>;
  /**
   * One chord after the other. Rejects with a Failure: `cancelled` when the signal aborts; what was sent before it is
   * pressed.
   */
  pressKeys(uuid: string, chords: readonly Chord[], signal: AbortSignal): Promise<void>;
  /** Rejects with a Failure: `unsupported` where the VM has no VNC display, or its pointer cannot be set to a place. */
  click(uuid: string, where: Click): Promise<void>;
  /**
   * What leads to a port of a guest whose network nobody else is in; undefined where nothing does, or no login leads to
   * its host. It may be asked for through QEMU's monitor: libvirt marks the VM. Rejects with a Failure.
   */
  portOf(uuid: string, port: number): Promise<GuestPort | undefined>;
  /** What its display shows, as a PNG. Rejects with a Failure: `unsupported` where it has no display. */
  screenshotOf(uuid: string): Promise<Uint8Array>;
  /** The same, so small that a tooltip can hold it; undefined where it cannot be made so. */
  thumbnailOf(uuid: string): Promise<Uint8Array | undefined>;
  /**
   * Runs a program inside, by the guest agent, to its end or the end of the time. Rejects with a Failure: `unsupported`
   * where no agent answers or it may not run programs, `cancelled` when the signal aborts. The program goes on then.
   * Once it runs, an agent that does not answer is asked again, as beside a checkpoint, as long as the same QEMU runs.
   */
  runIn(uuid: string, command: GuestCommand, signal: AbortSignal): Promise<GuestRun>;
  /**
   * Sets the clock and seeds the random numbers of a guest that continues from the RAM of another one, if its agent
   * answers within some four seconds. Never rejects.
   */
  settleFork(uuid: string): Promise<void>;
  /** The limits of its disks and networks, while it runs. Rejects with a Failure. */
  tuningOf(uuid: string): Promise<Tuning>;
  /**
   * How fast it writes to its RAM, in bytes a second, which takes more than one to find out; undefined: not told in
   * time. Rejects with a Failure.
   */
  dirtyRateOf(uuid: string): Promise<number | undefined>;
  /** That their host could give to more of them, in bytes; undefined: not known. Never rejects. */
  freeMemory(): Promise<number | undefined>;
}
