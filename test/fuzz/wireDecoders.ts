// What a daemon sends: values, packets, and all of it to a client that waits for answers.
import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import type { Random } from '../histories/random.js';
import { Connection } from '../../src/libvirt/connection.js';
import { events } from '../../src/libvirt/events.js';
import { buildFrame, FrameReader } from '../../src/libvirt/frame.js';
import { defaultKeepalive } from '../../src/libvirt/keepalive.js';
import { ConnectionLost, LibvirtError, netError, ProtocolViolation } from '../../src/libvirt/libvirtError.js';
import { procedures } from '../../src/libvirt/procedures.js';
import {
  REMOTE_PROGRAM,
  REMOTE_PROTOCOL_VERSION,
  VIR_NET_ERROR,
  VIR_NET_MESSAGE,
  VIR_NET_OK,
  VIR_NET_REPLY,
  VIR_NET_STREAM,
} from '../../src/libvirt/protocol.js';
import type { Codec } from '../../src/libvirt/xdr/codec.js';
import { XdrError, XdrReader } from '../../src/libvirt/xdr/reader.js';
import { XdrWriter } from '../../src/libvirt/xdr/writer.js';
import { silentLog } from '../silentLog.js';
import type { Decoder } from './fuzz.js';
import { mutateBytes } from './mutate.js';

/** Makes a value up where a codec reads one, and writes down its bytes. */
class InventedReader extends XdrReader {
  readonly writer = new XdrWriter();

  constructor(readonly random: Random) {
    super(new Uint8Array(0));
  }

  override u32(): number {
    return this.#written('u32', this.random.int(0, 9));
  }

  override i32(): number {
    return this.#written('i32', this.random.int(0, 9));
  }

  override bool(): boolean {
    return this.#written('u32', this.random.int(0, 1)) === 1;
  }

  override u64(): bigint {
    return this.#written('u64', BigInt(this.random.int(0, 2 ** 40)));
  }

  override i64(): bigint {
    return this.#written('i64', BigInt(this.random.int(-(2 ** 40), 2 ** 40)));
  }

  override u64AsNumber(): number {
    return Number(this.u64());
  }

  override f64(): number {
    return this.#written('f64', this.random.next());
  }

  override fixedView(length: number): Buffer {
    const bytes = Buffer.alloc(length, this.random.int(0, 255));
    this.writer.writeFixed(bytes);
    return bytes;
  }

  override opaqueView(max: number): Buffer {
    this.string(max);
    return Buffer.alloc(0);
  }

  override string(max: number): string {
    const text = this.random.pick(['', 'vm', 'snapshot-0001', '<domain/>', 'ü', 'x'.repeat(300)]);
    this.writer.string(text, max);
    return text;
  }

  override count(): number {
    return this.#written('u32', this.random.int(0, 4));
  }

  #written<T>(as: 'u32' | 'i32' | 'u64' | 'i64' | 'f64', value: T): T {
    this.writer[as](value as never);
    return value;
  }
}

/** As a daemon may send it; tags of unions are drawn until one fits. */
function invented(codec: Codec<unknown>, random: Random): Buffer {
  for (;;) {
    const reader = new InventedReader(random);
    try {
      codec.read(reader);
      return reader.writer.toBytes();
    } catch (error) {
      assert.ok(error instanceof XdrError, String(error));
    }
  }
}

function valueDecoder(name: string, codecs: readonly Codec<unknown>[]): Decoder {
  return {
    name,
    throws: [XdrError],
    make: (random) => {
      const codec = random.pick(codecs);
      const bytes = mutateBytes(invented(codec, random), random);
      return {
        kept: bytes,
        decode: () => {
          const reader = new XdrReader(bytes);
          const value = codec.read(reader);
          reader.end();
          return value;
        },
      };
    },
  };
}

const results = Object.values(procedures).map(({ result }) => result as Codec<unknown>);
const messages = Object.values(events).map(({ message }) => message as Codec<unknown>);

/** The calls that wait in the client, by the serials that they have. */
const waiting = ['connectGetHostname', 'connectListAllDomains', 'connectGetCapabilities', 'connectGetVersion'] as const;
const argsOf = { connectListAllDomains: { needResults: 1, flags: 0 } } as const;

function packetsFor(random: Random): readonly Buffer[] {
  return waiting.map((name, index) => {
    const type = random.weighted([
      [VIR_NET_REPLY, 8],
      [VIR_NET_MESSAGE, 1],
      [VIR_NET_STREAM, 1],
    ] as const);
    const status = random.weighted([
      [VIR_NET_OK, 6],
      [VIR_NET_ERROR, 2],
      [random.int(-1, 4), 1],
    ] as const);
    const other = random.chance(0.1);
    const event = random.pick(Object.values(events));
    const row = procedures[other ? random.pick(Object.keys(procedures) as (keyof typeof procedures)[]) : name];
    const header = {
      program: REMOTE_PROGRAM,
      version: REMOTE_PROTOCOL_VERSION,
      procedure: type === VIR_NET_MESSAGE ? event.number : row.number,
      type,
      serial: other ? random.int(0, 9) : index + 1,
      status,
    };
    const codec = type === VIR_NET_MESSAGE ? event.message : status === VIR_NET_ERROR ? netError : row.result;
    return buildFrame(new XdrWriter(), header, (writer) => writer.raw(invented(codec, random)));
  });
}

function inPieces(bytes: Buffer, random: Random): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = 2 ** random.int(0, 10);
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

export const wireDecoders: readonly Decoder[] = [
  valueDecoder('results of calls', results),
  valueDecoder('events', messages),
  valueDecoder('errors of calls', [netError]),
  {
    name: 'packets in a stream',
    throws: [ProtocolViolation],
    make: (random) => {
      const bytes = mutateBytes(Buffer.concat(packetsFor(random)), random);
      const pieces = inPieces(bytes, random);
      return {
        kept: bytes,
        decode: () => {
          const frames: Buffer[] = [];
          const reader = new FrameReader((frame) => frames.push(frame));
          pieces.forEach((piece) => reader.push(piece));
          return frames;
        },
      };
    },
  },
  {
    name: 'a client that waits for answers',
    throws: [],
    make: (random) => {
      const bytes = mutateBytes(Buffer.concat(random.shuffled(packetsFor(random))), random);
      const pieces = inPieces(bytes, random);
      return {
        kept: bytes,
        decode: async () => {
          const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
          const connection = new Connection(stream, {
            uri: 'test:///default',
            readOnly: false,
            log: { ...silentLog, error: (line: string) => assert.fail(line) },
            keepalive: defaultKeepalive,
          });
          let end: Error | undefined;
          connection.onDidClose((error) => (end = error));
          const calls = waiting.map((name) =>
            connection.call(name, name in argsOf ? argsOf[name as keyof typeof argsOf] : {}),
          );
          const settled = Promise.allSettled(calls);
          pieces.forEach((piece) => stream.push(piece));
          stream.push(null);
          const ended = await settled;
          for (const one of ended) {
            const isKnown =
              one.status === 'fulfilled' ||
              [LibvirtError, ProtocolViolation, ConnectionLost].some((kind) => one.reason instanceof kind);
            assert.ok(isKnown, String(one.status === 'rejected' && one.reason));
          }
          assert.ok(end instanceof ProtocolViolation || end instanceof ConnectionLost, String(end));
          return ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
        },
      };
    },
  },
];
