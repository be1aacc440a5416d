// One libvirt connection: typed calls and events. Knows the tables, not what the procedures are good for.
import type { Duplex } from 'node:stream';
import { type Disposable, toDisposable } from '../base/disposable.js';
import { Emitter, type Event } from '../base/emitter.js';
import type { Log } from '../base/log.js';
import type { XdrReader } from './xdr/reader.js';
import { eventByNumber, type EventName, type EventOf, type EventRow, events } from './events.js';
import type { KeepaliveOptions } from './keepalive.js';
import { ConnectionLost, ProtocolViolation } from './libvirtError.js';
import {
  type ArgsOf,
  type Procedure,
  type ProcedureName,
  procedures,
  type ResultOf,
  type StreamProcedureName,
} from './procedures.js';
import { RpcClient } from './rpcClient.js';

interface ConnectionOptions {
  readonly uri: string;
  readonly readOnly: boolean;
  readonly log: Log;
  readonly keepalive: KeepaliveOptions;
  /** The daemon is on another host. */
  readonly isFar?: boolean;
}

export class Connection {
  /** As given. */
  readonly uri: string;
  readonly readOnly: boolean;
  readonly #log: Log;
  readonly #rpc: RpcClient;
  readonly #channels = new Map<EventName, EventChannel<unknown>>();
  readonly #onDidClose = new Emitter<Error>();
  readonly #onDidChangeSilence = new Emitter<boolean>();

  /** Once, with ConnectionLost or ProtocolViolation; not after `close`. */
  readonly onDidClose: Event<Error> = this.#onDidClose.event;

  /** True: it said nothing for some seconds, although it was asked; false: it was heard again. */
  readonly onDidChangeSilence: Event<boolean> = this.#onDidChangeSilence.event;

  constructor(stream: Duplex, options: ConnectionOptions) {
    this.uri = options.uri;
    this.readOnly = options.readOnly;
    this.#log = options.log;
    const handlers = {
      onEvent: (number: number, reader: XdrReader) => this.#receiveEvent(number, reader),
      onSilence: (isSilent: boolean) => {
        this.#log.debug(`${this.uri}: ${isSilent ? 'silent' : 'heard again'}`);
        this.#deliver(() => this.#onDidChangeSilence.fire(isSilent));
      },
      onEnd: (error: Error) => {
        this.#log.debug(`${this.uri}: ${error.name}: ${error.message}`);
        this.#deliver(() => this.#onDidClose.fire(error));
      },
    };
    this.#rpc = new RpcClient(stream, options.keepalive, handlers, options.isFar);
  }

  /** Calls sent, keepalive not counted. */
  get callCount(): number {
    return this.#rpc.callCount;
  }

  /** Open, and no call waits for its answer. */
  get isIdle(): boolean {
    return this.#rpc.isIdle;
  }

  /**
   * At most four calls are in flight, later ones wait in order; to another host more of those that are quick. A call
   * has no time limit: libvirt's own may last for hours. Aborting a call that was sent rejects it, but the daemon goes
   * on with it. Rejects with LibvirtError, ConnectionLost, ProtocolViolation, or the signal's reason; a RangeError for
   * arguments that cannot be sent.
   */
  call<P extends ProcedureName>(
    procedure: P,
    args: ArgsOf<P>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<ResultOf<P>> {
    const row = procedures[procedure] as unknown as Procedure<ArgsOf<P>, ResultOf<P>>;
    return this.#rpc.call(procedure, row, args, options.signal);
  }

  /** As `call`, of a procedure that opens a stream. Its errors are a LibvirtError, or why the connection ended. */
  openStream<P extends StreamProcedureName>(
    procedure: P,
    args: ArgsOf<P>,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<{ readonly result: ResultOf<P>; readonly stream: Duplex }> {
    const row = procedures[procedure] as unknown as Procedure<ArgsOf<P>, ResultOf<P>>;
    return this.#rpc.openStream(procedure, row, args, options.signal);
  }

  /** Registers with the daemon for the first listener, and deregisters when the last one is disposed. */
  async on<E extends EventName>(event: E, listener: (message: EventOf<E>) => void): Promise<Disposable> {
    let channel = this.#channels.get(event);
    if (channel === undefined) {
      channel = new EventChannel(
        () => this.#register(event),
        (error) => this.#logDeregisterFailure(event, error),
      );
      this.#channels.set(event, channel);
    }
    return channel.listen(listener as (message: unknown) => void);
  }

  /** Pending calls reject with ConnectionLost. */
  close(): void {
    this.#rpc.close(procedures.connectClose);
  }

  /** Ends the connection from above, for example when the daemon says that it lost its hypervisor. */
  fail(error: Error): void {
    this.#rpc.fail(error);
  }

  async #register(event: EventName): Promise<() => Promise<void>> {
    const { eventID } = events[event];
    if (eventID === undefined) {
      await this.call('connectRegisterCloseCallback', {});
      return async () => {
        await this.call('connectUnregisterCloseCallback', {});
      };
    }
    const { callbackID } = await this.call('connectDomainEventCallbackRegisterAny', { eventID, dom: undefined });
    return async () => {
      await this.call('connectDomainEventCallbackDeregisterAny', { callbackID });
    };
  }

  /** The id of the callback says nothing new: there is at most one callback for each kind of event. */
  #receiveEvent(number: number, reader: XdrReader): void {
    const name = eventByNumber.get(number);
    const channel = name === undefined ? undefined : this.#channels.get(name);
    if (name === undefined || channel === undefined) {
      throw new ProtocolViolation(`an event ${number} that nobody asked for`);
    }
    const row: EventRow<unknown> = events[name];
    if (row.eventID !== undefined) {
      reader.i32();
    }
    const message = row.message.read(reader);
    reader.end();
    this.#deliver(() => channel.fire(message));
  }

  /** A listener that throws is a fault of ours, not of the peer. */
  #deliver(fire: () => void): void {
    try {
      fire();
    } catch (error) {
      this.#log.error(
        `${this.uri}: a listener failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }

  #logDeregisterFailure(event: EventName, error: unknown): void {
    if (!(error instanceof ConnectionLost)) {
      this.#log.warn(`${this.uri}: ${event} events could not be deregistered: ${String(error)}`);
    }
  }
}

/**
 * One kind of event on one connection: registered with the daemon while somebody listens, and only then.
 * Knows nothing of sockets; registering is given to it.
 */
export class EventChannel<M> {
  readonly #emitter = new Emitter<M>();
  readonly #register: () => Promise<() => Promise<void>>;
  readonly #onDeregisterFailed: (error: unknown) => void;
  #listeners = 0;
  #deregister: (() => Promise<void>) | undefined;
  /** Registering and deregistering follow one another, whatever listeners come and go meanwhile. */
  #settled: Promise<void> = Promise.resolve();

  /** `register` resolves to what takes it back. */
  constructor(register: () => Promise<() => Promise<void>>, onDeregisterFailed: (error: unknown) => void) {
    this.#register = register;
    this.#onDeregisterFailed = onDeregisterFailed;
  }

  /** Throws the first error of a listener, when all have been called. */
  fire(message: M): void {
    this.#emitter.fire(message);
  }

  /** Rejects if the daemon does not take the registration. Events that come before its answer reach the listener. */
  async listen(listener: (message: M) => void): Promise<Disposable> {
    const subscription = this.#emitter.event(listener);
    this.#listeners += 1;
    let over = false;
    const stop = (): void => {
      if (!over) {
        over = true;
        subscription.dispose();
        this.#listeners -= 1;
        this.#settle().catch(this.#onDeregisterFailed);
      }
    };
    try {
      await this.#settle();
    } catch (error) {
      stop();
      throw error;
    }
    return toDisposable(stop);
  }

  #settle(): Promise<void> {
    const next = this.#settled.then(() => this.#follow());
    this.#settled = next.then(noop, noop);
    return next;
  }

  async #follow(): Promise<void> {
    if (this.#listeners > 0 && this.#deregister === undefined) {
      this.#deregister = await this.#register();
    } else if (this.#listeners === 0 && this.#deregister !== undefined) {
      const deregister = this.#deregister;
      this.#deregister = undefined;
      await deregister();
    }
  }
}

function noop(): void {
  // The caller of #settle has the error; the next one in the row starts afresh.
}
