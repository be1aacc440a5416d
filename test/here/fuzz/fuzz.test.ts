// Each reader of foreign bytes, for some inputs that are the same each time, and some that nobody has tried.
//   FUZZ_MINUTES=10 npm test -- here --grep "fuzz: XML"    as long for each of them; says what took longest
//   FUZZ_SEED=7 FUZZ_FROM=12 npm test -- here --grep …     one input again
import assert from 'node:assert/strict';
import { families } from '../../fuzz/decoders.js';
import { type Decoder, fuzz } from '../../fuzz/fuzz.js';
import { allRows } from '../../allRows.js';

const { FUZZ_SEED: seed, FUZZ_FROM: from, FUZZ_MINUTES: minutes } = process.env;
const inputs = 60;

describe('fuzz', () => {
  for (const decoder of Object.values<readonly Decoder[]>(families).flat()) {
    it(`fuzz: ${decoder.name}`, async () => {
      if (from !== undefined) {
        await fuzz(decoder, { seed: Number(seed), from: Number(from), count: 1 });
      } else if (minutes !== undefined) {
        await fuzzFor(decoder, Number(minutes));
      } else {
        const { taken } = await fuzz(decoder, { seed: 1, count: inputs });
        assert.ok(taken > 0, 'nothing gets past its first check');
        await fuzz(decoder, { seed: newSeed(), count: allRows ? inputs : 10 });
      }
    });
  }
});

function newSeed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

async function fuzzFor(decoder: Decoder, minutes: number): Promise<void> {
  const until = performance.now() + minutes * 60_000;
  let most = { ms: 0, text: '' };
  let count = 0;
  for (let at = Number(seed ?? newSeed()); performance.now() < until; at++) {
    const { ms, number } = await fuzz(decoder, { seed: at, count: inputs });
    count += inputs;
    if (ms > most.ms) {
      most = { ms, text: `FUZZ_SEED=${at} FUZZ_FROM=${number}` };
    }
  }
  process.stderr.write(`${decoder.name}: ${count} inputs, at most ${most.ms.toFixed(0)} ms (${most.text})\n`);
}
