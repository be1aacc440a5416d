// The least that can be done to get the same facts out of the daemon: packets by hand, no model, no checks, five calls
// in flight. It trusts whatever it reads, which is why the product is not built like this.
import { connect, type Socket } from 'node:net';

export class BareLoop {
  readonly #socket: Socket;
  readonly #replies = new Map<number, (payload: Buffer) => void>();
  readonly #queue: Buffer[] = [];
  #received: Buffer = Buffer.alloc(0);
  #serial = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  static async open(path: string, name: string): Promise<BareLoop> {
    const socket = connect(path);
    await new Promise((resolve) => socket.once('connect', resolve));
    const loop = new BareLoop(socket);
    await loop.call(66);
    await loop.call(1, u32(1), text(name), u32(0));
    return loop;
  }

  call(procedure: number, ...args: readonly Buffer[]): Promise<Buffer> {
    const serial = ++this.#serial;
    const body = Buffer.concat(args);
    const head = Buffer.alloc(28);
    [28 + body.length, 0x20008086, 1, procedure, 0, serial, 0].forEach((word, i) => head.writeUInt32BE(word, i * 4));
    this.#queue.push(Buffer.concat([head, body]));
    return new Promise((resolve) => {
      this.#replies.set(serial, resolve);
      this.#pump();
    });
  }

  /**
   * Every VM's list of snapshots, its current one, and the document of each snapshot as text. Resolves to their number.
   */
  async readAll(): Promise<number> {
    const domains = await this.call(273, u32(1), u32(0));
    let count = 0;
    const reads: Promise<unknown>[] = [];
    for (let at = 4, i = domains.readUInt32BE(0); i > 0; i--) {
      const end = endOfDomain(domains, at);
      const dom = domains.subarray(at, end);
      at = end;
      reads.push(this.call(191, dom, u32(0)));
      const list = await this.call(274, dom, u32(1), u32(0));
      for (let from = 4, n = list.readUInt32BE(0); n > 0; n--) {
        const to = endOfDomain(list, endOfText(list, from));
        reads.push(this.call(186, list.subarray(from, to), u32(0)).then((xml) => xml.toString('utf8', 4)));
        from = to;
        count += 1;
      }
    }
    await Promise.all(reads);
    return count;
  }

  close(): void {
    this.#socket.destroy();
  }

  #pump(): void {
    const inFlight = this.#replies.size - this.#queue.length;
    for (const packet of this.#queue.splice(0, Math.max(0, 5 - inFlight))) {
      this.#socket.write(packet);
    }
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    let at = 0;
    while (this.#received.length - at >= 4) {
      const length = this.#received.readUInt32BE(at);
      if (this.#received.length - at < length) {
        break;
      }
      const serial = this.#received.readUInt32BE(at + 20);
      const resolve = this.#replies.get(serial);
      this.#replies.delete(serial);
      resolve?.(this.#received.subarray(at + 28, at + length));
      at += length;
    }
    this.#received = this.#received.subarray(at);
    this.#pump();
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u32(bytes.length), bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function endOfText(bytes: Buffer, at: number): number {
  return at + 4 + Math.ceil(bytes.readUInt32BE(at) / 4) * 4;
}

/** name, uuid, id */
function endOfDomain(bytes: Buffer, at: number): number {
  return endOfText(bytes, at) + 20;
}
