import assert from 'node:assert/strict';
import {
  array,
  type Codec,
  exactI64,
  exactU64,
  f64,
  i32,
  opaque,
  optional,
  string,
  struct,
  u32,
  u64,
  union,
} from '../../../src/libvirt/xdr/codec.js';
import { XdrError, XdrReader } from '../../../src/libvirt/xdr/reader.js';
import { XdrWriter } from '../../../src/libvirt/xdr/writer.js';

function written<T>(codec: Codec<T>, value: T): Buffer {
  const writer = new XdrWriter(4);
  codec.write(writer, value);
  return writer.toBytes();
}

function read<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new XdrReader(bytes);
  const value = codec.read(reader);
  reader.end();
  return value;
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function fails(codec: Codec<unknown>, bytes: Uint8Array, fault: XdrError['fault']): void {
  assert.throws(
    () => read(codec, bytes),
    (error) => error instanceof XdrError && error.fault === fault,
  );
}

const shape = union({
  none: { tag: 0, codec: struct({}) },
  size: { tag: -2, codec: u64 },
  name: { tag: 7, codec: string(9) },
});
const record = struct({ name: string(20), sizes: array(u64, 3), note: optional(string(5)), shape });

describe('xdr codecs', () => {
  const rows: readonly (readonly [string, Codec<never>, unknown, string])[] = [
    ['u32', u32, 4_294_967_295, 'ffffffff'],
    ['i32', i32, -2, 'fffffffe'],
    ['u64 as a number', u64, 2 ** 53 - 1, '001fffffffffffff'],
    ['exactU64, safe', exactU64, 5, '0000000000000005'],
    ['exactU64, beyond', exactU64, 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['exactI64, safe', exactI64, -5, 'fffffffffffffffb'],
    ['exactI64, beyond', exactI64, -(2n ** 63n), '8000000000000000'],
    ['f64', f64, 1.5, '3ff8000000000000'],
    ['string without padding', string(8), 'vrew', '00000004 76726577'],
    ['string with padding', string(8), 'VM', '00000002 564d0000'],
    ['string beyond ASCII', string(8), 'ü€', '00000005 c3bce282ac000000'],
    ['empty string', string(8), '', '00000000'],
    ['array', array(i32, 4), [1, -1], '00000002 00000001 ffffffff'],
    ['optional, absent', optional(u32), undefined, '00000000'],
    ['optional, present', optional(u32), 7, '00000001 00000007'],
    ['union', shape, { type: 'size', value: 3 }, 'fffffffe 0000000000000003'],
    [
      'struct',
      record,
      { name: 'a', sizes: [1], note: 'bc', shape: { type: 'name', value: 'd' } },
      '00000001 61000000 00000001 0000000000000001 00000001 00000002 62630000 00000007 00000001 64000000',
    ],
  ] as unknown as (readonly [string, Codec<never>, unknown, string])[];
  for (const [name, codec, value, bytes] of rows) {
    it(`${name}: the bytes of RFC 4506, and back`, () => {
      assert.deepEqual(written(codec, value as never), hex(bytes));
      assert.deepEqual(read(codec, hex(bytes)), value);
    });
    it(`${name}: cut short at every byte, an error and never a value`, () => {
      const whole = hex(bytes);
      for (let length = 0; length < whole.length; length++) {
        assert.throws(() => read(codec, whole.subarray(0, length)), XdrError, `cut at ${length}`);
      }
    });
    it(`${name}: a byte too many is noticed`, () => {
      fails(codec, Buffer.concat([hex(bytes), Buffer.alloc(4)]), 'trailing');
    });
  }

  it('opaque bytes: there and back', () => {
    const bytes = hex('00000003 01020300');
    const value = read(opaque(3), bytes);
    assert.deepEqual([...value], [1, 2, 3]);
    assert.deepEqual(written(opaque(3), value), bytes);
    fails(opaque(3), bytes.subarray(0, 7), 'short');
    fails(opaque(2), bytes, 'tooLong');
  });

  it('reads a u64 above 2^53 as the nearest number', () => {
    assert.equal(read(u64, hex('ffffffffffffffff')), 2 ** 64);
  });

  it('does not look at padding', () => {
    assert.equal(read(string(8), hex('00000001 61ffffff')), 'a');
  });
});

describe('xdr, hostile bytes', () => {
  it('refuses a string longer than its type allows', () => fails(string(3), hex('00000004 61616161'), 'tooLong'));
  it('refuses a string longer than what is left', () => fails(string(0xffff_ffff), hex('ffffffff 6161'), 'tooLong'));
  it('refuses opaque bytes longer than what is left', () =>
    fails(opaque(0xffff_ffff), hex('7fffffff 6161'), 'tooLong'));
  it('refuses a count above its limit', () => fails(array(u32, 1), hex('00000002 00000000 00000000'), 'tooLong'));
  it('refuses a count that the bytes left cannot hold, before reading an element', () => {
    let reads = 0;
    const counting: Codec<number> = { ...u32, read: () => ++reads };
    fails(array(counting, 0xffff_ffff), hex('40000000 00000000'), 'tooLong');
    assert.equal(reads, 0);
  });
  it('takes the smallest size of a structure for that', () => {
    const pair = struct({ a: u64, b: string(4) });
    assert.equal(pair.minSize, 12);
    fails(array(pair, 100), hex('00000002 0000000000000000 00000000 00000000'), 'tooLong');
  });
  it('refuses an optional that is neither', () => fails(optional(u32), hex('ffffffff 00000000'), 'badValue'));
  it('refuses an arm that a union does not have', () => fails(shape, hex('00000001 0000000000000000'), 'badValue'));
  it('refuses a length whose padding is missing', () => fails(string(8), hex('00000002 5656'), 'short'));
});

describe('xdr, values that a type cannot hold', () => {
  const rows: readonly (readonly [string, () => unknown])[] = [
    ['u32 negative', () => written(u32, -1)],
    ['u32 too large', () => written(u32, 2 ** 32)],
    ['u32 fraction', () => written(u32, 0.5)],
    ['i32 too large', () => written(i32, 2 ** 31)],
    ['u64 not exact', () => written(u64, 2 ** 53)],
    ['u64 negative', () => written(exactU64, -1n)],
    ['i64 too large', () => written(exactI64, 2n ** 63n)],
    ['string too long in bytes', () => written(string(3), 'ü€')],
    ['array too long', () => written(array(u32, 1), [1, 2])],
    ['opaque too long', () => written(opaque(1), new Uint8Array(2))],
    ['an arm that is not there', () => written(shape, { type: 'other', value: 1 } as never)],
  ];
  for (const [name, write] of rows) {
    it(name, () => assert.throws(write, RangeError));
  }
});
