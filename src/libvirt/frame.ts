// Packets: a word with the length, a header, a payload (virnetprotocol.x). Cuts a stream of bytes into them and
// writes them. Knows nothing of calls; a length that libvirt would not send is a ProtocolViolation.
import type { XdrReader } from './xdr/reader.js';
import type { XdrWriter } from './xdr/writer.js';
import { ProtocolViolation } from './libvirtError.js';
import { VIR_NET_MESSAGE_HEADER_MAX, VIR_NET_MESSAGE_LEN_MAX, VIR_NET_MESSAGE_MAX } from './protocol.js';

/** virNetMessageHeader. */
export interface Header {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

export function readHeader(reader: XdrReader): Header {
  return {
    program: reader.u32(),
    version: reader.u32(),
    procedure: reader.i32(),
    type: reader.i32(),
    serial: reader.u32(),
    status: reader.i32(),
  };
}

/** The whole packet; the payload is what `writePayload` writes. Throws RangeError if it would be too long. */
export function buildFrame(writer: XdrWriter, header: Header, writePayload: (writer: XdrWriter) => void): Buffer {
  writer.reset();
  writer.u32(0);
  writer.u32(header.program);
  writer.u32(header.version);
  writer.i32(header.procedure);
  writer.i32(header.type);
  writer.u32(header.serial);
  writer.i32(header.status);
  writePayload(writer);
  if (writer.length > VIR_NET_MESSAGE_MAX + VIR_NET_MESSAGE_LEN_MAX) {
    throw new RangeError(`a packet of ${writer.length} bytes, ${VIR_NET_MESSAGE_MAX} allowed`);
  }
  writer.patchU32(writer.length, 0);
  return writer.toBytes();
}

/** Memory for a packet that comes in pieces: grows with what has come, not with what was announced. */
const FIRST_PIECE = 65_536;

const nothing = Buffer.alloc(0);

/**
 * Gives each packet, without its length word, to `onFrame` at once: a view into the chunk if it came whole. Its bytes
 * are never written to again. Each byte is copied at most three times, however the stream is cut.
 */
export class FrameReader {
  readonly #onFrame: (frame: Buffer) => void;
  readonly #lengthBytes = Buffer.alloc(VIR_NET_MESSAGE_LEN_MAX);
  #lengthFilled = 0;
  /** Bytes of the packet that is being put together; 0 between packets. */
  #wanted = 0;
  #pieces: Buffer = nothing;
  #filled = 0;

  constructor(onFrame: (frame: Buffer) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws ProtocolViolation; must not be called again then. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#wanted === 0) {
        const used = Math.min(VIR_NET_MESSAGE_LEN_MAX - this.#lengthFilled, chunk.length - at);
        chunk.copy(this.#lengthBytes, this.#lengthFilled, at, at + used);
        this.#lengthFilled += used;
        at += used;
        if (this.#lengthFilled < VIR_NET_MESSAGE_LEN_MAX) {
          return;
        }
        this.#lengthFilled = 0;
        this.#wanted = checkedLength(this.#lengthBytes.readUInt32BE(0));
      }
      const missing = this.#wanted - this.#filled;
      if (this.#filled === 0 && chunk.length - at >= missing) {
        this.#finish(chunk.subarray(at, at + missing));
        at += missing;
      } else {
        const used = Math.min(missing, chunk.length - at);
        this.#append(chunk.subarray(at, at + used));
        at += used;
        if (this.#filled === this.#wanted) {
          this.#finish(this.#pieces.subarray(0, this.#wanted));
        }
      }
    }
  }

  #append(piece: Buffer): void {
    const needed = this.#filled + piece.length;
    if (needed > this.#pieces.length) {
      const size = Math.min(this.#wanted, Math.max(FIRST_PIECE, this.#pieces.length * 2, needed));
      const larger = Buffer.allocUnsafeSlow(size);
      this.#pieces.copy(larger, 0, 0, this.#filled);
      this.#pieces = larger;
    }
    piece.copy(this.#pieces, this.#filled);
    this.#filled = needed;
  }

  #finish(frame: Buffer): void {
    this.#wanted = 0;
    this.#filled = 0;
    this.#pieces = nothing;
    this.#onFrame(frame);
  }
}

/** From the length word, which counts itself, to the bytes that follow it. */
function checkedLength(announced: number): number {
  const length = announced - VIR_NET_MESSAGE_LEN_MAX;
  if (length < VIR_NET_MESSAGE_HEADER_MAX || length > VIR_NET_MESSAGE_MAX) {
    throw new ProtocolViolation(`a packet of ${announced} bytes is announced`);
  }
  return length;
}
