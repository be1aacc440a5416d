// Takes values out of bytes as RFC 4506 lays them: big-endian, every item padded to four bytes.
// Never reads past its end and never allocates by a length that the bytes at hand cannot hold. Knows no protocol.

type XdrFault =
  /** An item goes past the end. */
  | 'short'
  /** Bytes are left over. */
  | 'trailing'
  /** A length or count is above what its type allows, or above what the remaining bytes can hold. */
  | 'tooLong'
  /** A value that its type does not have: a boolean that is 2, an unknown arm of a union. */
  | 'badValue';

export class XdrError extends Error {
  override readonly name = 'XdrError';
  constructor(
    readonly fault: XdrFault,
    message: string,
  ) {
    super(message);
  }
}

/** Bytes with their padding. */
export function padLength(length: number): number {
  return (length + 3) & ~3;
}

export class XdrReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  /** The nearest number: exact up to 2^53, without a bigint on the way. */
  u64AsNumber(): number {
    const at = this.#take(8);
    return this.#bytes.readUInt32BE(at) * 4_294_967_296 + this.#bytes.readUInt32BE(at + 4);
  }

  i64AsNumber(): number {
    const at = this.#take(8);
    return this.#bytes.readInt32BE(at) * 4_294_967_296 + this.#bytes.readUInt32BE(at + 4);
  }

  f64(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  bool(): boolean {
    const value = this.u32();
    if (value > 1) {
      throw new XdrError('badValue', `a boolean is ${value}`);
    }
    return value === 1;
  }

  /** A view, which keeps the whole message alive as long as it is kept. */
  fixedView(length: number): Buffer {
    const at = this.#take(padLength(length));
    return this.#bytes.subarray(at, at + length);
  }

  /** All that is left, which needs no padding: a view, as `fixedView`. */
  takeRest(): Buffer {
    const at = this.#take(this.remaining);
    return this.#bytes.subarray(at, this.#end);
  }

  /** A view, as `fixedView`. Padding bytes are not looked at. */
  opaqueView(max: number): Buffer {
    return this.fixedView(this.#length(max));
  }

  /** `max` counts bytes. Bytes that are not UTF-8 become U+FFFD. */
  string(max: number): string {
    const length = this.#length(max);
    const at = this.#take(padLength(length));
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** The count of an array whose elements take at least `elementSize` bytes each. */
  count(max: number, elementSize: number): number {
    const count = this.u32();
    if (count > max || count * elementSize > this.remaining) {
      throw new XdrError('tooLong', `${count} elements, ${max} allowed, ${this.remaining} bytes left`);
    }
    return count;
  }

  /** Says that everything must have been read. */
  end(): void {
    if (this.remaining > 0) {
      throw new XdrError('trailing', `${this.remaining} bytes left over`);
    }
  }

  #length(max: number): number {
    const length = this.u32();
    if (length > max || length > this.remaining) {
      throw new XdrError('tooLong', `${length} bytes, ${max} allowed, ${this.remaining} left`);
    }
    return length;
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) {
      throw new XdrError('short', `${length} bytes wanted, ${this.#end - at} left`);
    }
    this.#at = at + length;
    return at;
  }
}
