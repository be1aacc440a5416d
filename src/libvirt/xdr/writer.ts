// Lays values into bytes as RFC 4506 wants them. Grows by doubling and can be used again after `reset`.
// Knows no protocol; refuses a value that its type cannot hold with a RangeError.
import { padLength } from './reader.js';

export class XdrWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(initialSize = 1024) {
    this.#bytes = Buffer.alloc(initialSize);
  }

  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  /** A copy of what was written. */
  toBytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  u32(value: number): void {
    const at = this.#add(4);
    this.#bytes.writeUInt32BE(integer(value, 0, 4_294_967_295), at);
  }

  i32(value: number): void {
    const at = this.#add(4);
    this.#bytes.writeInt32BE(integer(value, -2_147_483_648, 2_147_483_647), at);
  }

  u64(value: number | bigint): void {
    const exact = exactly(value, 0n, 18_446_744_073_709_551_615n);
    const at = this.#add(8);
    this.#bytes.writeBigUInt64BE(exact, at);
  }

  i64(value: number | bigint): void {
    const exact = exactly(value, -9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n);
    const at = this.#add(8);
    this.#bytes.writeBigInt64BE(exact, at);
  }

  f64(value: number): void {
    const at = this.#add(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  bool(value: boolean): void {
    this.u32(value ? 1 : 0);
  }

  /** As it is, without padding: nothing may follow it. */
  raw(value: Uint8Array): void {
    const at = this.#add(value.length);
    this.#bytes.set(value, at);
  }

  writeFixed(value: Uint8Array): void {
    const at = this.#add(padLength(value.length));
    this.#bytes.fill(0, at + value.length, this.#length);
    this.#bytes.set(value, at);
  }

  opaque(value: Uint8Array, max: number): void {
    this.u32(atMost(value.length, max));
    this.writeFixed(value);
  }

  string(value: string, max: number): void {
    const length = atMost(Buffer.byteLength(value), max);
    this.u32(length);
    const at = this.#add(padLength(length));
    this.#bytes.fill(0, at + length, this.#length);
    this.#bytes.write(value, at, 'utf8');
  }

  /** Overwrites a word that was written before. */
  patchU32(value: number, at: number): void {
    this.#bytes.writeUInt32BE(value, at);
  }

  /** Makes room first: `#bytes` must be looked at only after it. */
  #add(length: number): number {
    const at = this.#length;
    const needed = at + length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}

function integer(value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${value} is not an integer from ${min} to ${max}`);
  }
  return value;
}

function exactly(value: number | bigint, min: bigint, max: bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is not an exact integer`);
  }
  const exact = BigInt(value);
  if (exact < min || exact > max) {
    throw new RangeError(`${exact} is not an integer from ${min} to ${max}`);
  }
  return exact;
}

function atMost(length: number, max: number): number {
  if (length > max) {
    throw new RangeError(`${length} bytes, ${max} allowed`);
  }
  return length;
}
