// What guests feel of a copy, and how it gives way: on a made-up host whose disks are slow while the program works.
import assert from 'node:assert/strict';
import type { GuestTimes } from '../../../src/domain/guestTimes.js';
import { parseGuestTimes } from '../../../src/driver/connection/guestTimes.js';
import { GuestCare } from '../../../src/transfer/guestCare.js';
import { FakeClock } from '../engine/fakeClock.js';

/** One request after the other. */
class MadeUpHost {
  readonly clock = new FakeClock();
  readonly pauses: number[] = [];
  isUsed = true;
  #paused = 0;
  #count = 0;
  #ms = 0;
  #at = this.clock.ticks();

  /** @param slow how many times as long a request takes while the program works */
  constructor(readonly slow: number) {}

  read = (): Promise<ReadonlyMap<string, GuestTimes>> => {
    for (; this.#at < this.clock.ticks(); this.#at++) {
      const took = this.#at < this.#paused ? 2 : 2 * this.slow;
      this.#count += this.isUsed ? 1 / took : 0;
      this.#ms += this.isUsed ? 1 : 0;
    }
    const writes = { count: this.#count, ms: this.#ms };
    return Promise.resolve(new Map([['vm', { writes, reads: { count: 0, ms: 0 } }]]));
  };

  pause = (ms: number): void => {
    this.pauses.push(this.clock.ticks());
    this.#paused = this.clock.ticks() + ms;
  };
}

async function copyFor(host: MadeUpHost, ms: number): Promise<GuestCare> {
  const care = new GuestCare(host);
  const over = new AbortController();
  const steered = care.steer(host.pause, over.signal);
  for (let passed = 0; passed < ms; passed += 50) {
    await host.clock.advance(50);
  }
  over.abort();
  await steered;
  return care;
}

describe('what guests feel of a copy', () => {
  it('slows it down to half while they wait longer, and says how much longer', async () => {
    const host = new MadeUpHost(3);
    const { felt } = await copyFor(host, 60_000);
    const [before = 0, last = 0] = host.pauses.slice(-2);
    assert.equal(last - before, 1_000);
    // Half of the time three times as long: of the requests, a quarter.
    assert.ok((felt.writes ?? 0) > 1.4 && (felt.writes ?? 0) < 1.8, JSON.stringify(felt));
    assert.equal(felt.reads, undefined);
  });

  it('leaves it alone but for few looks where they feel nothing', async () => {
    const host = new MadeUpHost(1);
    const { felt } = await copyFor(host, 120_000);
    assert.equal(felt.writes, 1);
    assert.ok(host.pauses.length < 12, String(host.pauses.length));
  });

  it('never pauses it where no guest uses its disks', async () => {
    const host = new MadeUpHost(3);
    host.isUsed = false;
    const { felt } = await copyFor(host, 60_000);
    assert.deepEqual([host.pauses, felt], [[], {}]);
  });

  for (const [how, read] of [
    ['the connection is lost', (): Promise<never> => Promise.reject(new Error('lost'))],
    ['nobody answers', (): Promise<never> => new Promise(() => undefined)],
  ] as const) {
    it(`slows nothing where ${how}`, async () => {
      const host = new MadeUpHost(3);
      const answered = host.read;
      let looks = 0;
      host.read = () => (++looks > 2 ? read() : answered());
      const { felt } = await copyFor(host, 60_000);
      assert.deepEqual([host.pauses.length <= 1, felt], [true, {}]);
    });
  }

  it('counts a flush as part of writes, and all disks together', () => {
    const of = (fields: Record<string, number>): Parameters<typeof parseGuestTimes>[0] =>
      Object.entries(fields).map(([field, value]) => ({ field, value: { type: 'ullong', value } }));
    const told = of({
      ...{ 'block.count': 2, 'block.0.rd.reqs': 4, 'block.0.rd.times': 8e6, 'block.0.wr.reqs': 10 },
      ...{ 'block.0.wr.times': 30e6, 'block.0.fl.reqs': 2, 'block.0.fl.times': 10e6 },
      ...{ 'block.1.wr.reqs': 5, 'block.1.wr.times': 5e6, 'block.1.wr.bytes': 7, 'state.state': 1 },
    });
    const { writes, reads } = parseGuestTimes(told);
    assert.deepEqual([writes.count, Math.round(writes.ms), reads.count, Math.round(reads.ms)], [15, 45, 4, 8]);
  });
});
