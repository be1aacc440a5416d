// Programs that report tests: what they count, what they leave unsaid, and how many run at a time.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { causesOf, type Job, type Result, TestJobs } from '../../../scripts/rig/testJobs.mjs';

describe('the programs of a test run', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'jobs-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const job = (name: string, code: string): Job => {
    const file = join(dir, `${name}.mjs`);
    writeFileSync(file, code);
    return { name, args: [file], tells: 'counts', env: process.env, dir, places: 1 };
  };
  const counts = (passed: number): string =>
    `import { writeFileSync } from 'node:fs';
     writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: ${passed}, failed: 0, skipped: 0, failures: [] }));`;

  /** By name, in the order in which they end. */
  async function resultsOf(jobs: readonly Job[], places: number): Promise<readonly [string, Result | 'notBegun'][]> {
    const ended: [string, Result | 'notBegun'][] = [];
    await new TestJobs().run(jobs, { places, ended: (job, result) => ended.push([job.name, result]) });
    return ended;
  }
  const problemOf = (result: Result | 'notBegun'): string | undefined =>
    result === 'notBegun' ? result : result.problem;

  it('tells the counts of each', async () => {
    const results = await resultsOf([job('one', counts(1)), job('two', counts(2)), job('three', counts(3))], 2);
    assert.deepEqual(
      new Map(results.map(([name, result]) => [name, result === 'notBegun' ? result : result.counts.passed])),
      new Map([
        ['one', 1],
        ['two', 2],
        ['three', 3],
      ]),
    );
  });

  it('calls one that ended without counts, or with a status and no failed test, a problem', async () => {
    const results = await resultsOf(
      [
        job('silent', ''),
        job('told', `console.error('no word for 9 s'); console.log('Exit code: 2'); process.exitCode = 2;`),
        job('odd', `${counts(1)} process.exitCode = 3;`),
      ],
      1,
    );
    assert.deepEqual(
      results.map(([, result]) => problemOf(result)),
      [
        'silent ended with status 0 before its tests did',
        'told ended with status 2 before its tests did: no word for 9 s',
        'odd ended with status 3',
      ],
    );
  });

  it('counts one that is a test by itself by its status', async () => {
    const results = await resultsOf(
      [
        { ...job('green', ''), tells: 'status' },
        { ...job('red', 'process.exitCode = 1;'), tells: 'status' },
      ],
      1,
    );
    assert.deepEqual(
      results.map(([, result]) => problemOf(result)),
      [undefined, 'red ended with status 1'],
    );
  });

  it('lets one that there is place for overtake one that there is not, and a too large one run alone', async () => {
    const order: string[] = [];
    const sized = (name: string, places: number): Job => ({
      ...job(name, counts(1)),
      places,
      surround: () => {
        order.push(name);
        return Promise.resolve({ env: {}, end: () => Promise.resolve() });
      },
    });
    await resultsOf([sized('a', 2), sized('wide', 2), sized('b', 1), sized('huge', 9)], 3);
    assert.deepEqual(order, ['a', 'b', 'wide', 'huge']);
  });

  it('asks whether one may begin, when there is place for it', async () => {
    const results = await resultsOf(
      [{ ...job('late', counts(1)), mayBegin: () => false }, job('in time', counts(1))],
      1,
    );
    assert.deepEqual(
      results.map(([name, result]) => [name, problemOf(result)]),
      [
        ['late', 'notBegun'],
        ['in time', undefined],
      ],
    );
  });

  it('gives each its surroundings, and ends them; what cannot be given is a problem', async () => {
    const ends: string[] = [];
    const given = (name: string, surround: Job['surround']): Job => ({
      ...job(name, `${counts(1)} if (process.env.AROUND !== '${name}') process.exitCode = 1;`),
      ...(surround && { surround }),
    });
    const results = await resultsOf(
      [
        given('first', () =>
          Promise.resolve({
            env: { AROUND: 'first' },
            end: () => {
              ends.push('first');
              return Promise.resolve();
            },
          }),
        ),
        given('none', () => Promise.reject(new Error('nothing there'))),
      ],
      1,
    );
    assert.deepEqual(ends, ['first']);
    assert.equal(problemOf(results[0]?.[1] ?? 'notBegun'), undefined);
    assert.match(problemOf(results[1]?.[1] ?? 'notBegun') ?? '', /nothing there/);
  });

  it('runs no more at a time than it may', async () => {
    const code = (name: string): string =>
      `import { readdirSync, writeFileSync, rmSync } from 'node:fs';
       const [mark, seen] = ['${name}.on', '${name}.seen'].map((file) => ${JSON.stringify(`${dir}/`)} + file);
       writeFileSync(mark, '');
       writeFileSync(mark.replace('.on', '.began'), '');
       const began = () => readdirSync(${JSON.stringify(dir)}).filter((file) => file.endsWith('.began')).length;
       // Until a second one is there too: both are on.
       while (began() < 2) await new Promise((end) => setImmediate(end));
       writeFileSync(seen + readdirSync(${JSON.stringify(dir)}).filter((file) => file.endsWith('.on')).length, '');
       rmSync(mark);
       ${counts(1).replace("import { writeFileSync } from 'node:fs';", '')}`;
    await resultsOf(
      ['a', 'b', 'c', 'd', 'e'].map((name) => job(name, code(name))),
      2,
    );
    const most = readdirSync(dir)
      .filter((file) => file.includes('.seen'))
      .map((file) => Number(file.split('.seen')[1]));
    assert.equal(most.length, 5);
    assert.equal(Math.max(...most), 2);
  });

  it('tells a step that failed, and not each that was not taken after it', () => {
    const failed = (suite: string, text: string) => ({ suite, title: `${suite} ${text}`, text });
    const [cause, untaken] = [failed('mouse', 'Timeout'), failed('mouse', 'Pending test forbidden\n at …')];
    const skipped = failed('keyboard', 'Pending test forbidden');
    assert.deepEqual(causesOf([cause, untaken, untaken, skipped]), [cause, skipped]);
  });
});
