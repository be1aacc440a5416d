// What a prune of several VMs says of each: what goes, what that frees, what stays and why.
import assert from 'node:assert/strict';
import { refuse } from '../../../src/domain/refusal.js';
import { pruneCount, pruneDetail, type PlannedPrune } from '../../../src/text/questions/pruneText.js';
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

  it('names what goes, what the rule keeps, and why else one stays', () => {
    assert.match(
      pruneDetail(planned),
      /^Deletes: Title a\. Keeps by the rule: Title c, Title d\. “Title b” is not deleted: .*kept/u,
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
