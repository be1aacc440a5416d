// A few random histories in every run of the tests; `npm run histories` makes thousands of operations of them.
import assert from 'node:assert/strict';
import { actionText } from '../histories/action.js';
import { type Episode, runEpisode } from '../histories/episode.js';
import { generated } from '../histories/generated.js';

/** How many of a history's operations are to be carried out, at least, and not refused. */
const carriedOutShare = 0.8;

describe('random histories', function () {
  this.timeout(300_000);
  const episodes: Episode[] = [];

  for (const [index, style] of (['internal', 'external', 'internal', 'external'] as const).entries()) {
    const seed = 4_711 + index;
    it(`leave every snapshot and the present as the model says: ${style}, seed ${String(seed)}`, async () => {
      const lines: string[] = [];
      const { base, next } = generated(seed, style, 12);
      const episode = await runEpisode(base, next, { everythingEach: 5, say: (line) => lines.push(line) });
      episodes.push(episode);
      const { found, script, log = [] } = episode;
      const said = [...lines, ...(found?.what ?? []), ...log].join('\n');
      assert.equal(found, undefined, `${said}\n${script.actions.map(actionText).join('\n')}`);
    });
  }

  it('are carried out rather than refused', () => {
    const done = episodes.reduce((sum, episode) => sum + episode.done, 0);
    const refused = episodes.flatMap((episode) => Object.entries(episode.refused));
    const all = refused.reduce((sum, [, count]) => sum + count, done);
    assert.ok(done >= carriedOutShare * all, `${String(done)} of ${String(all)}; ${JSON.stringify(refused)}`);
  });
});
