// One call from when it is made until its reply: what to send, what to make of the answer, whom to tell.
// Knows neither sockets nor other calls.
import type { Codec } from './xdr/codec.js';
import type { XdrReader } from './xdr/reader.js';
import type { XdrWriter } from './xdr/writer.js';
import { LibvirtError, netError } from './libvirtError.js';
import type { Procedure } from './procedures.js';
import { REMOTE_PROGRAM, VIR_NET_ERROR } from './protocol.js';

export interface PendingCall {
  readonly program: number;
  readonly number: number;
  readonly isQuick: boolean;
  /** The caller has given up: the reply is dropped, but the daemon still works on it, so its slot stays taken. */
  readonly abandoned: boolean;
  /** Throws RangeError for arguments that cannot be sent. */
  writeArgs(writer: XdrWriter): void;
  /** Settles with the payload of a reply. Throws XdrError for one that is not what the procedure returns. */
  receive(status: number, reader: XdrReader): void;
  fail(error: Error): void;
  /** Told the serial when the daemon said yes, even to a caller that has given up. */
  readonly onAccepted?: ((serial: number) => void) | undefined;
}

/** A thousand of these wait in a row when snapshots are read, so it is an object with methods and not of closures. */
export class TypedCall<A, R> implements PendingCall {
  abandoned = false;
  readonly #name: string;
  readonly #procedure: Procedure<A, R>;
  readonly #args: A;
  readonly #resolve: (result: R) => void;
  readonly #reject: (error: Error) => void;
  #unwatch: (() => void) | undefined;
  onAccepted: ((serial: number) => void) | undefined;

  constructor(
    name: string,
    procedure: Procedure<A, R>,
    args: A,
    resolve: (result: R) => void,
    reject: (error: Error) => void,
  ) {
    this.#name = name;
    this.#procedure = procedure;
    this.#args = args;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get program(): number {
    return this.#procedure.program ?? REMOTE_PROGRAM;
  }

  get number(): number {
    return this.#procedure.number;
  }

  get isQuick(): boolean {
    return this.#procedure.quick === true;
  }

  /** Lets the signal end it for the caller; `afterwards` is for those who hold it. */
  watch(signal: AbortSignal, afterwards: () => void): void {
    const onAbort = (): void => {
      this.abandoned = true;
      this.fail(signal.reason as Error);
      afterwards();
    };
    signal.addEventListener('abort', onAbort);
    this.#unwatch = () => signal.removeEventListener('abort', onAbort);
  }

  writeArgs(writer: XdrWriter): void {
    this.#procedure.args.write(writer, this.#args);
  }

  receive(status: number, reader: XdrReader): void {
    if (status === VIR_NET_ERROR) {
      this.fail(new LibvirtError(this.#name, readWhole(netError, reader)));
    } else {
      const result = readWhole(this.#procedure.result, reader);
      this.#unwatch?.();
      this.#resolve(result);
    }
  }

  fail(error: Error): void {
    this.#unwatch?.();
    this.#reject(error);
  }
}

function readWhole<T>(codec: Codec<T>, reader: XdrReader): T {
  const value = codec.read(reader);
  reader.end();
  return value;
}
