// The connections beside the one that stays: each of somebody alone for as long as a call of his may last. The last one
// that was let go waits a moment for the next, for to connect anew takes several calls, and over SSH a process and a
// handshake.
import type { Connection } from '../../libvirt/connection.js';

/**
 * The steps of an operation follow each other sooner; a daemon that ends when nobody is left waits thirty times as
 * long.
 */
const spareMs = 1_000;

export class OtherConnections {
  readonly #open: () => Promise<Connection>;
  /** With the calls that had been sent on each when it was handed out. */
  readonly #inUse = new Map<Connection, number>();
  /** The calls of connections that were released. */
  #formerCalls = 0;
  #spare: { readonly connection: Connection; readonly timer: NodeJS.Timeout } | undefined;
  #ended = false;

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  /** Calls that were sent by who was given one: those that connecting takes are not counted. */
  get callCount(): number {
    return [...this.#inUse].reduce(
      (sum, [connection, before]) => sum + connection.callCount - before,
      this.#formerCalls,
    );
  }

  async open(): Promise<Connection> {
    const connection = this.#takeSpare() ?? (await this.#open());
    this.#inUse.set(connection, connection.callCount);
    return connection;
  }

  /** One for as long as that lasts. */
  async use<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.open();
    try {
      return await act(connection);
    } finally {
      this.close(connection);
    }
  }

  /**
   * By who opened it, once: then it may be somebody else's. One with a call under way is ended: nobody waits for the
   * answer any more.
   */
  close(connection: Connection): void {
    const before = this.#inUse.get(connection);
    if (before === undefined) {
      return;
    }
    this.#inUse.delete(connection);
    this.#formerCalls += connection.callCount - before;
    if (this.#ended || this.#spare !== undefined || !connection.isIdle) {
      connection.close();
      return;
    }
    const timer = setTimeout(() => this.#endSpare(), spareMs);
    timer.unref();
    this.#spare = { connection, timer };
  }

  /** Those that are in use are left to who uses them. */
  dispose(): void {
    this.#ended = true;
    this.#endSpare();
  }

  #takeSpare(): Connection | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    clearTimeout(spare?.timer);
    if (spare === undefined || spare.connection.isIdle) {
      return spare?.connection;
    }
    // It was lost meanwhile.
    spare.connection.close();
    return undefined;
  }

  #endSpare(): void {
    const spare = this.#spare;
    this.#spare = undefined;
    clearTimeout(spare?.timer);
    spare?.connection.close();
  }
}
