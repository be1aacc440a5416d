// Programs that report tests: what they count, what they leave unsaid, and how many run at a time.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Job, TestJobs } from '../../../scripts/rig/testJobs.mjs';

describe('the programs of a test run', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'jobs-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const job = (name: string, code: string): Job => {
    const file = join(dir, `${name}.mjs`);
    writeFileSync(file, code);
    return { name, args: [file], files: [file], env: process.env, dir };
  };
  const counts = (passed: number): string =>
    `import { writeFileSync } from 'node:fs';
     writeFileSync(process.env.TEST_COUNTS, JSON.stringify({ passed: ${passed}, failed: 0, skipped: 0, failures: [] }));`;

  it('tells the counts of each, in their order', async () => {
    const results = await new TestJobs().run(
      [job('one', counts(1)), job('two', counts(2)), job('three', counts(3))],
      2,
    );
    assert.deepEqual(
      results.map(({ counts: { passed }, problem }) => [passed, problem]),
      [
        [1, undefined],
        [2, undefined],
        [3, undefined],
      ],
    );
  });

  it('calls one that ended without counts, or with a status and no failed test, a problem', async () => {
    const results = await new TestJobs().run([job('silent', ''), job('odd', `${counts(1)} process.exitCode = 3;`)], 2);
    assert.deepEqual(
      results.map(({ problem }) => problem),
      ['silent ended with status 0 before its tests did', 'odd ended with status 3'],
    );
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
    await new TestJobs().run(
      ['a', 'b', 'c', 'd', 'e'].map((name) => job(name, code(name))),
      2,
    );
    const most = readdirSync(dir)
      .filter((file) => file.includes('.seen'))
      .map((file) => Number(file.split('.seen')[1]));
    assert.equal(most.length, 5);
    assert.equal(Math.max(...most), 2);
  });
});
