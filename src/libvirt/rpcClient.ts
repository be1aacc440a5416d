// Calls and replies on one stream of bytes: serials, the window of calls in flight, abort, keepalive, the end.
// Any packet that the protocol does not allow ends it. Knows no procedure's meaning and no addresses.
import type { Duplex } from 'node:stream';
import { HostUnreachable } from '../hosts/login.js';
import { XdrError, XdrReader } from './xdr/reader.js';
import { XdrWriter } from './xdr/writer.js';
import { buildFrame, FrameReader, type Header, readHeader } from './frame.js';
import { Keepalive, type KeepaliveOptions } from './keepalive.js';
import { ConnectionLost, ProtocolViolation } from './libvirtError.js';
import { callPacket, keepalivePacket } from './packets.js';
import { type PendingCall, TypedCall } from './pendingCall.js';
import type { Procedure } from './procedures.js';
import type { RpcStream } from './rpcStream.js';
import { StreamTable } from './streamTable.js';
import {
  KEEPALIVE_PROC_PING,
  KEEPALIVE_PROC_PONG,
  KEEPALIVE_PROGRAM,
  KEEPALIVE_PROTOCOL_VERSION,
  MAX_CALLS_IN_FLIGHT,
  MAX_CALLS_ON_THE_WAY,
  QEMU_PROGRAM,
  QEMU_PROTOCOL_VERSION,
  REMOTE_PROGRAM,
  REMOTE_PROTOCOL_VERSION,
  VIR_NET_ERROR,
  VIR_NET_MESSAGE,
  VIR_NET_OK,
  VIR_NET_REPLY,
  VIR_NET_STREAM,
} from './protocol.js';

interface RpcClientHandlers {
  /** An event: the reader stands at its payload. Throws XdrError or ProtocolViolation for what it does not know. */
  readonly onEvent: (number: number, reader: XdrReader) => void;
  /** The peer said nothing for some seconds, although it was asked; or it was heard again. */
  readonly onSilence: (isSilent: boolean) => void;
  /** Once, unless `close` ended it. */
  readonly onEnd: (error: Error) => void;
}

/** How long a daemon may take to close the socket after we said that we leave. */
const FAREWELL_MS = 500;

export class RpcClient {
  readonly #stream: Duplex;
  readonly #handlers: RpcClientHandlers;
  readonly #frames: FrameReader;
  readonly #keepalive: Keepalive;
  readonly #writer = new XdrWriter();
  readonly #queued = new Set<PendingCall>();
  readonly #inFlight = new Map<number, PendingCall>();
  readonly #streams: StreamTable;
  readonly #mostOnTheWay: number;
  /** In flight, and may take long. */
  #slow = 0;
  #serial = 0;
  #callCount = 0;
  #ended: Error | undefined;

  /** @param isFar the way to the peer takes longer than most of its answers */
  constructor(stream: Duplex, keepalive: KeepaliveOptions, handlers: RpcClientHandlers, isFar = false) {
    this.#stream = stream;
    this.#mostOnTheWay = isFar ? MAX_CALLS_ON_THE_WAY : MAX_CALLS_IN_FLIGHT;
    this.#handlers = handlers;
    this.#frames = new FrameReader((frame) => this.#receive(frame));
    this.#keepalive = new Keepalive(
      keepalive,
      () => this.#sendKeepalive(KEEPALIVE_PROC_PING),
      () => this.#end(new ConnectionLost('silent')),
      handlers.onSilence,
    );
    this.#streams = new StreamTable({
      send: (header, payload, sent) => {
        if (this.#ended === undefined) {
          stream.write(
            buildFrame(this.#writer, header, (writer) => writer.raw(payload)),
            () => sent(),
          );
        }
      },
      changed: () => this.#followStreams(),
    });
    stream.on('data', (chunk: Buffer) => this.#onData(chunk));
    stream.on('error', (cause) =>
      this.#end(cause instanceof HostUnreachable ? cause : new ConnectionLost('ended', { cause })),
    );
    stream.on('end', () => this.#end(new ConnectionLost('ended')));
    stream.on('close', () => this.#end(new ConnectionLost('ended')));
  }

  /** Calls sent, keepalive not counted. */
  get callCount(): number {
    return this.#callCount;
  }

  /**
   * Open, without a stream, and no call is queued or waits for its answer, be it one that nobody waits for any more.
   */
  get isIdle(): boolean {
    return this.#ended === undefined && this.#inFlight.size + this.#queued.size + this.#streams.size === 0;
  }

  /**
   * Rejects with LibvirtError, with the signal's reason, or, when the connection ends, with ConnectionLost or
   * ProtocolViolation; with a RangeError for arguments that cannot be sent. Calls are sent in the order in which they
   * are made; the arguments are written when their turn comes.
   */
  call<A, R>(
    name: string,
    procedure: Procedure<A, R>,
    args: A,
    signal?: AbortSignal,
    onAccepted?: (serial: number) => void,
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#ended !== undefined) {
        throw this.#ended;
      }
      const call = new TypedCall(name, procedure, args, resolve, reject);
      call.onAccepted = onAccepted;
      if (signal !== undefined) {
        call.watch(signal, () => this.#queued.delete(call));
      }
      this.#queued.add(call);
      this.#sendQueued();
    });
  }

  /** As `call`, of a procedure that opens a stream. Aborting the signal later does nothing to it. */
  async openStream<A, R>(
    name: string,
    procedure: Procedure<A, R>,
    args: A,
    signal?: AbortSignal,
  ): Promise<{ readonly result: R; readonly stream: RpcStream }> {
    const opened: RpcStream[] = [];
    const result = await this.call(name, procedure, args, signal, (serial) => {
      const stream = this.#streams.open(name, procedure.number, serial);
      opened.push(stream);
      if (signal?.aborted === true) {
        stream.destroy();
      }
    });
    const [stream] = opened;
    if (stream === undefined) {
      throw new ProtocolViolation(`${name} opened no stream`);
    }
    return { result, stream };
  }

  /** Ends the connection because the peer, or something above, made it useless. */
  fail(error: Error): void {
    this.#end(error);
  }

  /** Every pending call rejects. The daemon is told with this call, which has no arguments, and so logs no error. */
  close(farewell: Procedure<object, unknown>): void {
    if (this.#ended !== undefined) {
      return;
    }
    this.#stream.write(
      callPacket(
        this.#writer,
        { program: REMOTE_PROGRAM, number: farewell.number },
        this.#nextSerial(),
        () => undefined,
      ),
    );
    this.#finish(new ConnectionLost('closedByUs'));
    this.#stream.on('end', () => this.#stream.destroy());
    setTimeout(() => this.#stream.destroy(), FAREWELL_MS).unref();
  }

  #sendQueued(): void {
    for (const call of this.#queued) {
      const isFull = !call.isQuick && this.#slow >= MAX_CALLS_IN_FLIGHT;
      if (isFull || this.#inFlight.size >= this.#mostOnTheWay) {
        return;
      }
      this.#queued.delete(call);
      this.#send(call);
    }
  }

  #send(call: PendingCall): void {
    const serial = this.#nextSerial();
    let frame: Buffer;
    try {
      frame = callPacket(this.#writer, call, serial, (writer) => call.writeArgs(writer));
    } catch (error) {
      call.fail(error as Error);
      return;
    }
    this.#inFlight.set(serial, call);
    this.#slow += call.isQuick ? 0 : 1;
    this.#callCount += 1;
    this.#keepalive.start();
    this.#stream.write(frame);
  }

  /** From 1 on; 0 belongs to packets that answer nothing. */
  #nextSerial(): number {
    this.#serial = this.#serial === 0xffff_ffff ? 1 : this.#serial + 1;
    return this.#serial;
  }

  /** A peer that is not listened to cannot show that it lives. */
  #restIfIdle(): void {
    if (this.#inFlight.size + this.#streams.size === 0 || this.#streams.areHeld) {
      this.#keepalive.stop();
    } else {
      this.#keepalive.start();
    }
  }

  #followStreams(): void {
    this.#stream[this.#streams.areHeld ? 'pause' : 'resume']();
    this.#restIfIdle();
  }

  #onData(chunk: Buffer): void {
    if (this.#ended !== undefined) {
      return;
    }
    // The calls whose turn comes with the replies of one chunk leave in one write: a fifth of the cost of a poll.
    this.#stream.cork();
    try {
      this.#frames.push(chunk);
    } catch (error) {
      this.#end(error as Error);
    } finally {
      this.#stream.uncork();
    }
  }

  #receive(frame: Buffer): void {
    if (this.#ended !== undefined) {
      return;
    }
    // Bytes alone are no sign of life: behind a wrong length, answers to pings would fill a packet that never ends.
    this.#keepalive.noteLife();
    const reader = new XdrReader(frame);
    try {
      this.#dispatch(readHeader(reader), reader);
    } catch (error) {
      const unreadable = error instanceof XdrError;
      this.#end(unreadable ? new ProtocolViolation('unreadable packet', { cause: error }) : (error as Error));
    }
  }

  #dispatch(header: Header, reader: XdrReader): void {
    const { program, version, procedure, type, serial, status } = header;
    if (program === KEEPALIVE_PROGRAM && version === KEEPALIVE_PROTOCOL_VERSION && type === VIR_NET_MESSAGE) {
      this.#receiveKeepalive(procedure, reader);
      return;
    }
    const isKnown =
      (program === REMOTE_PROGRAM && version === REMOTE_PROTOCOL_VERSION) ||
      (program === QEMU_PROGRAM && version === QEMU_PROTOCOL_VERSION && type === VIR_NET_REPLY);
    if (!isKnown) {
      throw new ProtocolViolation(`a packet of program ${program}, version ${version}, type ${type}`);
    }
    // The serial of an event is 1, measured on libvirt 9.0: it means nothing.
    if (type === VIR_NET_MESSAGE && status === VIR_NET_OK) {
      this.#handlers.onEvent(procedure, reader);
      return;
    }
    if (type === VIR_NET_STREAM && this.#streams.receive(header, reader)) {
      return;
    }
    const call = this.#inFlight.get(serial);
    if (type === VIR_NET_STREAM && call?.onAccepted !== undefined && call.number === procedure) {
      this.#streams.keep(header, reader);
      return;
    }
    if (type !== VIR_NET_REPLY || call?.number !== procedure || call.program !== program) {
      throw new ProtocolViolation(`nobody waits for type ${type}, procedure ${procedure}, serial ${serial}`);
    }
    this.#receiveReply(call, header, reader);
  }

  #receiveReply(call: PendingCall, { serial, status }: Header, reader: XdrReader): void {
    if (status !== VIR_NET_OK && status !== VIR_NET_ERROR) {
      throw new ProtocolViolation(`a reply with status ${status}`);
    }
    if (status === VIR_NET_OK) {
      call.onAccepted?.(serial);
    } else {
      this.#streams.refuse(serial);
    }
    if (!call.abandoned) {
      call.receive(status, reader);
    }
    this.#inFlight.delete(serial);
    this.#slow -= call.isQuick ? 0 : 1;
    this.#sendQueued();
    this.#restIfIdle();
  }

  #receiveKeepalive(procedure: number, reader: XdrReader): void {
    reader.end();
    if (procedure === KEEPALIVE_PROC_PING) {
      // Who asks without reading is not answered: the answers would fill the memory.
      if (!this.#stream.writableNeedDrain) {
        this.#sendKeepalive(KEEPALIVE_PROC_PONG);
      }
    } else if (procedure !== KEEPALIVE_PROC_PONG) {
      throw new ProtocolViolation(`keepalive procedure ${procedure}`);
    }
  }

  #sendKeepalive(procedure: number): void {
    this.#stream.write(keepalivePacket(this.#writer, procedure));
  }

  #end(error: Error): void {
    if (this.#ended === undefined) {
      this.#finish(error);
      this.#stream.destroy();
      this.#handlers.onEnd(error);
    }
  }

  #finish(error: Error): void {
    this.#ended = error;
    this.#keepalive.stop();
    const calls = [...this.#inFlight.values(), ...this.#queued].filter((call) => !call.abandoned);
    this.#inFlight.clear();
    this.#queued.clear();
    this.#streams.lose(error);
    for (const call of calls) {
      call.fail(error);
    }
  }
}
