// What a long run of histories tells of itself.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram } from '../../../scripts/build.mjs';
import { runOk } from '../../../scripts/rig/run.mjs';
import { readProgress, sumOf, type EpisodeRecord } from '../../histories/progress.js';

const episode = { seed: 1, style: 'external', done: 2, refused: { busy: 1 }, ms: 10, leaks: 0 } as const;

describe('the progress of histories', () => {
  it('sums the snapshots that were taken seamlessly', () => {
    const { operations, seamless } = sumOf([
      { ...episode, seamless: 2 },
      { ...episode, seamless: 3 },
    ]);
    assert.deepEqual([operations, seamless], [6, 5]);
  });

  it('goes on from a file in which these were not counted yet', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'vr-progress-'));
    const file = join(dir, 'progress.json');
    try {
      await writeFile(file, JSON.stringify({ seed: 1, styles: ['external'], episodes: [episode] }));
      const read = await readProgress(file);
      const episodes: readonly EpisodeRecord[] = [...read!.episodes, { ...episode, seamless: 1 }];
      assert.equal(sumOf(episodes).seamless, 1);
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('is told by a program that starts, though it is no bundle of tests', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'vr-progress-'));
    try {
      const told = await runOk(process.execPath, [await buildProgram('test/histories/main.ts', dir), '--days', '0']);
      assert.match(told, /^0 operations, /u);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
