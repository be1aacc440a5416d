// The streams of one connection, by the serial of the call that opened each. Where one's reader is full, all wait: the
// socket is read by all of them together. Knows no calls.
import type { Header } from './frame.js';
import { REMOTE_PROGRAM, REMOTE_PROTOCOL_VERSION, VIR_NET_STREAM } from './protocol.js';
import { RpcStream } from './rpcStream.js';
import { XdrReader } from './xdr/reader.js';
import { ProtocolViolation } from './libvirtError.js';

/** Packets of a stream that overtake the answer to its call; seen are one or two. */
const mostEarly = 64;
const mostEarlyBytes = 4 * 1024 * 1024;

interface StreamTableHandlers {
  /** `sent` is called when the socket has taken it. */
  readonly send: (header: Header, payload: Uint8Array, sent: () => void) => void;
  /** How many there are, or whether they are held. */
  readonly changed: () => void;
}

export class StreamTable {
  readonly #handlers: StreamTableHandlers;
  readonly #open = new Map<number, { readonly stream: RpcStream; readonly procedure: number }>();
  readonly #held = new Set<number>();
  /** What came for streams that are not accepted yet, by the serial of the call. */
  readonly #early = new Map<number, { readonly status: number; readonly bytes: Uint8Array }[]>();

  constructor(handlers: StreamTableHandlers) {
    this.#handlers = handlers;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Somebody cannot take more: nothing is to be read. */
  get areHeld(): boolean {
    return this.#held.size > 0;
  }

  open(name: string, procedure: number, serial: number): RpcStream {
    const header = {
      program: REMOTE_PROGRAM,
      version: REMOTE_PROTOCOL_VERSION,
      procedure,
      type: VIR_NET_STREAM,
      serial,
    };
    const stream = new RpcStream(name, {
      send: (status, payload, sent) => this.#handlers.send({ ...header, status }, payload, sent),
      hold: (held) => {
        if (held !== this.#held.has(serial)) {
          this.#hold(serial, held);
        }
      },
      forget: () => {
        this.#open.delete(serial);
        this.#held.delete(serial);
        this.#handlers.changed();
      },
    });
    // It may fail before anybody listens; a read then reports it.
    stream.on('error', () => undefined);
    this.#open.set(serial, { stream, procedure });
    const early = this.#early.get(serial) ?? [];
    this.#early.delete(serial);
    for (const { status, bytes } of early) {
      stream.receive(status, new XdrReader(bytes));
    }
    return stream;
  }

  /** The daemon sends what is to be read from another thread than the answer: it may be first. */
  keep({ serial, status }: Header, reader: XdrReader): void {
    const early = this.#early.get(serial) ?? [];
    const kept = [...early, { status, bytes: Uint8Array.from(reader.takeRest()) }];
    const length = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (kept.length > mostEarly || length > mostEarlyBytes) {
      throw new ProtocolViolation(`${kept.length} packets of a stream before the answer to its call, ${length} bytes`);
    }
    this.#early.set(serial, kept);
  }

  /** The call was answered by an error. */
  refuse(serial: number): void {
    this.#early.delete(serial);
  }

  /** False: no stream of this connection. */
  receive({ serial, procedure, status }: Header, reader: XdrReader): boolean {
    const carried = this.#open.get(serial);
    if (carried?.procedure !== procedure) {
      return false;
    }
    carried.stream.receive(status, reader);
    return true;
  }

  /** The connection is gone. */
  lose(error: Error): void {
    const streams = [...this.#open.values()];
    this.#open.clear();
    this.#held.clear();
    this.#early.clear();
    for (const { stream } of streams) {
      stream.lose(error);
    }
  }

  #hold(serial: number, held: boolean): void {
    if (held) {
      this.#held.add(serial);
    } else {
      this.#held.delete(serial);
    }
    this.#handlers.changed();
  }
}
