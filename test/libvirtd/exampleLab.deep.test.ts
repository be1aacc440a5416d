// A hundred times what exampleLab.more.test.ts does a few times; and nothing grows by it.
import assert from 'node:assert/strict';
import { ExampleLab } from './exampleLab.js';

const rounds = Number(process.env['LAB_ROUNDS'] ?? 100);
/** From then on the oldest checkpoint goes for each that comes. */
const settled = 4;

describe('the example of a lab, many times', () => {
  let example: ExampleLab;

  before(async () => {
    example = await ExampleLab.put();
  });
  after(() => example.daemon.stop());

  it(`is broken, reset and tested ${String(rounds)} times, and leaves no more behind than a few times`, async () => {
    await example.create();
    const counts: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await example.break();
      await example.reset();
      await example.test();
      const { snapshots, files } = await example.left();
      // The log of operations keeps 200 of each VM; a record stays of each checkpoint that was taken, some 200 bytes.
      counts.push(snapshots + files.filter((file) => !/^state\/(?:operations|records)\//u.test(file)).length);
    }
    assert.equal(Math.max(...counts), Math.max(...counts.slice(0, settled)), counts.join(' '));
  });
});
