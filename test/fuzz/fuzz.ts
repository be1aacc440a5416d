// Feeds a decoder of foreign bytes with changed examples, and says what is wrong with how it took them. The same seed
// and number make the same input again.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, seededRandom } from '../histories/random.js';

export interface Decoder {
  readonly name: string;
  /** What is handed to it, made of a valid example. */
  readonly make: (random: Random) => FuzzInput | Promise<FuzzInput>;
  /** What it may throw; anything else is a fault of ours. */
  readonly throws: readonly (abstract new (...args: never[]) => Error)[];
}

export interface FuzzInput {
  /** As it can be kept for a look. */
  readonly kept: string | Buffer;
  /** What comes of it; promises of itself and of all that it asserts. */
  readonly decode: () => unknown;
}

/** A result may hold so many parts and characters for each byte of what it was made of, and some thousands anyway. */
const mostWeightOfByte = 64;
const mostWeight = 200_000;

const builtIn = [Object.prototype, Array.prototype, String.prototype, Function.prototype];
const builtInKeys = builtIn.map((one) => Reflect.ownKeys(one).length);

/** @returns the longest that one input took, in milliseconds of the processor, which it was, and how many were taken */
export async function fuzz(
  decoder: Decoder,
  { seed, from = 0, count }: { readonly seed: number; readonly from?: number; readonly count: number },
): Promise<{ readonly ms: number; readonly number: number; readonly taken: number }> {
  mkdirSync('artifacts', { recursive: true });
  // For who has to end one that never ends by itself.
  writeFileSync(join('artifacts', 'fuzz'), `${decoder.name}, FUZZ_SEED=${seed}\n`);
  let longest = { ms: 0, number: from };
  let taken = 0;
  for (let number = from; number < from + count; number++) {
    const input = await decoder.make(seededRandom(Math.imul(seed, 0x9e37_79b1) + number));
    const before = process.cpuUsage();
    try {
      taken += (await check(decoder, input)) ? 1 : 0;
    } catch (error) {
      const file = join('artifacts', `fuzz-${decoder.name.replaceAll(/\W+/gu, '-')}-${seed}-${number}`);
      writeFileSync(file, input.kept);
      const again = `FUZZ_SEED=${seed} FUZZ_FROM=${number} npm test -- here --grep "fuzz: ${decoder.name}"`;
      throw new Error(`input ${number} of seed ${seed} (${file}): ${String(error)}\nagain: ${again}`, { cause: error });
    }
    const { user, system } = process.cpuUsage(before);
    if ((user + system) / 1_000 > longest.ms) {
      longest = { ms: (user + system) / 1_000, number };
    }
  }
  return { ...longest, taken };
}

/** False: it was refused, as it may be. */
async function check({ throws }: Decoder, { kept, decode }: FuzzInput): Promise<boolean> {
  let result: unknown;
  try {
    result = await decode();
  } catch (error) {
    if (!throws.some((one) => error instanceof one)) {
      throw error;
    }
    return false;
  } finally {
    builtIn.forEach((one, index) => assert.equal(Reflect.ownKeys(one).length, builtInKeys[index], 'prototype changed'));
  }
  const most = mostWeight + kept.length * mostWeightOfByte;
  assert.ok(weigh(result, most) <= most, `more than ${most} parts came of ${kept.length} bytes`);
  return true;
}

/** Parts and characters of a result, which inherits from nothing that the input named. */
function weigh(value: unknown, most: number): number {
  let weight = 0;
  const left: unknown[] = [value];
  while (left.length > 0 && weight <= most) {
    const one = left.pop();
    weight += typeof one === 'string' ? one.length : 1;
    if (typeof one !== 'object' || one === null) {
      continue;
    }
    const prototype: unknown = Object.getPrototypeOf(one);
    assert.ok(prototype === null || isOfClass(prototype), 'a result inherits from what was read');
    if (one instanceof Uint8Array) {
      weight += one.length;
    } else if (one instanceof Map || one instanceof Set) {
      left.push(...one.keys(), ...one.values());
    } else {
      for (const part of Object.values(one)) {
        left.push(part);
      }
    }
  }
  return weight;
}

function isOfClass(prototype: unknown): boolean {
  const maker: unknown = Reflect.get(Object(prototype) as object, 'constructor');
  return typeof maker === 'function' && maker.prototype === prototype;
}
