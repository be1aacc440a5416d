// The bytes that follow a call which opens a stream: data in both directions, the end of each, an abort. What is read
// waits in at most one buffer: then the socket is not read on. Knows no sockets; packets are sent and handed in by the
// client.
import { Duplex } from 'node:stream';
import { LibvirtError, netError, ProtocolViolation } from './libvirtError.js';
import { VIR_NET_CONTINUE, VIR_NET_ERROR, VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX, VIR_NET_OK } from './protocol.js';
import type { XdrReader } from './xdr/reader.js';

/** What a stream asks of the client that carries it. */
interface StreamCarrier {
  /** `sent` is called when the socket has taken it. */
  send(status: number, payload: Uint8Array, sent: () => void): void;
  /** The peer is asked for no more bytes, or for more again. */
  hold(held: boolean): void;
  /** No packet of it comes any more. */
  forget(): void;
}

const nothing = new Uint8Array(0);

/**
 * Ends with `end` when both sides have said that they are done; `destroy` before that aborts it. Errors are a
 * LibvirtError, or why the connection ended.
 */
export class RpcStream extends Duplex {
  readonly #name: string;
  readonly #carrier: StreamCarrier;
  /** Called when the peer confirms that both are done. */
  #confirm: ((error?: Error) => void) | undefined;
  /** Nothing may be sent any more: an end, an abort or an error is on its way, or was here. */
  #over = false;
  #endOfBytes = false;

  constructor(name: string, carrier: StreamCarrier) {
    super({ allowHalfOpen: false });
    this.#name = name;
    this.#carrier = carrier;
  }

  /** Throws XdrError or ProtocolViolation for what no daemon sends. */
  receive(status: number, reader: XdrReader): void {
    switch (status) {
      case VIR_NET_CONTINUE:
        this.#receiveBytes(reader);
        return;
      case VIR_NET_OK:
        this.#carrier.forget();
        this.#over = true;
        this.#confirm?.();
        return;
      case VIR_NET_ERROR:
        this.#receiveError(reader);
        return;
      default:
        throw new ProtocolViolation(`a stream packet with status ${status}`);
    }
  }

  /** The connection is gone. */
  lose(error: Error): void {
    this.#over = true;
    this.#fail(error);
  }

  override _read(): void {
    this.#carrier.hold(false);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    for (let at = 0; at < chunk.length; at += VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX) {
      const piece = chunk.subarray(at, at + VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX);
      const isLast = at + piece.length === chunk.length;
      this.#carrier.send(VIR_NET_CONTINUE, piece, isLast ? done : ignore);
    }
  }

  override _final(done: (error?: Error) => void): void {
    if (this.#over) {
      done();
      return;
    }
    this.#over = true;
    this.#confirm = done;
    this.#carrier.hold(false);
    this.#carrier.send(VIR_NET_OK, nothing, ignore);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#carrier.hold(false);
    if (!this.#over) {
      this.#over = true;
      this.#carrier.send(VIR_NET_ERROR, nothing, ignore);
    }
    done(error);
  }

  /** An end of the bytes has no status of its own: it is a packet without any. */
  #receiveBytes(reader: XdrReader): void {
    const bytes = reader.takeRest();
    if (this.destroyed) {
      return;
    }
    if (this.#endOfBytes) {
      throw new ProtocolViolation('bytes of a stream behind their end');
    }
    this.#endOfBytes = bytes.length === 0;
    if (!this.push(this.#endOfBytes ? null : bytes) && !this.#endOfBytes) {
      this.#carrier.hold(true);
    }
  }

  /** Also the answer to an abort of ours, which nobody waits for. */
  #receiveError(reader: XdrReader): void {
    const error = new LibvirtError(this.#name, netError.read(reader));
    reader.end();
    this.#carrier.forget();
    this.#over = true;
    this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#confirm === undefined) {
      this.destroy(error);
    } else {
      this.#confirm(error);
    }
  }
}

function ignore(): void {
  // The reader waits for the next packet.
}
