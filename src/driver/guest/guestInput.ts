// What a hand does at a VM: keys through libvirt, the pointer through the VNC server of the display, for which libvirt
// has no call. RFB as RFC 6143 has it, no more of it than a click needs.
import { createCipheriv } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Chord, Click } from '../../domain/keys.js';
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';

/** VIR_KEYCODE_SET_LINUX */
const linuxKeys = 0;
/** How long keys are down, in milliseconds. QEMU lets them up by its own clock, and the next ones wait for that. */
const holdMs = 20;

/** In their order. Those that were sent when the signal aborts stay pressed once. Rejects with a LibvirtError. */
export async function pressKeys(
  connection: Connection,
  uuid: string,
  chords: readonly Chord[],
  signal: AbortSignal,
): Promise<void> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  for (const [at, keycodes] of chords.entries()) {
    signal.throwIfAborted();
    // QEMU keeps what comes too early in a queue that has an end.
    await (at === 0 ? undefined : wait(holdMs, undefined, { signal }));
    await connection.call('domainSendKey', { dom, codeset: linuxKeys, holdtime: holdMs, keycodes, flags: 0 });
  }
}

/** More than the longest answer that is waited for: a name, a reason. */
const mostText = 4_096;
const patienceMs = 10_000;
const buttons = { left: 1, middle: 2, right: 4 } as const;
const security = { none: 1, password: 2 } as const;
/** QEMU's message that says whether the guest's pointer is at a place, or is moved by distances. */
const pointerKind = -257;
const raw = 0;
/** 3,840 × 2,160, four times. */
const mostPixelBytes = 128 * 1024 * 1024;

interface Rectangle {
  readonly x: number;
  readonly encoding: number;
}

/**
 * At a place of the display, in pixels as a screenshot has them.
 * @param display the stream of its VNC server; it is closed
 * @throws Failure `unsupported` where the guest's pointer has no places, `failed`
 */
export async function clickAt(display: Duplex, { x, y, button, times }: Click, password?: string): Promise<void> {
  const timer = setTimeout(
    () => display.destroy(new Failure('failed', { libvirtMessage: 'the display did not answer' })),
    patienceMs,
  );
  const server = new RfbServer(display);
  try {
    const size = await server.greet(password);
    if (x >= size.width || y >= size.height) {
      throw new Failure('failed', {
        libvirtMessage: `the display has ${size.width} × ${size.height} pixels, so nothing is at ${x}, ${y}`,
      });
    }
    if (!(await server.hasPlaces())) {
      throw new Failure('unsupported', {
        libvirtMessage: 'the VM has no tablet or touch device, so its pointer cannot be set to a place',
      });
    }
    server.point(x, y, 0);
    for (let left = times; left > 0; left--) {
      server.point(x, y, buttons[button]);
      await server.settle();
      server.point(x, y, 0);
      await server.settle();
    }
  } finally {
    clearTimeout(timer);
    display.destroy();
  }
}

class RfbServer {
  readonly #stream: Duplex;
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #pixelBytes = 4;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#pieces = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async greet(password: string | undefined): Promise<{ readonly width: number; readonly height: number }> {
    if (!/^RFB 003\.00[78]\n$/u.test((await this.#read(12)).toString('latin1'))) {
      throw new Failure('unsupported', { libvirtMessage: 'the display speaks no RFB 3.7 or 3.8' });
    }
    this.#stream.write('RFB 003.008\n');
    const kinds = [...(await this.#read(await this.#number(1)))];
    if (kinds.includes(security.none)) {
      this.#stream.write(Uint8Array.of(security.none));
    } else if (kinds.includes(security.password) && password !== undefined) {
      this.#stream.write(Uint8Array.of(security.password));
      this.#stream.write(answerTo(await this.#read(16), password));
    } else {
      throw new Failure('denied', { libvirtMessage: 'the display asks for what is not known' });
    }
    if ((await this.#number(4)) !== 0) {
      throw new Failure('denied', { libvirtMessage: (await this.#text()) || 'the display refused' });
    }
    // Others may look at it too.
    this.#stream.write(Uint8Array.of(1));
    const [width, height] = [await this.#number(2), await this.#number(2)];
    this.#pixelBytes = (await this.#read(16)).readUInt8(0) / 8;
    await this.#text();
    return { width, height };
  }

  /** Whether the guest's pointer can be set to a place. */
  async hasPlaces(): Promise<boolean> {
    const message = Buffer.alloc(8);
    message.writeUInt8(2, 0);
    message.writeUInt16BE(1, 2);
    message.writeInt32BE(pointerKind, 4);
    this.#stream.write(message);
    for (const { x, encoding } of await this.#rectangles()) {
      if (encoding === pointerKind) {
        return x === 1;
      }
    }
    return false;
  }

  point(x: number, y: number, mask: number): void {
    const message = Buffer.alloc(6);
    message.writeUInt8(5, 0);
    message.writeUInt8(mask, 1);
    message.writeUInt16BE(x, 2);
    message.writeUInt16BE(y, 4);
    this.#stream.write(message);
  }

  /** Resolves when it has taken all that was sent, and a guest that looks at its pointer now and then has seen it. */
  async settle(): Promise<void> {
    const message = Buffer.alloc(10);
    message.writeUInt8(3, 0);
    message.writeUInt16BE(1, 6);
    message.writeUInt16BE(1, 8);
    this.#stream.write(message);
    await this.#rectangles();
    await wait(holdMs);
  }

  /** Of the next update; whatever the server says before is passed over. */
  async #rectangles(): Promise<readonly Rectangle[]> {
    for (let kind = await this.#number(1); kind !== 0; kind = await this.#number(1)) {
      // A bell, and what was copied in the guest.
      if (kind !== 2 && kind !== 3) {
        throw new Failure('failed', { libvirtMessage: `the display sent a message of kind ${kind}` });
      }
      if (kind === 3) {
        await this.#read(3);
        await this.#skip(await this.#number(4));
      }
    }
    await this.#read(1);
    const found: Rectangle[] = [];
    for (let left = await this.#number(2); left > 0; left--) {
      const head = await this.#read(12);
      const encoding = head.readInt32BE(8);
      if (encoding === raw) {
        await this.#skip(head.readUInt16BE(4) * head.readUInt16BE(6) * this.#pixelBytes);
      } else if (encoding !== pointerKind) {
        throw new Failure('failed', { libvirtMessage: `the display sent the encoding ${encoding}` });
      }
      found.push({ x: head.readUInt16BE(0), encoding });
    }
    return found;
  }

  /** All of the display may come, if it changes. */
  async #skip(size: number): Promise<void> {
    if (size > mostPixelBytes) {
      throw new Failure('failed', { libvirtMessage: 'the display said more than it may' });
    }
    for (let left = size; left > 0;) {
      const part = Math.min(left, this.#rest.length || 1);
      await this.#read(part);
      left -= part;
    }
  }

  async #number(size: 1 | 2 | 4): Promise<number> {
    return (await this.#read(size)).readUIntBE(0, size);
  }

  async #text(): Promise<string> {
    const size = await this.#number(4);
    if (size > mostText) {
      throw new Failure('failed', { libvirtMessage: 'the display said more than it may' });
    }
    return (await this.#read(size)).toString('utf8');
  }

  async #read(size: number): Promise<Buffer> {
    while (this.#rest.length < size) {
      const { done, value } = (await this.#pieces.next()) as IteratorResult<Buffer, undefined>;
      if (done === true) {
        throw new Failure('failed', { libvirtMessage: 'the display ended the connection' });
      }
      this.#rest = Buffer.concat([this.#rest, value]);
    }
    const read = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(size);
    return read;
  }
}

/** DES with the password's bytes, their bits turned round; thrice with one key is once, which OpenSSL 3 still has. */
function answerTo(challenge: Buffer, password: string): Buffer {
  const key = Buffer.alloc(8);
  Buffer.from(password, 'latin1').copy(key, 0, 0, 8);
  const turned = key.map((byte) =>
    Array.from({ length: 8 }, (_, bit) => ((byte >> bit) & 1) << (7 - bit)).reduce((a, b) => a | b),
  );
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([turned, turned, turned]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}
