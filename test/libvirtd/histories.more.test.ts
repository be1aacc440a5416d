// A few random histories, which are the same in each run; `npm run histories` makes thousands of operations of them.
import assert from 'node:assert/strict';
import { type Action, actionText } from '../histories/action.js';
import { type Episode, runEpisode } from '../histories/episode.js';
import { generated, scripted } from '../histories/generated.js';
import { childVariable, runAsChild } from './faults/editor.js';

/**
 * How many operations of a history without other clients are to be carried out, at least, and not refused. Their moves
 * make later ones of ours refused, for true reasons: a frozen layer is in use, or has another style.
 */
const carriedOutShare = 0.8;

const task = process.env[childVariable];
if (task === undefined) {
  describe('random histories', randomHistories);
  describe('histories that went wrong once', wrongOnce);
} else {
  void runAsChild(task);
}

function randomHistories(this: Mocha.Suite): void {
  const aloneEpisodes: Episode[] = [];

  for (const [seed, style, others] of [
    [4_711, 'internal', 'some'],
    [4_712, 'external', 'some'],
    [4_713, 'internal', 'none'],
    [4_714, 'external', 'none'],
  ] as const) {
    const what = `${style}, ${others} of other clients, seed ${String(seed)}`;
    it(`leave every snapshot and the current state as the model says: ${what}`, async () => {
      const lines: string[] = [];
      const { base, next } = generated(seed, style, 12, others === 'none' ? 0 : undefined);
      const episode = await runEpisode(base, next, { everythingEach: 5, say: (line) => lines.push(line) });
      if (others === 'none') {
        aloneEpisodes.push(episode);
      }
      const { found, script, log = [] } = episode;
      const said = [...lines, ...(found?.what ?? []), ...log].join('\n');
      assert.equal(found, undefined, `${said}\n${script.actions.map(actionText).join('\n')}`);
    });
  }

  it('are carried out rather than refused', () => {
    const done = aloneEpisodes.reduce((sum, episode) => sum + episode.done, 0);
    const refused = aloneEpisodes.flatMap((episode) => Object.entries(episode.refused));
    const all = refused.reduce((sum, [, count]) => sum + count, done);
    assert.ok(done >= carriedOutShare * all, `${String(done)} of ${String(all)}; ${JSON.stringify(refused)}`);
  });
}

function wrongOnce(this: Mocha.Suite): void {
  const start: Action = { do: 'power', action: 'start' };
  const pause: Action = { do: 'virshPower', action: 'pause' };
  const take = (as: string, kind: 'disk' | 'memory'): Action => ({ do: 'create', as, title: as, kind });
  const remove = (snapshot: string): Action => ({ do: 'delete', snapshot, scope: 'one' });
  // Between the snapshots, so that a merge has something to do.
  const write: Action = { do: 'write', disk: 0, blocks: [[5, 1]] };
  const paused = [start, take('s1', 'disk'), write, pause, take('s2', 'memory')];
  const rows: Readonly<Record<string, readonly Action[]>> = {
    'a merge below a memory snapshot of a VM that stands still': [...paused, remove('s1')],
    'a merge of that snapshot itself': [...paused, remove('s2')],
    'a merge of one above it': [...paused, take('s3', 'disk'), remove('s3')],
    'a second memory snapshot of a VM that stands still': [...paused, take('s3', 'memory')],
    'a merge in a VM that came back paused': [
      start,
      take('s1', 'disk'),
      write,
      take('s2', 'memory'),
      { do: 'revert', to: 's2', after: 'paused' },
      take('s3', 'disk'),
      remove('s1'),
    ],
    // The branch that the revert left goes first, and with it what rested on the file that takes the merge.
    'a delete of all in which the VM stands, and a branch that a revert left': [
      start,
      { do: 'virshCreate', as: 's1', kind: 'disk' },
      take('s2', 'disk'),
      { do: 'revert', to: 's1', after: 'asSnapshot' },
      { do: 'delete', snapshot: 's1', scope: 'withDescendants' },
    ],
  };
  const inside: readonly Action[] = [
    start,
    { do: 'virshCreate', as: 's1', kind: 'disk', style: 'external' },
    { do: 'virshCreate', as: 's2', kind: 'memory' },
    { do: 'virshCommit', disk: 0 },
    write,
    { do: 'revert', to: 's2', after: 'running' },
  ];
  const external = { style: 'external', disks: ['qcow2'] } as const;
  const all = [
    ...Object.entries(rows).map(([what, actions]) => ({ what, actions, base: external })),
    {
      what: 'a snapshot inside an overlay that was merged away under it',
      actions: inside,
      base: { style: 'internal', disks: ['qcow2', 'qcow2'] } as const,
    },
  ];
  for (const { what, actions, base } of all) {
    it(`${what}: carried out or refused before anything is touched`, async () => {
      const lines: string[] = [];
      const { found, log = [] } = await runEpisode(base, scripted(actions), {
        everythingEach: 1,
        say: (line) => lines.push(line),
      });
      assert.equal(found, undefined, [...lines, ...(found?.what ?? []), ...log].join('\n'));
    });
  }
}
