// JSON that goes to the disk and comes back from it, where anybody with our rights may have written.
import * as v from 'valibot';

/** `undefined` is as good as absent. */
const plainTypes: ReadonlySet<string> = new Set(['string', 'boolean', 'undefined', 'object']);

export type JsonObject = Readonly<Record<string, unknown>>;

/** Throws for text that is no JSON, and for a key that would change what an object inherits. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === '__proto__') {
      throw new SyntaxError('A key __proto__');
    }
    return value;
  });
}

/** Undefined for what `parseJson` throws for, and for what is nested too deep. */
export function parseSoundJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}

/** Throws for what would come back as something else: a Map as an empty object, NaN as null. */
export function writeJson(value: unknown): string {
  requireJson(value);
  return JSON.stringify(value);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A whole number that counts or tells a time. */
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A time of a snapshot: whole seconds on the disk, as libvirt tells it, and milliseconds here. */
export const snapshotTime = v.pipe(
  count,
  v.transform((seconds) => seconds * 1_000),
);

export function secondsOf(snapshotAt: number): number {
  return Math.floor(snapshotAt / 1_000);
}

/** Undefined for what has not this shape. */
export function parseAs<T>(shape: v.GenericSchema<unknown, T>, value: unknown): T | undefined {
  const read = v.safeParse(shape, value, { abortEarly: true });
  return read.success ? read.output : undefined;
}

function requireJson(value: unknown): void {
  if (typeof value === 'object' && value !== null) {
    if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) {
      throw new TypeError(`No JSON can hold ${Object.prototype.toString.call(value)}`);
    }
    Object.values(value).forEach(requireJson);
  } else if (typeof value === 'number' ? !Number.isFinite(value) : !plainTypes.has(typeof value)) {
    throw new TypeError(`No JSON can hold ${String(value)}`);
  }
}
