// A peer that speaks libvirt's framing on a Unix socket of a temporary folder, well or badly, as a test tells it.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection, type OpenOptions } from '../../../src/libvirt/connect.js';
import type { Connection } from '../../../src/libvirt/connection.js';
import { type EventName, type EventOf, type EventRow, events } from '../../../src/libvirt/events.js';
import { buildFrame, FrameReader, type Header, readHeader } from '../../../src/libvirt/frame.js';
import { netError } from '../../../src/libvirt/libvirtError.js';
import { type Procedure, type ProcedureName, procedures, type ResultOf } from '../../../src/libvirt/procedures.js';
import {
  KEEPALIVE_PROC_PING,
  KEEPALIVE_PROC_PONG,
  KEEPALIVE_PROGRAM,
  REMOTE_PROGRAM,
  VIR_NET_ERROR,
  VIR_NET_MESSAGE,
  VIR_NET_OK,
  VIR_NET_REPLY,
  VIR_NET_STREAM,
} from '../../../src/libvirt/protocol.js';
import { silentLog } from '../../silentLog.js';
import type { Codec } from '../../../src/libvirt/xdr/codec.js';
import { XdrReader } from '../../../src/libvirt/xdr/reader.js';
import { XdrWriter } from '../../../src/libvirt/xdr/writer.js';

export interface FakeCall {
  readonly name: ProcedureName | 'ping' | 'pong' | 'stream';
  readonly serial: number;
  /** The status and the bytes of a packet of a stream. */
  readonly args: unknown;
}

const byNumber = new Map(
  Object.entries(procedures).flatMap(([name, row]) => ('program' in row ? [] : [[row.number, name as ProcedureName]])),
);

export function packet(header: Partial<Header>, payload: (writer: XdrWriter) => void = () => undefined): Buffer {
  const whole = {
    program: REMOTE_PROGRAM,
    version: 1,
    procedure: 0,
    type: VIR_NET_REPLY,
    serial: 0,
    status: VIR_NET_OK,
    ...header,
  };
  return buildFrame(new XdrWriter(), whole, payload);
}

export function replyTo<P extends ProcedureName>(name: P, serial: number, result: ResultOf<P>): Buffer {
  const row = procedures[name] as unknown as Procedure<never, ResultOf<P>>;
  return packet({ procedure: row.number, serial }, (w) => row.result.write(w, result));
}

export function errorTo(name: ProcedureName, serial: number, code: number, message = 'no'): Buffer {
  const error = {
    code,
    domain: 10,
    message,
    level: 2,
    dom: undefined,
    str1: message,
    str2: undefined,
    str3: undefined,
  };
  return packet({ procedure: procedures[name].number, serial, status: VIR_NET_ERROR }, (w) =>
    netError.write(w, { ...error, int1: 28, int2: 0, net: undefined }),
  );
}

/** What follows a call that opened a stream. */
export function streamPacket(name: ProcedureName, serial: number, status: number, bytes = ''): Buffer {
  return packet({ procedure: procedures[name].number, type: VIR_NET_STREAM, serial, status }, (w) =>
    w.raw(Buffer.from(bytes)),
  );
}

export function eventPacket<E extends EventName>(name: E, message: EventOf<E>): Buffer {
  const row = events[name] as unknown as EventRow<EventOf<E>>;
  return packet({ procedure: row.number, type: VIR_NET_MESSAGE, serial: 1 }, (w) => {
    w.i32(1);
    row.message.write(w, message);
  });
}

export const ping = packet({ program: KEEPALIVE_PROGRAM, procedure: KEEPALIVE_PROC_PING, type: VIR_NET_MESSAGE });
export const pong = packet({ program: KEEPALIVE_PROGRAM, procedure: KEEPALIVE_PROC_PONG, type: VIR_NET_MESSAGE });

/** Answers what every connection says first, and the registration of events. False: it was something else. */
export function greet(call: FakeCall, socket: Socket): boolean {
  const answer = greetings[call.name]?.(call.serial);
  if (answer !== undefined) {
    socket.write(answer);
  }
  return answer !== undefined;
}

const greetings: Partial<Record<FakeCall['name'], (serial: number) => Buffer>> = {
  authList: (serial) => replyTo('authList', serial, { types: [0] }),
  connectOpen: (serial) => replyTo('connectOpen', serial, {}),
  connectClose: (serial) => replyTo('connectClose', serial, {}),
  connectRegisterCloseCallback: (serial) => replyTo('connectRegisterCloseCallback', serial, {}),
  connectDomainEventCallbackRegisterAny: (serial) =>
    replyTo('connectDomainEventCallbackRegisterAny', serial, { callbackID: 1 }),
  connectDomainEventCallbackDeregisterAny: (serial) => replyTo('connectDomainEventCallbackDeregisterAny', serial, {}),
  ping: () => pong,
};

export class FakeDaemon {
  readonly calls: FakeCall[] = [];
  readonly sockets: Socket[] = [];
  #waiting: { readonly fits: (call: FakeCall) => boolean; readonly resolve: (call: FakeCall) => void }[] = [];

  private constructor(
    readonly directory: string,
    readonly server: Server,
  ) {}

  static async start(onCall: (call: FakeCall, socket: Socket) => void): Promise<FakeDaemon> {
    const directory = await mkdtemp(join(tmpdir(), 'fake-'));
    const daemon = new FakeDaemon(directory, createServer());
    daemon.server.on('connection', (socket) => daemon.#serve(socket, onCall));
    await new Promise<void>((resolve) => daemon.server.listen(daemon.path, resolve));
    return daemon;
  }

  get path(): string {
    return join(this.directory, 'sock');
  }

  get uri(): string {
    return `test+unix:///default?socket=${this.path}`;
  }

  get socket(): Socket {
    return this.sockets.at(-1)!;
  }

  connect(options: Partial<OpenOptions> = {}): Promise<Connection> {
    return openConnection(this.uri, { log: silentLog, ...options });
  }

  /** The next call that fits and has not come yet. */
  next(fits: (call: FakeCall) => boolean): Promise<FakeCall> {
    return new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  }

  count(name: FakeCall['name']): number {
    return this.calls.filter((call) => call.name === name).length;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.server.close(resolve));
    await rm(this.directory, { recursive: true });
  }

  #serve(socket: Socket, onCall: (call: FakeCall, socket: Socket) => void): void {
    this.sockets.push(socket);
    const frames = new FrameReader((frame) => {
      const reader = new XdrReader(frame);
      const { program, procedure, serial, type, status } = readHeader(reader);
      const keepalive = program === KEEPALIVE_PROGRAM;
      const beat = procedure === KEEPALIVE_PROC_PING ? 'ping' : 'pong';
      const isStream = type === VIR_NET_STREAM;
      const name = keepalive ? beat : isStream ? 'stream' : byNumber.get(procedure)!;
      const codec = keepalive || isStream ? undefined : (procedures[name as ProcedureName].args as Codec<unknown>);
      const args = isStream ? { status, bytes: reader.takeRest().toString() } : codec?.read(reader);
      const call: FakeCall = { name, serial, args };
      reader.end();
      this.calls.push(call);
      this.#waiting = this.#waiting.filter(({ fits, resolve }) => {
        const fitting = fits(call);
        if (fitting) {
          resolve(call);
        }
        return !fitting;
      });
      onCall(call, socket);
    });
    socket.on('data', (chunk: Buffer) => frames.push(chunk));
    socket.on('error', () => socket.destroy());
  }
}
