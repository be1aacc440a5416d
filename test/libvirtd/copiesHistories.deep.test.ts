// Random operations with backups in between and meanwhile: each backup restores, on another daemon, byte by byte what
// the VM was, and no snapshot, delete, merge or revert breaks one.
//   TEST_OPERATIONS=300 TEST_SEED=7000 npm run test:deep -- copies
import assert from 'node:assert/strict';
import { actionText } from '../histories/action.js';
import { type CopiesCount, CopiesSide } from '../histories/copiesSide.js';
import { runEpisode } from '../histories/episode.js';
import { generated } from '../histories/generated.js';

const operations = Number(process.env['TEST_OPERATIONS'] ?? 60);
/** The seed of the first history; another one each day. */
const firstSeed = Number(process.env['TEST_SEED'] ?? 100 * Math.floor(Date.now() / 86_400_000));
const length = 20;

describe(`${operations} operations with backups in between, from seed ${firstSeed}`, () => {
  const count: CopiesCount = { made: 0, meanwhile: 0, restored: 0, ram: 0, refused: {} };
  const began = Date.now();
  let [done, refused] = [0, 0];

  for (let index = 0; index * length < operations; index++) {
    const seed = firstSeed + index;
    // Internal snapshots are backed up of a VM that is off.
    const style = seed % 4 === 3 ? 'internal' : 'external';
    it(`restores every backup as the model says: ${style}, seed ${seed}`, async () => {
      const lines: string[] = [];
      const { base, next } = generated(seed, style, Math.min(length, operations - index * length), 0);
      const episode = await runEpisode(base, next, {
        everythingEach: 8,
        say: (line) => lines.push(line),
        beside: (rig, vm) => CopiesSide.start(rig, vm, seed, count),
      });
      done += episode.done;
      refused += Object.values(episode.refused).reduce((sum, some) => sum + some, 0);
      const { found, script, log = [] } = episode;
      if (found !== undefined) process.stdout.write(`${[...found.what, ...lines].join('\n')}\n`);
      const said = [...lines, ...(found?.what ?? []), ...log].join('\n');
      assert.equal(found, undefined, `${said}\n${script.actions.map(actionText).join('\n')}`);
    });
  }

  it('makes backups rather than refusing them', () => {
    const seconds = Math.round((Date.now() - began) / 1000);
    const counts = `${done} operations done, ${refused} refused; backups: ${JSON.stringify(count)}; ${seconds} s\n`;
    process.stdout.write(counts);
    assert.ok(count.made >= operations / 10 && count.meanwhile > 0 && count.ram > 0, counts);
  });
});
