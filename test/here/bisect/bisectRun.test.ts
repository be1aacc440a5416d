// A bisect on clones that are made up: in parallel, flaky, with clones that stay, and killed at each moment of it.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BisectRun, type Probes } from '../../../src/bisect/bisectRun.js';
import { BisectStore, parseBisect } from '../../../src/bisect/bisectStore.js';
import { atOnce, Bisects } from '../../../src/bisect/bisects.js';
import { knowledgeOf } from '../../../src/bisect/search.js';
import { BisectStop } from '../../../src/bisect/bisectStop.js';
import type { ProbesEngine } from '../../../src/bisect/cloneProbes.js';
import type { Bisect, BisectTry, Verdict } from '../../../src/domain/bisect.js';
import { planLines, resultLines } from '../../../src/text/operations/bisectText.js';
import type { UseOfVm } from '../../../src/domain/clone.js';
import { silentLog } from '../../silentLog.js';
import { ref } from '../../unit/domain/someFacts.js';

const given: Bisect = {
  vm: ref,
  vmName: 'web test',
  startedAt: 1_800_000_000_000,
  line: Array.from({ length: 32 }, (_, at) => ({
    name: `s${at}`,
    title: `S ${at}`,
    createdAt: 1_700_000_000_000 + at * 1_000,
  })),
  check: { kind: 'host', program: '/bin/true', args: ['x'] },
  network: 'unplugged',
  start: 'off',
  tries: 1,
  checkMs: 1_000,
  startMs: 1_000,
  answers: [],
  probes: [],
};

/** Clones that are there by name; the first bad one is 19. */
class FakeProbes implements Probes {
  readonly there = new Set<string>();
  readonly judged: number[] = [];
  most = 0;
  verdict = (point: number): BisectTry => ({ verdict: point < 19 ? 'good' : 'bad', exit: point < 19 ? 0 : 1 });
  removal: () => Promise<readonly UseOfVm[]> = () => Promise.resolve([]);

  async judge(
    point: { name: string },
    { name }: { name: string },
    signal: AbortSignal,
  ): Promise<BisectTry | undefined> {
    this.there.add(name);
    this.most = Math.max(this.most, this.there.size);
    await new Promise(setImmediate);
    const at = Number(point.name.slice(1));
    this.judged.push(at);
    return signal.aborted ? undefined : this.verdict(at);
  }

  async remove({ name }: { name: string }): Promise<readonly UseOfVm[]> {
    const uses = await this.removal();
    if (uses.length === 0) {
      this.there.delete(name);
    }
    return uses;
  }
}

type Options = ConstructorParameters<typeof BisectRun>[0];

const run = (probes: Probes, more: Partial<Options> = {}): BisectRun =>
  new BisectRun({ bisect: given, held: { put: () => Promise.resolve() }, probes, atOnce: 1, log: silentLog, ...more });
const never = new AbortController().signal;

describe('bisect: carried out', () => {
  it('finds it, one at a time and several at once, and leaves no clone', async () => {
    for (const [together, most] of [
      [1, 6],
      [2, 8],
      [3, 9],
    ] as const) {
      const probes = new FakeProbes();
      const bisect = run(probes, { atOnce: together });
      const { newestGood, oldestBad } = await bisect.run(never);
      assert.deepEqual([newestGood, oldestBad], [18, 19]);
      assert.deepEqual([probes.there.size, bisect.bisect.probes.length, probes.most], [0, 0, together]);
      assert.ok(probes.judged.length <= most, `${probes.judged.length} probes`);
    }
  });

  it('gives up a probe that another one has made useless', async () => {
    const probes = new FakeProbes();
    const aborted: string[] = [];
    const slow: Probes = {
      remove: (probe) => probes.remove(probe),
      judge: async (point, probe, signal) => {
        if (point.name !== 's21' || probes.judged.length > 0) {
          return probes.judge(point, probe, signal);
        }
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        aborted.push(point.name);
        return undefined;
      },
    };
    probes.verdict = (point) => ({ verdict: point < 5 ? 'good' : 'bad' });
    const bisect = run(slow, { atOnce: 2 });
    assert.equal((await bisect.run(never)).oldestBad, 5);
    assert.deepEqual(aborted, ['s21']);
    assert.ok(bisect.bisect.answers.every(({ point }) => point !== 21));
  });

  it('tries a flaky check again, each time on a new clone, and keeps what each try said', async () => {
    const probes = new FakeProbes();
    const names = new Set<string>();
    const steady = probes.verdict;
    probes.verdict = (point) => {
      probes.there.forEach((name) => names.add(name));
      // Each second look at 19 says good.
      return point === 19 && probes.judged.filter((one) => one === 19).length === 1
        ? { verdict: 'good' }
        : steady(point);
    };
    const bisect = run(probes, { bisect: { ...given, tries: 3 } });
    assert.equal((await bisect.run(never)).oldestBad, 19);
    const flaky = bisect.bisect.answers.find(({ point }) => point === 19);
    assert.deepEqual(
      flaky?.tries.map(({ verdict }) => verdict),
      ['good', 'bad', 'bad'],
    );
    assert.equal(names.size, probes.judged.length);
  });

  it('keeps a clone that cannot be removed in mind, and removes it first the next time', async () => {
    const probes = new FakeProbes();
    let fails = 1;
    probes.removal = () => (fails-- > 0 ? Promise.reject(new Error('busy')) : Promise.resolve([]));
    const first = run(probes);
    await first.run(never);
    assert.deepEqual([first.bisect.probes.length, probes.there.size], [1, 1]);
    const second = run(probes, { bisect: first.bisect });
    await second.run(never);
    assert.deepEqual([second.bisect.probes.length, probes.there.size], [0, 0]);
  });

  it('forgets a clone that somebody has used, and says so', async () => {
    const probes = new FakeProbes();
    let used = 1;
    probes.removal = () => Promise.resolve(used-- > 0 ? ['snapshots'] : []);
    const stays: string[] = [];
    const onNews: Options['onNews'] = (news) => (news.kind === 'stays' ? stays.push(news.probe.name) : undefined);
    const bisect = run(probes, { onNews });
    await bisect.run(never);
    assert.equal(bisect.bisect.probes.length, 0);
    assert.deepEqual([...probes.there], stays);
  });

  it('ends all that is under way when one fails, and keeps what was found', async () => {
    const probes = new FakeProbes();
    const steady = probes.verdict;
    probes.verdict = (point) => {
      if (point > 20 && point < 25) {
        throw new Error('nothing can be said');
      }
      return steady(point);
    };
    const bisect = run(probes, {
      bisect: { ...given, answers: [{ point: 16, verdict: 'good', tries: [] }] },
      atOnce: 2,
    });
    await assert.rejects(bisect.run(never), /nothing can be said/u);
    assert.equal(probes.there.size, 0);
  });

  it('killed at each write: the next one removes what is left, and finds the same', async () => {
    for (let kill = 1; ; kill += 1) {
      const probes = new FakeProbes();
      let written = given;
      let writes = 0;
      const over = { is: false };
      const dead = new Promise<never>(() => undefined);
      const put = (bisect: Bisect): Promise<void> => {
        writes += 1;
        if (writes > kill) {
          return dead;
        }
        written = parseBisect(JSON.parse(JSON.stringify({ version: 1, ...bisect })))!;
        return writes === kill ? dead : Promise.resolve();
      };
      const ended = await Promise.race([
        run(probes, { held: { put }, atOnce: 2 })
          .run(never)
          .then(() => {
            over.is = true;
            return 'ended' as const;
          }),
        (async () => {
          while (writes < kill && !over.is) {
            await new Promise(setImmediate);
          }
          // What the dead one had begun goes on to where it writes next.
          for (let turn = 0; turn < 4; turn += 1) {
            await new Promise(setImmediate);
          }
          return 'killed' as const;
        })(),
      ]);
      if (ended === 'ended') {
        assert.ok(kill > 15);
        return;
      }
      assert.ok([...probes.there].every((name) => written.probes.some((probe) => probe.name === name)));
      const next = run(probes, { bisect: written });
      assert.equal((await next.run(never)).oldestBad, 19);
      assert.equal(probes.there.size, 0);
    }
  });
});

describe('bisect: written down', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bisect-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = async (): Promise<string> => {
    const [id = ''] = await readdir(join(folder, 'bisects'));
    return join(folder, 'bisects', id, 'bisect.json');
  };

  it('comes back as it was, is held by one, and is forgotten', async () => {
    const store = new BisectStore(folder, silentLog);
    const held = await store.lock(ref);
    assert.ok(held !== 'busy');
    assert.equal(await held.read(), undefined);
    const one: Bisect = {
      ...given,
      jobs: 2,
      answers: [
        {
          point: 3,
          verdict: 'bad',
          tries: [
            { verdict: 'bad', exit: 1 },
            { verdict: 'bad', why: 'late' },
          ],
        },
      ],
      probes: [{ point: 4, name: 'n', uuid: ref.uuid }],
    };
    await held.put(one);
    assert.equal(await store.lock(ref), 'busy');
    assert.deepEqual(await store.of(ref), one);
    assert.deepEqual((await store.list()).bisects, [one]);
    await held.release();
    const again = await store.lock(ref);
    assert.ok(again !== 'busy');
    await again.forget();
    assert.deepEqual(await store.list(), { bisects: [], unreadable: [] });
  });

  it('begins nothing that could not be read again, and takes a long word', async () => {
    const bisects = new Bisects({ engine: {} as ProbesEngine, folder, log: silentLog, environment: {} });
    const withWord = (length: number): Bisect => ({
      ...given,
      check: { kind: 'host', program: 'sh', args: ['-c', 'x'.repeat(length)] },
    });
    await assert.rejects(
      bisects.begin(withWord(200_000)),
      (error: unknown) => error instanceof BisectStop && error.reason.kind === 'tooLong',
    );
    assert.equal(await bisects.of(ref), undefined);
    const open = await bisects.begin(withWord(100_000));
    await open.release();
    assert.deepEqual((await bisects.of(ref))?.check, withWord(100_000).check);
  });

  it('does not write over what it cannot read: clones may be left', async () => {
    const bisects = new Bisects({ engine: {} as ProbesEngine, folder, log: silentLog, environment: {} });
    const held = await new BisectStore(folder, silentLog).lock(ref);
    assert.ok(held !== 'busy');
    await held.put(given);
    await held.release();
    const later = (await readFile(await file(), 'utf8')).replace('"version":1', '"version":2');
    await writeFile(await file(), later);
    for (let time = 0; time < 2; time++) {
      await assert.rejects(
        bisects.begin(given),
        (error: unknown) => error instanceof BisectStop && error.reason.kind === 'unreadable',
      );
    }
    assert.equal(await readFile(await file(), 'utf8'), later);
  });

  it('believes nothing that has another shape, and leaves it', async () => {
    const store = new BisectStore(folder, silentLog);
    const held = await store.lock(ref);
    assert.ok(held !== 'busy');
    await held.put(given);
    const good = JSON.parse(await readFile(await file(), 'utf8')) as Record<string, unknown>;
    const hostile: readonly unknown[] = [
      {},
      [],
      null,
      { ...good, version: 2 },
      { ...good, line: [] },
      { ...good, answers: [{ point: 32, verdict: 'good', tries: [] }] },
      { ...good, answers: [{ point: -1, verdict: 'good', tries: [] }] },
      { ...good, answers: [{ point: 1, verdict: 'maybe', tries: [] }] },
      { ...good, probes: [{ point: 99, name: 'n', uuid: 'u' }] },
      { ...good, check: { kind: 'host', program: '', args: [] } },
      { ...good, check: { kind: 'host', program: 'x', args: 'rm -rf' } },
      { ...good, tries: 0 },
      { ...good, jobs: 1e9 },
      { ...good, vm: { connection: 'test:///default', uuid: ref.uuid } },
    ];
    for (const value of hostile) {
      await writeFile(await file(), JSON.stringify(value));
      assert.equal(await store.of(ref), undefined, JSON.stringify(value).slice(0, 200));
      assert.equal((await store.list()).unreadable.length, 1);
    }
    for (const text of ['', '{', `{"__proto__":{},"a":1}`, 'x'.repeat(5 * 1024 * 1024)]) {
      await writeFile(await file(), text);
      assert.equal(await store.of(ref), undefined);
    }
    assert.ok((await readdir(join(folder, 'bisects'))).length > 0);
  });
});

describe('bisect: room', () => {
  const gb = 1024 ** 3;
  const vm = { memoryBytes: 2 * gb };
  const room = { freeBytes: 9 * gb, processors: 6 };
  const host = { check: given.check, start: 'started' } as const;

  it('takes as many clones at once as fit, and never none', () => {
    assert.equal(atOnce(host, vm, room), 3);
    assert.equal(atOnce({ ...host, jobs: 9 }, vm, room), 4);
    assert.equal(atOnce({ ...host, jobs: 9, start: 'off' }, vm, room), 9);
    assert.equal(atOnce(host, vm, { ...room, processors: 64 }), 4);
    assert.equal(atOnce({ ...host, jobs: 3 }, vm, { ...room, freeBytes: gb }), 1);
    assert.equal(atOnce(host, vm, undefined), 1);
    assert.equal(atOnce({ ...host, jobs: 3 }, vm, undefined), 3);
    assert.equal(atOnce({ ...host, jobs: 3, check: { kind: 'person' } }, vm, room), 1);
  });

  it('knows the end of a line without an answer', () => {
    assert.equal(knowledgeOf(1, []).open.length, 1);
  });
});

describe('bisect: in words', () => {
  it('calls none good that was skipped', () => {
    const line = given.line.slice(0, 3);
    const answered = (...verdicts: readonly Verdict[]): Bisect => ({
      ...given,
      line,
      answers: verdicts.map((verdict, point) => ({ point, verdict, tries: [{ verdict }] })),
    });
    assert.match(resultLines(answered('skip', 'skip', 'skip'))[0] ?? '', /^No result/u);
    assert.match(resultLines(answered('good', 'skip', 'skip'))[0] ?? '', /S 0.*skipped: S 1, S 2/u);
    assert.match(resultLines(answered('good', 'good', 'good'))[0] ?? '', /^No snapshot is bad/u);
  });

  it('counts one as one', () => {
    const one = { ...given, line: given.line.slice(0, 1) };
    assert.match(resultLines(one).join(' '), /^1 snapshot /);
    assert.match(resultLines(given).join(' '), /^32 snapshots /);
    assert.doesNotMatch([...planLines(one, 1), ...planLines({ ...one, tries: 2 }, 1)].join(' '), /\b1 \w+s\b/);
  });
});
