// A codec is a type that exists at run time: it reads and writes one, and TypeScript infers the value's type from it.
// Everything of variable length carries its limit. Knows RFC 4506 and no protocol.
import { XdrError, type XdrReader } from './reader.js';
import type { XdrWriter } from './writer.js';

export interface Codec<T> {
  /** The fewest bytes a value takes: what proves a hostile count wrong before anything is allocated for it. */
  readonly minSize: number;
  /** Throws XdrError. */
  read(reader: XdrReader): T;
  /** Throws RangeError for a value that the type cannot hold. */
  write(writer: XdrWriter, value: T): void;
}

export type ValueOf<C> = C extends Codec<infer T> ? T : never;

export const u32: Codec<number> = { minSize: 4, read: (r) => r.u32(), write: (w, v) => w.u32(v) };
export const i32: Codec<number> = { minSize: 4, read: (r) => r.i32(), write: (w, v) => w.i32(v) };
export const f64: Codec<number> = { minSize: 8, read: (r) => r.f64(), write: (w, v) => w.f64(v) };

/** For sizes, counts and times. Above 2^53 (nine petabytes) the nearest number; `exactU64` where that will not do. */
export const u64: Codec<number> = { minSize: 8, read: (r) => r.u64AsNumber(), write: (w, v) => w.u64(v) };

/** A number where it is exact, otherwise a bigint. */
export const exactU64: Codec<number | bigint> = {
  minSize: 8,
  read: (r) => narrow(r.u64()),
  write: (w, v) => w.u64(v),
};
export const exactI64: Codec<number | bigint> = {
  minSize: 8,
  read: (r) => narrow(r.i64()),
  write: (w, v) => w.i64(v),
};

function narrow(value: bigint): number | bigint {
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

/** `max` counts bytes of UTF-8. */
export function string(max: number): Codec<string> {
  return { minSize: 4, read: (r) => r.string(max), write: (w, v) => w.string(v, max) };
}

/** The bytes of a string or opaque item as they are: a view of the message, to be used soon or copied. */
export function opaque(max: number): Codec<Uint8Array> {
  return { minSize: 4, read: (r) => r.opaqueView(max), write: (w, v) => w.opaque(v, max) };
}

export function array<T>(element: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    minSize: 4,
    read: (r) => {
      const count = r.count(max, element.minSize);
      const values: T[] = [];
      for (let i = 0; i < count; i++) {
        values.push(element.read(r));
      }
      return values;
    },
    write: (w, values) => {
      if (values.length > max) {
        throw new RangeError(`${values.length} elements, ${max} allowed`);
      }
      w.u32(values.length);
      for (const value of values) {
        element.write(w, value);
      }
    },
  };
}

/** A boolean and, if it is true, the value: rpcgen's pointer. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    minSize: 4,
    read: (r) => (r.bool() ? codec.read(r) : undefined),
    write: (w, v) => {
      w.bool(v !== undefined);
      if (v !== undefined) {
        codec.write(w, v);
      }
    },
  };
}

export type Fields = Readonly<Record<string, Codec<never> | Codec<unknown>>>;
export type StructOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** The fields one after the other, in the order in which they are written down. Field names must not be integers. */
export function struct<F extends Fields>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields) as [string, Codec<unknown>][];
  return {
    minSize: entries.reduce((sum, [, codec]) => sum + codec.minSize, 0),
    read: (r) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) {
        value[name] = codec.read(r);
      }
      return value as StructOf<F>;
    },
    write: (w, value) => {
      for (const [name, codec] of entries) {
        codec.write(w, value[name]);
      }
    },
  };
}

type Arms = Readonly<Record<string, { readonly tag: number; readonly codec: Codec<never> | Codec<unknown> }>>;
type UnionOf<A extends Arms> = {
  readonly [K in keyof A]: { readonly type: K; readonly value: ValueOf<A[K]['codec']> };
}[keyof A];

/** A union told apart by a signed integer before the value. */
export function union<A extends Arms>(arms: A): Codec<UnionOf<A>> {
  const byTag = new Map(Object.entries(arms).map(([type, arm]) => [arm.tag, { type, codec: arm.codec }]));
  return {
    minSize: 4 + Math.min(...Object.values(arms).map((arm) => arm.codec.minSize)),
    read: (r) => {
      const tag = r.i32();
      const arm = byTag.get(tag);
      if (arm === undefined) {
        throw new XdrError('badValue', `no arm ${tag} in this union`);
      }
      return { type: arm.type, value: arm.codec.read(r) } as UnionOf<A>;
    },
    write: (w, value) => {
      const arm = arms[value.type as string];
      if (arm === undefined) {
        throw new RangeError(`no arm ${String(value.type)} in this union`);
      }
      w.i32(arm.tag);
      (arm.codec as Codec<unknown>).write(w, value.value);
    },
  };
}
