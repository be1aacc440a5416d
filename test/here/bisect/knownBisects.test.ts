// The bisects that are written down, as rows know them: marks by snapshot, and again when somebody has answered.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBrokenOff } from '../../../src/bisect/bisectMarks.js';
import { BisectStore } from '../../../src/bisect/bisectStore.js';
import { KnownBisects } from '../../../src/bisect/knownBisects.js';
import type { Bisect } from '../../../src/domain/bisect.js';
import { silentLog } from '../../silentLog.js';

const vm = { connection: 'test:///default', uuid: 'u' };
const bisect: Bisect = {
  vm,
  vmName: 'web',
  startedAt: 0,
  line: ['a', 'b', 'c'].map((name, at) => ({ name, title: name, createdAt: at * 1_000 })),
  check: { kind: 'person' },
  network: 'unplugged',
  start: 'started',
  tries: 1,
  checkMs: 1,
  startMs: 1,
  answers: [],
  probes: [],
};
const answers = [
  { point: 0, verdict: 'good', tries: [] },
  { point: 1, verdict: 'bad', tries: [] },
] as const;

describe('known bisects', () => {
  let folder: string;
  let known: KnownBisects;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'known-bisects-'));
    known = new KnownBisects(folder, silentLog);
  });
  afterEach(async () => {
    known.dispose();
    await rm(folder, { recursive: true });
  });

  it('are none where there is no folder of them', async () => {
    await known.read();
    assert.equal(known.of(vm), undefined);
  });

  it('tell of each answer while somebody looks', async () => {
    known.watch('me', true);
    await known.read();
    const seen = new Promise<void>((resolve) => {
      known.onDidChange(() => known.of(vm)?.isOver === true && resolve());
    });
    const held = await new BisectStore(folder, silentLog).lock(vm);
    assert.ok(held !== 'busy');
    await held.put(bisect);
    await held.put({ ...bisect, answers });
    await seen;
    assert.deepEqual(
      known.of(vm)?.marks.map(({ name, mark }) => [name, mark]),
      [
        ['a', 'good'],
        ['b', 'firstBad'],
        ['c', 'bad'],
      ],
    );
    await held.release();
  });

  it('are broken off where they are not over, and nobody is at work', async () => {
    const held = await new BisectStore(folder, silentLog).lock(vm);
    assert.ok(held !== 'busy');
    await held.put(bisect);
    assert.deepEqual(await readBrokenOff(folder, silentLog), []);
    await held.release();
    assert.deepEqual(
      (await readBrokenOff(folder, silentLog)).map(({ vmName }) => vmName),
      ['web'],
    );
  });
});
