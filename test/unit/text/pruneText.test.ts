// What a prune of several VMs says of each: what goes, what that frees, what stays and why.
import assert from 'node:assert/strict';
import { refuse } from '../../../src/domain/refusal.js';
import { pruneCount, pruneDetail, type PlannedPrune } from '../../../src/text/questions/pruneText.js';
import { deletedText } from '../../../src/text/operations/deletedText.js';
import { questionOfAll } from '../../../src/text/questions/questionText.js';
import { before } from '../domain/someFacts.js';
import { now, ref, snapshot, vmView } from '../ui/samples.js';

const snapshots = ['d', 'a', 'c', 'b'].map((name) =>
  snapshot(name, { title: `Title ${name}`, createdAt: now - 1_000 * (100 - name.charCodeAt(0)) }),
);
const tree = { snapshots, current: 'd' };
const planned: PlannedPrune = {
  tree,
  target: vmView({ tree }),
  plan: {
    kind: 'plan',
    request: { kind: 'prune', vm: ref, snapshots: ['a', 'b'] },
    before,
    steps: [],
    progress: 'timeOnly',
    losses: [{ kind: 'restorePoints', names: ['a'] }],
    warnings: [
      { kind: 'frees', bytes: 3 * 2 ** 20, how: 'exact' },
      { kind: 'skipped', snapshot: 'b', why: refuse('snapshotKept', { snapshot: 'Title b' }).refusal },
    ],
  },
};

describe('the row of a VM that is pruned with others', () => {
  it('says how many go and what that frees', () => {
    assert.equal(pruneCount(planned), '1 of 4 snapshots · Frees 3.0 MB.');
  });

  it('says afterwards what was done first, with the space that came back', () => {
    const done = (uuid: string, names: number, freedBytes?: number) => ({
      item: {
        kind: 'prune',
        vm: { ...ref, uuid },
        snapshots: Array.from({ length: names }, (_, at) => `s${at}`),
      } as const,
      value: { state: 'off', durationMs: 1, ...(freedBytes !== undefined && { freedBytes }) } as const,
    });
    const [web, db] = [done('web', 11, 2 ** 20), done('db', 8, 4.6 * 2 ** 20)];
    assert.equal(deletedText([web, db]), 'Deleted 19 snapshots of 2 VMs, freed 5.6 MB.');
    assert.equal(deletedText([web], 'web'), 'Deleted 11 snapshots of web, freed 1.0 MB.');
    assert.equal(deletedText([web, done('far', 1)]), 'Deleted 12 snapshots of 2 VMs.');
  });

  it('names what goes, what the rule keeps, and why else one stays', () => {
    assert.match(
      pruneDetail(planned),
      /^Deletes: Title a\. “Title b” is not deleted: .*kept.* Keeps by the rule: Title c, Title d\.$/u,
    );
  });

  it('is the table in the details of the one question, which names the VMs that are left out', () => {
    const leftOut = [{ vm: 'db', why: 'It cannot be read.' }];
    const { lines, details } = questionOfAll({ title: 'Delete?', confirm: 'Delete' }, [planned], now, leftOut, [
      'web: 1',
    ]);
    assert.match(lines[0] ?? '', /web-test · Left out \(see Details\): db/u);
    assert.ok(lines.length <= 3, lines.join('\n'));
    assert.match(details, /^web: 1\n/u);
    assert.match(details, /Left out:\n• db: It cannot be read\.$/u);
  });
});
